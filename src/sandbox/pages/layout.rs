//! What all pages share: the frame, tiles, paging, and numbers as people read them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::sandbox::api::format::typed;
use crate::sandbox::api::listing::SIZES;
use crate::sandbox::state::Core;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::media::Kind;

const STYLE: &str = include_str!("style.css");
/// So many photos or sets stand on a page.
pub const PER_PAGE: usize = 60;

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
pub fn page(core: &Core, title: &str, tab: Tab, body: &Markup) -> Response {
    let (photos, sets) = {
        let account = core.account();
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

/// A tile of the photostream.
pub fn tile(photo: &Photo) -> Markup {
    let (folder, name) = split(&photo.title);
    html! {
        a.tile href={ "/photos/" (photo.id) } title=(photo.title) {
            span.frame { (thumbnail(photo)) @if photo.kind == Kind::Video { span.badge { "video" } } }
            span.name { (name) }
            span.folder { @if folder.is_empty() { "in no folder" } @else { (folder) } }
        }
    }
}

/// A small picture; a placeholder for what a browser cannot show.
pub fn thumbnail(photo: &Photo) -> Markup {
    html! {
        @if photo.kind == Kind::Video { span.film {} }
        @else { img loading="lazy" decoding="async" alt="" src=(picture(photo)); }
    }
}

/// The address of the picture on this server, without scheme and host.
pub fn picture(photo: &Photo) -> String {
    SIZES
        .iter()
        .find(|size| size.extra == "m")
        .map(|size| size.url("", photo))
        .unwrap_or_default()
}

/// The folder and the name of a key.
pub fn split(title: &str) -> (&str, &str) {
    let (folder, name) = title.rsplit_once('/').unwrap_or(("", title));
    (folder, if name.is_empty() { "untitled" } else { name })
}

/// Where a list stands and how to go on; nothing when all is on one page.
pub fn pager(path: &str, page: usize, total: usize) -> Markup {
    let pages = total.div_ceil(PER_PAGE);
    let (first, last) = ((page - 1) * PER_PAGE + 1, (page * PER_PAGE).min(total));
    html! {
        @if pages > 1 {
            div.pager {
                @if page > 1 { a.button rel="prev" href={ (path) "?page=" (page - 1) } { "Previous" } } @else { span {} }
                span { (thousands(first)) "–" (thousands(last)) " of " (thousands(total)) }
                @if page < pages { a.button rel="next" href={ (path) "?page=" (page + 1) } { "Next" } } @else { span {} }
            }
        }
    }
}

/// `1,234,567`
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.4 MiB`
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["bytes", "KiB", "MiB", "GiB"].iter();
    let mut unit = units.next().unwrap_or(&"");
    while value >= 1024.0 {
        let Some(larger) = units.next() else { break };
        (value, unit) = (value / 1024.0, larger);
    }
    if *unit == "bytes" {
        format!("{bytes} bytes")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// `1 photo`, `2 photos`
pub fn counted(number: usize, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        thousands(number),
        if number == 1 { "" } else { "s" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            (thousands(0), thousands(999), thousands(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!(
            (size(12), size(1536), size(3 << 30)),
            ("12 bytes".into(), "1.5 KiB".into(), "3.0 GiB".into())
        );
        assert_eq!(split("a/b/c.jpg"), ("a/b", "c.jpg"));
        assert_eq!(split("c.jpg"), ("", "c.jpg"));
    }
}
