//! `/sets` and `/sets/ID`: all albums, which the API calls sets, and one of them.

use std::sync::Arc;

use axum::extract::{self, Path, RawQuery};
use axum::response::Response;
use maud::html;

use crate::sandbox::pages::layout::{Tab, nothing_here, page};
use crate::sandbox::pages::numbers::counted;
use crate::sandbox::pages::paging::{of_page, page_number, pager};
use crate::sandbox::pages::tiles::{thumbnail, tile};
use crate::sandbox::state::State;
use crate::sandbox::state::data::{Photo, Set};
use crate::sandbox::state::dates::mysql;

/// `/sets`: all albums in the owner's order.
pub async fn sets(
    extract::State(state): extract::State<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Response {
    let body = {
        let account = state.account();
        let sets: Vec<&Set> = account.sets().collect();
        let total = sets.len();
        let number = page_number(query, total);
        html! {
            h1 { "Albums" }
            p.lead data-live="lead" { @if total == 0 { "There is no album yet." } @else { (counted(total, "album")) " in the owner's order." } }
            div.grid data-live="albums" {
                @for set in of_page(sets, number) {
                    a.tile data-key=(set.id) href={ "/sets/" (set.id) } title=(set.title) {
                        span.frame { @if let Some(cover) = account.photo(set.primary) { (thumbnail(cover)) } }
                        span.name { (set.title) }
                        span.folder { (counted(set.photos.len(), "photo")) }
                    }
                }
            }
            (pager("/sets", number, total))
        }
    };
    page(&state, "Albums", Tab::Sets, &body)
}

/// `/sets/ID`: one album in its order.
pub async fn set(
    extract::State(state): extract::State<Arc<State>>,
    Path(id): Path<u64>,
    RawQuery(query): RawQuery,
) -> Response {
    let found = {
        let account = state.account();
        account.set(id).map(|set| {
            let photos: Vec<&Photo> = set.photos.iter().filter_map(|&photo| account.photo(photo)).collect();
            let total = photos.len();
            let number = page_number(query, total);
            let body = html! {
                h1 { (set.title) }
                p.lead data-live="lead" {
                    (counted(total, "photo")) ", made " (mysql(set.created)) " UTC, number " code { (id) }
                    @if !set.description.is_empty() { br; (set.description) }
                }
                div.grid data-live="photos" { @for photo in of_page(photos, number) { (tile(photo, Some(id))) } }
                (pager(&format!("/sets/{id}"), number, total))
            };
            (set.title.clone(), body)
        })
    };
    match found {
        Some((title, body)) => page(&state, &title, Tab::Sets, &body),
        None => nothing_here().await,
    }
}
