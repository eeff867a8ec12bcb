//! The frame that all pages share.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use crate::sandbox::pages::numbers::thousands;
use crate::sandbox::response::typed;
use crate::sandbox::state::State;

/// Which part of the gallery is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// The photostream and single photos.
    Photos,
    /// The albums, which the API calls sets.
    Sets,
    /// The log of calls.
    Calls,
}

/// A whole page, with the navigation above it.
pub fn page(state: &State, title: &str, tab: Tab, body: &Markup) -> Response {
    let (photos, sets) = {
        let account = state.account();
        (account.photos().len(), account.sets().count())
    };
    let link = |here: Tab, path: &str, name: &str, count: Option<usize>| {
        let current = (here == tab).then_some("page");
        html! {
            a href=(path) aria-current=[current] {
                (name)
                @if let Some(count) = count { " " small data-live={ "count of " (name) } { (thousands(count)) } }
            }
        }
    };
    let head = html! {
        nav aria-label="Gallery" {
            (link(Tab::Photos, "/", "Photos", Some(photos)))
            (link(Tab::Sets, "/sets", "Albums", Some(sets)))
            (link(Tab::Calls, "/calls", "Calls", None))
        }
    };
    let frame = Frame {
        title,
        head: &head,
        script: true,
        form_to: None,
    };
    frame.around(StatusCode::OK, body)
}

/// A page without navigation; `form_to` is where its form may lead, beside this server.
pub fn bare(status: StatusCode, title: &str, form_to: Option<&str>, body: &Markup) -> Response {
    let frame = Frame {
        title,
        head: &html! {},
        script: false,
        form_to,
    };
    frame.around(status, body)
}

/// What is around the body of a page.
struct Frame<'a> {
    title: &'a str,
    head: &'a Markup,
    script: bool,
    form_to: Option<&'a str>,
}

impl Frame<'_> {
    fn around(&self, status: StatusCode, body: &Markup) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href="/gallery.css";
                    title { (self.title) " · Flickr sandbox" }
                    @if self.script { script defer src="/gallery.js" {} }
                }
                body {
                    header { div {
                        a.brand href="/" aria-label="Flickr sandbox: photos" { i {} i {} span { "Flickr sandbox" } }
                        (self.head)
                    } }
                    main { (body) }
                    footer {
                        "A stand-in for Flickr on this machine. Nothing here is on the internet."
                        p #status role="status" {}
                    }
                }
            }
        };
        let mut response = typed("text/html; charset=utf-8", page.into_string());
        *response.status_mut() = status;
        if let Ok(policy) = HeaderValue::try_from(self.policy()) {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// Titles come from anywhere. Escaping keeps them text; this makes a mistake there harmless.
    fn policy(&self) -> String {
        format!(
            "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; \
             script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'self' {}",
            self.form_to.unwrap_or_default()
        )
    }
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
    bare(status, title, None, &body)
}
