//! The one mapping between a key and its names on Flickr: a photo's title, a set's title.
//! What a photo's machine tags say is in [`super::tags`].

use serde::{Deserialize, Serialize};

use super::set_title::asked;
pub use super::tags::{NAMESPACE, Origin};
use crate::model::Key;

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

/// The name of the set that a key belongs to: its folder, or the folder's last part. `None` for a file in
/// no folder. What the set is called on Flickr is [`super::set_title::asked`] of it.
pub fn set_name(key: &Key, naming: SetName) -> Option<&str> {
    let folder = key.folder()?;
    match naming {
        SetName::Path => Some(folder),
        SetName::Leaf => folder.rsplit('/').find(|part| !part.is_empty()),
    }
}

/// The title that the set of a key is asked to have; `None` for a file in no folder.
pub fn set_title(key: &Key, naming: SetName) -> Option<String> {
    set_name(key, naming).map(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_after_the_folder_or_its_last_part() {
        let title =
            |path: &str, naming| set_name(&Key::new(path).unwrap(), naming).map(str::to_owned);
        assert_eq!(
            title("2012/Paris/a.jpg", SetName::Path).unwrap(),
            "2012/Paris"
        );
        assert_eq!(title("2012/Paris/a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("2012/Paris//a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("a.jpg", SetName::Path), None);
    }
}
