//! [`TitleKeys`]: the keys of photos that say theirs in the title alone, as other tools upload them.

use std::collections::{BTreeSet, HashMap};

use super::accepts::Kind;
use super::canonical::{canonical, skeleton};
use crate::model::Key;

/// Reads titles as keys, with the folders of photos whose keys are known for certain.
///
/// Flickr may have changed a title (trimmed it, collapsed its spaces, written its entities out). So
/// the folder in a title is looked for among those of the tagged photos first.
#[derive(Debug, Default)]
pub struct TitleKeys {
    folders: BTreeSet<String>,
    /// The folders by what Flickr leaves of every title; `None` where several leave the same.
    by_skeleton: HashMap<String, Option<String>>,
}

impl TitleKeys {
    /// Knows the folders of these keys.
    pub fn new<'a>(tagged: impl IntoIterator<Item = &'a Key>) -> TitleKeys {
        let folders: BTreeSet<String> = tagged
            .into_iter()
            .filter_map(|key| key.folder().map(str::to_owned))
            .collect();
        let mut by_skeleton: HashMap<String, Option<String>> = HashMap::new();
        for folder in &folders {
            by_skeleton
                .entry(skeleton(folder))
                .and_modify(|known| *known = None)
                .or_insert_with(|| Some(folder.clone()));
        }
        TitleKeys {
            folders,
            by_skeleton,
        }
    }

    /// The key that a title is; `None` for one that names no photo or video by its extension, that
    /// begins with `/`, or that is an address.
    pub fn key(&self, title: &str) -> Option<Key> {
        let key = Key::new(title).ok().filter(is_relative)?;
        if key
            .folder()
            .is_some_and(|folder| self.folders.contains(folder))
        {
            return Kind::from_key(&key).map(|_| key);
        }
        let key = Key::new(canonical(title)).ok().filter(is_relative)?;
        Kind::from_key(&key)?;
        let known = key.folder().map(skeleton);
        match known.and_then(|folder| self.by_skeleton.get(&folder)) {
            Some(Some(folder)) => Key::new(format!("{folder}/{}", key.file_name())).ok(),
            _ => Some(key),
        }
    }
}

/// Whether it is a path inside a store.
fn is_relative(key: &Key) -> bool {
    !key.as_str().starts_with('/') && !key.as_str().contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tagged: &[&str], title: &str) -> Option<String> {
        let tagged: Vec<Key> = tagged.iter().map(|key| Key::new(*key).unwrap()).collect();
        let key = TitleKeys::new(&tagged).key(title)?;
        Some(key.as_str().to_owned())
    }

    #[test]
    fn a_title_that_is_a_path_of_a_photo_is_a_key() {
        for title in [
            "2012/Paris/IMG_0001.JPG",
            "a/b.mp4",
            "top.png",
            "a b/c d.tiff",
        ] {
            assert_eq!(key(&[], title).as_deref(), Some(title));
        }
    }

    #[test]
    fn a_title_that_is_no_path_of_a_photo_is_none() {
        for title in [
            "",
            "Sunset",
            "2012/Paris",
            "2012/Paris/",
            "5/7 done.",
            "a/notes.txt",
            "a/.jpg",
            "/home/me/a.jpg",
            "https://example.org/a.jpg",
            "a/b.jpg and more",
        ] {
            assert_eq!(key(&[], title), None, "{title:?}");
        }
    }

    #[test]
    fn a_folder_that_flickr_changed_in_a_title_is_found_among_those_that_are_known() {
        let tagged = ["a  b/1.jpg", "Cafe\u{301}/1.jpg", " x/1.jpg", "AT&T/1.jpg"];
        for (title, expected) in [
            ("a b/2.jpg", "a  b/2.jpg"),
            ("Café/2.jpg", "Cafe\u{301}/2.jpg"),
            ("x/2.jpg", " x/2.jpg"),
            ("AT&amp;T/2.jpg", "AT&T/2.jpg"),
            ("new &amp; old/2.jpg", "new & old/2.jpg"),
        ] {
            assert_eq!(key(&tagged, title).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_folder_that_two_known_ones_may_be_is_taken_as_it_is_written() {
        let tagged = ["a  b/1.jpg", "a\tb/1.jpg"];
        assert_eq!(key(&tagged, "a b/2.jpg").as_deref(), Some("a b/2.jpg"));
        let tagged = ["a  b/1.jpg", "a b/1.jpg"];
        assert_eq!(key(&tagged, "a b/2.jpg").as_deref(), Some("a b/2.jpg"));
    }
}
