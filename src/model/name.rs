//! The one mapping between a key and its names on Flickr: a photo's title, a set's title.
//! What a photo's machine tags say is in [`super::tags`].

use serde::{Deserialize, Serialize};

use super::Key;
pub use super::tags::{NAMESPACE, Origin};

/// How a folder becomes a set's title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SetName {
    /// The whole folder: `2012/Paris`.
    #[default]
    Path,
    /// Its last part alone: `Paris`. Folders of one name then share a set.
    Leaf,
}

/// The photo's title: the key, as it is.
pub fn title(key: &Key) -> String {
    key.as_str().to_owned()
}

/// The title of the set that a key belongs to; `None` for a file in no folder.
pub fn set_title(key: &Key, naming: SetName) -> Option<String> {
    let folder = key.folder()?;
    match naming {
        SetName::Path => Some(folder.to_owned()),
        SetName::Leaf => folder
            .rsplit('/')
            .find(|part| !part.is_empty())
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_after_the_folder_or_its_last_part() {
        let title = |path: &str, naming| set_title(&Key::new(path).unwrap(), naming);
        assert_eq!(
            title("2012/Paris/a.jpg", SetName::Path).unwrap(),
            "2012/Paris"
        );
        assert_eq!(title("2012/Paris/a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("2012/Paris//a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("a.jpg", SetName::Path), None);
    }
}
