//! `/`: the photostream.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::{self, RawQuery};
use axum::response::Response;
use maud::{Markup, html};

use crate::sandbox::pages::layout::{Tab, page};
use crate::sandbox::pages::numbers::{counted, size};
use crate::sandbox::pages::paging::{of_page, page_number, pager};
use crate::sandbox::pages::tiles::tile;
use crate::sandbox::state::State;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::Photo;

/// `/`: the photostream, newest first.
pub async fn stream(
    extract::State(state): extract::State<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Response {
    let body = {
        let account = state.account();
        let photos = newest_first(&account);
        let total = photos.len();
        let bytes: u64 = photos.iter().map(|photo| photo.bytes).sum();
        let number = page_number(query, total);
        html! {
            h1 { "Photostream" }
            @if total == 0 {
                p.lead { "Nothing has been uploaded yet." }
                (how_to(&state))
            } @else {
                p.lead data-live="lead" { (counted(total, "photo")) ", " (size(bytes)) ". Newest first." }
                div.grid data-live="photos" { @for photo in of_page(photos, number) { (tile(photo, None)) } }
                (pager("/", number, total))
            }
        }
    };
    page(&state, "Photos", Tab::Photos, &body)
}

/// All photos in the order of the photostream.
pub fn newest_first(account: &Account) -> Vec<&Photo> {
    let mut photos: Vec<&Photo> = account.photos().rev().collect();
    photos.sort_by_key(|photo| Reverse((photo.posted, photo.id)));
    photos
}

fn how_to(state: &State) -> Markup {
    let keys = &state.credentials;
    html! {
        div.card {
            "Point a client here:"
            pre tabindex="0" role="region" aria-label="Variables to export" { code {
                "export FLICKR_ENDPOINT_URL=" (state.base_url) "\n"
                "export FLICKR_API_KEY=" (keys.api_key) "\n"
                "export FLICKR_API_SECRET=" (keys.api_secret) "\n"
                "export FLICKR_OAUTH_TOKEN=" (keys.token) "\n"
                "export FLICKR_OAUTH_TOKEN_SECRET=" (keys.token_secret)
            } }
            span.soft { "These are the same in every sandbox, and protect nothing." }
        }
    }
}
