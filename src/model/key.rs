//! [`Key`]: a path inside a store.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The path of one photo inside its store, as the store spells it.
///
/// Invariants:
/// * not empty, and does not end in `/` (that would be a folder's placeholder);
/// * valid UTF-8 without NUL;
/// * otherwise left as it is: nothing is normalised, so `a//b`, NFC and NFD stay apart,
///   and the title on Flickr gives the key back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

/// A text that cannot be a [`Key`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// There is no text at all.
    #[error("a key cannot be empty")]
    Empty,
    /// It ends in `/`: what S3's console makes for a folder.
    #[error("\"{0}\" is a folder, not a file")]
    Folder(String),
    /// It holds a NUL character, which no title and no file name can.
    #[error("{0:?} holds a NUL character")]
    Nul(String),
}

impl Key {
    /// Takes a store's own spelling of a path.
    pub fn new(path: impl Into<String>) -> Result<Key, InvalidKey> {
        let path = path.into();
        if path.is_empty() {
            Err(InvalidKey::Empty)
        } else if path.ends_with('/') {
            Err(InvalidKey::Folder(path))
        } else if path.contains('\0') {
            Err(InvalidKey::Nul(path))
        } else {
            Ok(Key(path))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All before the last `/`, or `None` for a file in no folder.
    pub fn folder(&self) -> Option<&str> {
        let (folder, _) = self.0.rsplit_once('/')?;
        (!folder.is_empty()).then_some(folder)
    }

    /// All after the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// What follows the last dot of the file name, in lower case; `None` where there is no dot,
    /// or only a leading one (`.DS_Store` has no extension).
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.file_name().rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Key {
    type Error = InvalidKey;

    fn try_from(path: String) -> Result<Key, InvalidKey> {
        Key::new(path)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> Key {
        Key::new(path).unwrap()
    }

    #[test]
    fn folder_and_name_are_what_stands_before_and_after_the_last_slash() {
        assert_eq!(key("2012/Paris/IMG.JPG").folder(), Some("2012/Paris"));
        assert_eq!(key("2012/Paris/IMG.JPG").file_name(), "IMG.JPG");
        assert_eq!(key("root.jpg").folder(), None);
        assert_eq!(key("/root.jpg").folder(), None);
        assert_eq!(key("a//b.jpg").folder(), Some("a/"));
    }

    #[test]
    fn an_extension_is_lower_case_and_needs_a_name_before_it() {
        assert_eq!(key("a/B.JPeG").extension().as_deref(), Some("jpeg"));
        assert_eq!(key("a/.DS_Store").extension(), None);
        assert_eq!(key("a.b/c").extension(), None);
        assert_eq!(key("a/c.").extension(), None);
    }

    #[test]
    fn folders_empty_texts_and_nul_are_no_keys() {
        assert_eq!(Key::new(""), Err(InvalidKey::Empty));
        assert_eq!(Key::new("a/"), Err(InvalidKey::Folder("a/".into())));
        assert_eq!(Key::new("a\0b"), Err(InvalidKey::Nul("a\0b".into())));
    }
}
