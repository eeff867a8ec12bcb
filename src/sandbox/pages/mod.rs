//! The gallery: what arrived, for a person to look at.

mod layout;

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use self::layout::{
    PER_PAGE, Tab, bare, counted, page, pager, picture, size, split, thousands, thumbnail, tile,
};
use crate::sandbox::api::listing::{mysql, original_url};
use crate::sandbox::api::photos_edit as edit;
use crate::sandbox::control::visibility_word;
use crate::sandbox::params::Params;
use crate::sandbox::state::Core;
use crate::sandbox::state::call_log::Call;
use crate::sandbox::state::data::{Photo, Set};
use crate::sandbox::state::media::Kind;

/// So many of the latest calls are shown.
const SHOWN_CALLS: usize = 300;

/// The page that a query asks for, within what there is.
fn page_number(query: Option<String>, total: usize) -> usize {
    let params = Params::parse(&query.unwrap_or_default());
    let asked = params
        .get("page")
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    asked.clamp(1, total.div_ceil(PER_PAGE).max(1))
}

fn of_page<T>(items: Vec<T>, number: usize) -> impl Iterator<Item = T> {
    items
        .into_iter()
        .skip((number - 1) * PER_PAGE)
        .take(PER_PAGE)
}

/// `/`: the photostream, newest first.
pub async fn stream(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let body = {
        let account = core.account();
        let mut photos: Vec<&Photo> = account.photos().rev().collect();
        photos.sort_by_key(|photo| Reverse((photo.posted, photo.id)));
        let total = photos.len();
        let bytes: u64 = photos.iter().map(|photo| photo.bytes).sum();
        let number = page_number(query, total);
        html! {
            h1 { "Photostream" }
            @if total == 0 {
                p.lead { "Nothing has been uploaded yet." }
                (how_to(&core))
            } @else {
                p.lead { (counted(total, "photo")) ", " (size(bytes)) ". Newest first." }
                div.grid { @for photo in of_page(photos, number) { (tile(photo)) } }
                (pager("/", number, total))
            }
        }
    };
    page(&core, "Photos", Tab::Photos, &body)
}

fn how_to(core: &Core) -> Markup {
    let keys = &core.credentials;
    html! {
        div.card {
            "Point a client here:"
            pre { code {
                "export FLICKR_ENDPOINT_URL=" (core.base_url) "\n"
                "export FLICKR_API_KEY=" (keys.api_key) "\n"
                "export FLICKR_API_SECRET=" (keys.api_secret) "\n"
                "export FLICKR_OAUTH_TOKEN=" (keys.token) "\n"
                "export FLICKR_OAUTH_TOKEN_SECRET=" (keys.token_secret)
            } }
            span.soft { "These are the same in every sandbox, and protect nothing." }
        }
    }
}

/// `/sets`: all sets in the owner's order.
pub async fn sets(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let body = {
        let account = core.account();
        let sets: Vec<&Set> = account.sets().collect();
        let total = sets.len();
        let number = page_number(query, total);
        html! {
            h1 { "Sets" }
            p.lead { @if total == 0 { "There is no set yet." } @else { (counted(total, "set")) " in the owner's order." } }
            div.grid {
                @for set in of_page(sets, number) {
                    a.tile href={ "/sets/" (set.id) } title=(set.title) {
                        span.frame { @if let Some(cover) = account.photo(set.primary) { (thumbnail(cover)) } }
                        span.name { (set.title) }
                        span.folder { (counted(set.photos.len(), "photo")) }
                    }
                }
            }
            (pager("/sets", number, total))
        }
    };
    page(&core, "Sets", Tab::Sets, &body)
}

/// `/sets/ID`: one set in its order.
pub async fn set(
    State(core): State<Arc<Core>>,
    Path(id): Path<u64>,
    RawQuery(query): RawQuery,
) -> Response {
    let found = {
        let account = core.account();
        account.set(id).map(|set| {
            let photos: Vec<&Photo> = set.photos.iter().filter_map(|&photo| account.photo(photo)).collect();
            let total = photos.len();
            let number = page_number(query, total);
            let body = html! {
                h1 { (set.title) }
                p.lead {
                    (counted(total, "photo")) ", made " (mysql(set.created)) " UTC, number " code { (id) }
                    @if !set.description.is_empty() { br; (set.description) }
                }
                div.grid { @for photo in of_page(photos, number) { (tile(photo)) } }
                (pager(&format!("/sets/{id}"), number, total))
            };
            (set.title.clone(), body)
        })
    };
    match found {
        Some((title, body)) => page(&core, &title, Tab::Sets, &body),
        None => nothing_here().await,
    }
}

/// `/photos/ID`: one photo and all that is known of it.
pub async fn photo(State(core): State<Arc<Core>>, Path(id): Path<u64>) -> Response {
    let found = {
        let account = core.account();
        account.photo(id).map(|photo| {
            let sets: Vec<&Set> = account
                .sets_of(id)
                .filter_map(|set| account.set(set))
                .collect();
            (photo.title.clone(), photo_body(photo, &sets))
        })
    };
    match found {
        Some((title, body)) => page(&core, &title, Tab::Photos, &body),
        None => nothing_here().await,
    }
}

fn photo_body(photo: &Photo, sets: &[&Set]) -> Markup {
    let (folder, name) = split(&photo.title);
    let video = format!(
        "/static/video/{}/{}/orig.mp4",
        photo.id, photo.original_secret
    );
    let is_video = photo.kind == Kind::Video;
    let original = if is_video {
        video.clone()
    } else {
        original_url("", photo)
    };
    html! {
        div.photo {
            div.stage {
                @if is_video { video controls preload="metadata" src=(video) {} }
                @else { a href=(original) { img alt=(photo.title) src=(picture(photo)); } }
            }
            div {
                h1 { (name) }
                p.lead { @if folder.is_empty() { "in no folder" } @else { (folder) } }
                dl {
                    dt { "Title" } dd { (photo.title) }
                    @if !photo.description.is_empty() { dt { "Description" } dd { (edit::as_written(&photo.description)) } }
                    dt { "Seen by" } dd { (visibility_word(photo.visibility)) }
                    dt { "In sets" } dd {
                        @for set in sets { a href={ "/sets/" (set.id) } { (set.title) } br; }
                        @if sets.is_empty() { span.soft { "none" } }
                    }
                    dt { "Size" } dd {
                        (size(photo.bytes))
                        @if photo.width > 0 { ", " (photo.width) " × " (photo.height) }
                        br; span.soft { (thousands(usize::try_from(photo.bytes).unwrap_or(usize::MAX))) " bytes" }
                    }
                    dt { "Uploaded" } dd { (mysql(photo.posted)) " UTC" }
                    dt { "SHA-1" } dd.mono { (photo.sha1) }
                    dt { "Number" } dd.mono { (photo.id) }
                    dt { "Original" } dd { a href=(original) download { "download" } }
                    dt { "Tags" } dd {
                        ul.tags.mono { @for tag in &photo.tags { li title=(tag.text) { (tag.raw) } } }
                        @if photo.tags.is_empty() { span.soft { "none" } }
                    }
                }
            }
        }
    }
}

/// `/calls`: totals by method, and the latest calls.
pub async fn calls(State(core): State<Arc<Core>>) -> Response {
    let (totals, mut latest) = (core.log.totals(), core.log.latest(SHOWN_CALLS));
    latest.reverse();
    let all: u64 = totals.values().map(|totals| totals.calls).sum();
    let count = |number: u64| thousands(usize::try_from(number).unwrap_or(usize::MAX));
    let body = html! {
        h1 { "Calls" }
        p.lead { (count(all)) " since this sandbox was started." }
        @if all > 0 {
            div.scroll { table {
                thead { tr { th { "Method" } th.n { "Calls" } th.n { "Good" } th { "Others" } } }
                tbody { @for (method, totals) in &totals { tr {
                    td.mono { (method) }
                    td.n { (count(totals.calls)) }
                    td.n { (count(totals.ok)) }
                    td.long { @for (kind, times) in &totals.other { span.bad { (kind) } " × " (count(*times)) br; } }
                } } }
            } }
            h2 { "The latest" }
            div.scroll { table {
                thead { tr { th { "Time (UTC)" } th { "Method" } th { "About" } th { "Outcome" } } }
                tbody { @for call in &latest { (call_row(call)) } }
            } }
        }
    };
    page(&core, "Calls", Tab::Calls, &body)
}

fn call_row(call: &Call) -> Markup {
    // The log's times are of this century, so that cutting the fraction off is exact.
    let at = mysql(call.time as i64);
    let clock = at.split_once(' ').map_or(at.as_str(), |(_, clock)| clock);
    html! {
        tr {
            td.mono.soft title=(at) { (clock) }
            td.mono { (call.method) }
            td.long { (call.subject) }
            td.long {
                span class=(if call.outcome == "ok" { "good" } else { "bad" }) { (call.outcome) }
                @if let Some(fault) = &call.fault { br; span.soft { "fault: " (fault) } }
            }
        }
    }
}

/// The address of a set as the API gives it.
pub async fn set_alias(Path((_, id)): Path<(String, u64)>) -> Redirect {
    Redirect::to(&format!("/sets/{id}"))
}

/// The address of a photo as the API gives it.
pub async fn photo_alias(Path((_, id)): Path<(String, u64)>) -> Redirect {
    Redirect::to(&format!("/photos/{id}"))
}

/// Any other address.
pub async fn nothing_here() -> Response {
    message(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "The address is wrong, or what it showed was deleted.",
    )
}

/// A short message on a page of its own.
pub fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let body = html! { div.card.narrow { h1 { (title) } p.lead { (text) } a.button href="/" { "To the photos" } } };
    bare(status, title, &html! {}, &body)
}

/// The question of a login.
pub fn consent(token: &str, perms: &str) -> Response {
    let may = match perms {
        "read" => "see your private photos",
        "write" => "see your private photos, upload, and change photos and sets",
        _ => "see, upload, change and delete your photos and sets",
    };
    let body = html! {
        div.card.narrow {
            h1 { "Let this application in?" }
            p.lead { "It wants to " (may) "." }
            form method="post" action="/services/oauth/authorize" {
                input type="hidden" name="oauth_token" value=(token);
                input type="hidden" name="perms" value=(perms);
                button.main type="submit" { "OK, let it in" }
            }
        }
    };
    bare(StatusCode::OK, "Log in", &html! {}, &body).into_response()
}

/// The code to copy into the application.
pub fn code(code: &str) -> Response {
    let body = html! {
        div.card.narrow {
            h1 { "You are done here" }
            p.lead { "Type this code into the application:" }
            p.big id="code" { (code) }
        }
    };
    bare(StatusCode::OK, "Your code", &html! {}, &body)
}
