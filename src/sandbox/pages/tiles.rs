//! A photo in a grid of photos.

use maud::{Markup, html};

use crate::sandbox::state::data::Photo;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::sizes::called;

/// A tile; its address leads to the photo within `album`, or within the photostream.
pub fn tile(photo: &Photo, album: Option<u64>) -> Markup {
    let (folder, name) = split(&photo.title);
    html! {
        a.tile data-key=(photo.id) href=(address(photo.id, album)) title=(photo.title) {
            span.frame { (thumbnail(photo)) @if photo.kind == Kind::Video { span.badge { "video" } } }
            span.name { (name) }
            span.folder { @if folder.is_empty() { "in no folder" } @else { (folder) } }
        }
    }
}

/// The page of a photo, within an album or the photostream.
pub fn address(photo: u64, album: Option<u64>) -> String {
    match album {
        Some(album) => format!("/photos/{photo}?album={album}"),
        None => format!("/photos/{photo}"),
    }
}

/// A small picture; a placeholder for a video.
pub fn thumbnail(photo: &Photo) -> Markup {
    let [small, large] = ["n", "z"].map(|size| picture(photo, size));
    html! {
        @if photo.kind == Kind::Video { span.film {} }
        @else { img loading="lazy" decoding="async" alt="" src=(small) srcset={ (large) " 2x" }; }
    }
}

/// The address of the picture in this size on this server, without scheme and host.
pub fn picture(photo: &Photo, size: &str) -> String {
    called(size)
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
