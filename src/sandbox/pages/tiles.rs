//! A photo in a grid of photos.

use maud::{Markup, html};

use crate::sandbox::state::data::Photo;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::sizes::SIZES;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_into_folder_and_name() {
        assert_eq!(split("a/b/c.jpg"), ("a/b", "c.jpg"));
        assert_eq!(split("c.jpg"), ("", "c.jpg"));
    }
}
