//! `/photos/ID`: one photo.

use std::sync::Arc;

use axum::extract::{self, Path};
use axum::response::Response;
use maud::{Markup, html};

use crate::sandbox::pages::layout::{Tab, nothing_here, page};
use crate::sandbox::pages::numbers::{size, thousands};
use crate::sandbox::pages::tiles::{picture, split};
use crate::sandbox::state::State;
use crate::sandbox::state::data::{Photo, Set};
use crate::sandbox::state::dates::mysql;
use crate::sandbox::state::descriptions::as_written;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::sizes::original_url;

/// `/photos/ID`: one photo and all that is known of it.
pub async fn photo(
    extract::State(state): extract::State<Arc<State>>,
    Path(id): Path<u64>,
) -> Response {
    let found = {
        let account = state.account();
        account.photo(id).map(|photo| {
            let sets: Vec<&Set> = account
                .sets_of(id)
                .filter_map(|set| account.set(set))
                .collect();
            (photo.title.clone(), photo_body(photo, &sets))
        })
    };
    match found {
        Some((title, body)) => page(&state, &title, Tab::Photos, &body),
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
                    @if !photo.description.is_empty() { dt { "Description" } dd { (as_written(&photo.description)) } }
                    dt { "Seen by" } dd { (photo.privacy.word()) }
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
