//! The one mapping between a key and what Flickr holds of it: title, machine tags, set title.
//!
//! Flickr normalises a tag's value to lower-case letters and digits, so the key travels in
//! base32 (lower case, no padding), which that leaves as it is. A long key is cut into
//! `path0`, `path1`, ... so that no tag comes near any limit that Flickr may have.

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

use super::{Job, Key};

/// The namespace of all our machine tags.
pub const NAMESPACE: &str = "s3flickr";

/// Characters of base32 in one tag. Flickr documents no limit; 255 for a whole tag is folklore.
const PIECE: usize = 200;

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

/// The machine tags of a job's photo: its key, and its version (the ETag's letters and digits),
/// which tells a changed file of the same key from the one that Flickr has.
pub fn tags(job: &Job) -> Vec<String> {
    let mut tags = path_tags(&job.key);
    let version = normalised(&job.etag);
    if !version.is_empty() {
        tags.push(format!("{NAMESPACE}:version={version}"));
    }
    tags
}

fn path_tags(key: &Key) -> Vec<String> {
    let text = BASE32_NOPAD
        .encode(key.as_str().as_bytes())
        .to_ascii_lowercase();
    if text.len() <= PIECE {
        return vec![format!("{NAMESPACE}:path={text}")];
    }
    text.as_bytes()
        .chunks(PIECE)
        .enumerate()
        // Base32 is ASCII, so every cut is between characters.
        .map(|(n, piece)| format!("{NAMESPACE}:path{n}={}", String::from_utf8_lossy(piece)))
        .collect()
}

/// What our machine tags say of a photo: of which file it is, and of which version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The key that it was uploaded from.
    pub key: Key,
    /// The letters and digits of its ETag; empty where it had none.
    pub version: String,
}

impl Origin {
    /// The origin that a job's photo has.
    pub fn of_job(job: &Job) -> Origin {
        Origin {
            key: job.key.clone(),
            version: normalised(&job.etag),
        }
    }

    /// Reads the `machine_tags` of a photo (separated by spaces, normalised or raw).
    /// `None` where none of ours is among them, or they were tampered with.
    pub fn of_tags(machine_tags: &str) -> Option<Origin> {
        let mut whole = None;
        let mut pieces: Vec<(usize, &str)> = Vec::new();
        let mut version = String::new();
        for tag in machine_tags.split_whitespace() {
            let Some((name, value)) = ours(tag) else {
                continue;
            };
            match name {
                "path" => whole = Some(value.to_owned()),
                "version" => version = value.to_owned(),
                _ => {
                    if let Some(n) = name.strip_prefix("path").and_then(|n| n.parse().ok()) {
                        pieces.push((n, value));
                    }
                }
            }
        }
        let text = match whole {
            Some(text) => text,
            None => joined(pieces)?,
        };
        let key = decoded(&text)?;
        Some(Origin { key, version })
    }
}

fn ours(tag: &str) -> Option<(&str, &str)> {
    tag.strip_prefix(NAMESPACE)?
        .strip_prefix(':')?
        .split_once('=')
}

fn joined(mut pieces: Vec<(usize, &str)>) -> Option<String> {
    pieces.sort_unstable();
    let complete = pieces.iter().enumerate().all(|(n, piece)| n == piece.0);
    (complete && !pieces.is_empty()).then(|| pieces.into_iter().map(|(_, text)| text).collect())
}

fn decoded(text: &str) -> Option<Key> {
    let bytes = BASE32_NOPAD
        .decode(text.to_ascii_uppercase().as_bytes())
        .ok()?;
    Key::new(String::from_utf8(bytes).ok()?).ok()
}

/// What Flickr leaves of a tag's ASCII value: lower-case letters and digits.
fn normalised(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(path: &str, etag: &str) -> Job {
        let key = Key::new(path).unwrap();
        Job::new(format!("s3://b/{path}"), key, 5, 1, etag)
    }

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

    #[test]
    fn the_version_is_what_flickr_leaves_of_the_etag() {
        let tags = tags(&job("a.jpg", "D41D-8c"));
        assert_eq!(tags[1], "s3flickr:version=d41d8c");
    }

    #[test]
    fn tags_of_others_or_a_missing_piece_give_no_origin() {
        assert_eq!(Origin::of_tags(""), None);
        assert_eq!(Origin::of_tags("geo:lat=1 s3flickr:version=ab"), None);
        assert_eq!(Origin::of_tags("s3flickr:path=1!"), None);
        let long = tags(&job(&"x".repeat(300), "e"));
        assert!(long.len() > 2);
        assert_eq!(Origin::of_tags(&long[1..].join(" ")), None);
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_tags(path in "[^\0]{0,250}[^\0/]", etag in "[0-9a-f]{0,32}") {
            let job = job(&path, &etag);
            let mut tags = tags(&job);
            for tag in &tags {
                let value = tag.split_once('=').unwrap().1;
                prop_assert_eq!(value, normalised(value), "Flickr leaves it as it is");
                prop_assert!(tag.len() < 230);
            }
            prop_assert!(tags.len() <= 12);
            tags.reverse();
            prop_assert_eq!(Origin::of_tags(&tags.join(" ")), Some(Origin::of_job(&job)));
        }
    }
}
