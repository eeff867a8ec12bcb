//! The frame that all pages share.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::sandbox::pages::numbers::thousands;
use crate::sandbox::response::typed;
use crate::sandbox::state::State;

const STYLE: &str = include_str!("style.css");
/// Which part of the gallery is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The photostream and single photos.
    Photos,
    /// Sets.
    Sets,
    /// The log.
    Calls,
}

/// A whole page, with the navigation above it.
pub fn page(state: &State, title: &str, tab: Tab, body: &Markup) -> Response {
    let (photos, sets) = {
        let account = state.account();
        (account.photos().len(), account.sets().count())
    };
    let current = |here: Tab| (here == tab).then_some("page");
    let nav = html! {
        nav {
            a href="/" aria-current=[current(Tab::Photos)] { "Photos " small { (thousands(photos)) } }
            a href="/sets" aria-current=[current(Tab::Sets)] { "Sets " small { (thousands(sets)) } }
            a href="/calls" aria-current=[current(Tab::Calls)] { "Calls" }
        }
    };
    bare(StatusCode::OK, title, &nav, body)
}

/// A page without navigation needs no account.
pub fn bare(status: StatusCode, title: &str, nav: &Markup, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { (title) " · Flickr sandbox" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { div { a.brand href="/" { i {} i {} span { "Flickr sandbox" } } (nav) } }
                main { (body) }
                footer { "A stand-in for Flickr on this machine. Nothing here is on the internet." }
            }
        }
    };
    let mut response = typed("text/html; charset=utf-8", page.into_string());
    *response.status_mut() = status;
    // Titles come from anywhere; escaping keeps them text, and this keeps a slip harmless.
    let policy =
        "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'";
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
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
