//! `/photos/ID`: one photo.

use std::sync::Arc;

use axum::extract::{self, Path, RawQuery};
use axum::response::Response;
use maud::{Markup, html};

use crate::sandbox::pages::layout::{Tab, nothing_here, page};
use crate::sandbox::pages::neighbours::Neighbours;
use crate::sandbox::pages::numbers::{size, thousands};
use crate::sandbox::pages::tiles::{picture, split};
use crate::sandbox::state::State;
use crate::sandbox::state::data::{Photo, Set};
use crate::sandbox::state::dates::mysql;
use crate::sandbox::state::descriptions::as_written;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::sizes::original_url;

/// `/photos/ID`: one photo and all that is known of it; with `?album=ID`, within that album.
pub async fn photo(
    extract::State(state): extract::State<Arc<State>>,
    Path(id): Path<u64>,
    RawQuery(query): RawQuery,
) -> Response {
    let found = {
        let account = state.account();
        account.photo(id).map(|photo| {
            let sets: Vec<&Set> = account
                .sets_of(id)
                .filter_map(|set| account.set(set))
                .collect();
            let neighbours = Neighbours::find(&account, id, query);
            (photo.title.clone(), body(photo, &sets, &neighbours))
        })
    };
    match found {
        Some((title, body)) => page(&state, &title, Tab::Photos, &body),
        None => nothing_here().await,
    }
}

fn body(photo: &Photo, sets: &[&Set], neighbours: &Neighbours) -> Markup {
    let (folder, name) = split(&photo.title);
    let original = original(photo);
    html! {
        div.photo {
            div {
                div.stage { (stage(photo, name, &original)) }
                (neighbours.links())
            }
            div {
                h1 { (name) }
                p.lead { @if folder.is_empty() { "in no folder" } @else { (folder) } }
                dl data-live="facts" { (facts(photo, sets, &original)) }
            }
        }
    }
}

/// The address of the bytes that Flickr keeps.
fn original(photo: &Photo) -> String {
    if photo.kind == Kind::Video {
        let (id, secret) = (photo.id, &photo.original_secret);
        format!("/static/video/{id}/{secret}/orig.mp4")
    } else {
        original_url("", photo)
    }
}

fn stage(photo: &Photo, name: &str, original: &str) -> Markup {
    // A GIF may move, and only the original does.
    let shown = match photo.kind {
        Kind::Gif => original.to_owned(),
        _ => picture(photo, "h"),
    };
    html! {
        @if photo.kind == Kind::Video { video controls preload="metadata" src=(original) aria-label=(name) {} }
        @else { a href=(original) { img alt=(name) src=(shown); } }
    }
}

fn facts(photo: &Photo, sets: &[&Set], original: &str) -> Markup {
    html! {
        dt { "Title" } dd { (photo.title) }
        @if !photo.description.is_empty() { dt { "Description" } dd { (as_written(&photo.description)) } }
        dt { "Seen by" } dd { (photo.privacy.word()) }
        dt { "In albums" } dd {
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
        dt { "Original" } dd {
            a href=(original) download { "download" }
            @if photo.kind == Kind::Tiff { br; span.soft { "Flickr keeps a JPEG of a TIFF" } }
        }
        dt { "Tags" } dd {
            ul.tags.mono { @for tag in &photo.tags { li title=(tag.text) { (tag.raw) } } }
            @if photo.tags.is_empty() { span.soft { "none" } }
        }
    }
}
