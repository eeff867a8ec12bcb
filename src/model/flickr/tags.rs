//! What a photo on Flickr says of its file: machine tags out, [`Origin`] in.
//!
//! Flickr normalises a tag's value to lower-case letters and digits, so the key travels in
//! base32 (lower case, no padding), which that leaves as it is. A long key is cut into
//! `path0`, `path1`, ... so that no tag comes near any limit that Flickr may have.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha1::{Digest, Sha1};

use crate::model::digest::{Algorithm, Digest as Checksum};
use crate::model::marks::Marks;
use crate::model::{Job, Key, Location};

/// The namespace of all our machine tags but for the MD5's.
pub const NAMESPACE: &str = "s3flickr";

/// Characters of base32 in one tag. Flickr documents no limit; 255 for a whole tag is folklore.
const PIECE: usize = 200;

/// The tags that hold a checksum. That of the MD5 is the one that other tools write and look for.
const CHECKSUMS: [&str; 3] = ["checksum:md5", "s3flickr:crc64nvme", "s3flickr:sha256"];

/// What our machine tags say of a photo: of which file it is a copy, and of which bytes.
///
/// Photos that an older version of this program uploaded say only the key and the version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The key that it was uploaded from.
    pub key: Key,
    /// Which store the key is in: [`store_mark`] of its location. Empty where the photo does not say.
    pub from: String,
    /// The letters and digits of its ETag; empty where it had none.
    pub version: String,
    /// How many bytes it has; `None` where the photo does not say.
    pub size: Option<u64>,
    /// A checksum of all its bytes, as the whole tag (`checksum:md5=d41d...`): so those of two
    /// kinds never compare equal. Empty where none is known.
    pub checksum: String,
}

impl Origin {
    /// The origin of which nothing but the key is known.
    pub fn from_key(key: Key) -> Origin {
        Origin {
            key,
            from: String::new(),
            version: String::new(),
            size: None,
            checksum: String::new(),
        }
    }

    /// The origin that a job's photo has, as far as the job knows the file: it has no checksum.
    pub fn from_job(job: &Job) -> Origin {
        let store = Location::of_file(&job.url, &job.key);
        Origin {
            from: store.map(|store| store_mark(&store)).unwrap_or_default(),
            version: normalised(&job.etag),
            size: Some(job.size),
            ..Origin::from_key(job.key.clone())
        }
    }

    /// Reads the `machine_tags` of a photo (separated by spaces, normalised or raw).
    /// `None` where none of ours is among them, or they were tampered with.
    pub fn from_tags(machine_tags: &str) -> Option<Origin> {
        let tags = || {
            let pairs = machine_tags.split_whitespace();
            pairs.filter_map(|tag| tag.split_once('='))
        };
        let ours = |wanted: &str| {
            let mut named = tags().filter(|(name, _)| of_ours(name) == Some(wanted));
            named.next().map(|(_, value)| value)
        };
        let text = match ours("path") {
            Some(text) => text.to_owned(),
            None => joined(tags().filter_map(|(name, value)| {
                let number = of_ours(name)?.strip_prefix("path")?.parse().ok()?;
                Some((number, value))
            }))?,
        };
        let checksum = CHECKSUMS.into_iter().find_map(|kind| {
            let (name, value) = tags().find(|(name, _)| name.eq_ignore_ascii_case(kind))?;
            Some(format!("{name}={value}").to_ascii_lowercase())
        });
        Some(Origin {
            from: ours("from").unwrap_or_default().to_owned(),
            version: ours("version").unwrap_or_default().to_owned(),
            size: ours("size").and_then(|size| size.parse().ok()),
            checksum: checksum.unwrap_or_default(),
            ..Origin::from_key(decoded(&text)?)
        })
    }

    /// The machine tags that say it. `None` is said by no tag.
    pub fn tags(&self) -> Vec<String> {
        let mut tags = path_tags(&self.key);
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                tags.push(format!("{NAMESPACE}:{name}={value}"));
            }
        };
        add("version", &self.version);
        add(
            "size",
            &self.size.map_or_else(String::new, |size| size.to_string()),
        );
        add("from", &self.from);
        if !self.checksum.is_empty() {
            tags.push(self.checksum.clone());
        }
        tags
    }

    /// Whether both are of the same store, as far as both say: a photo that an older version
    /// uploaded does not, and is taken for one of the store in question.
    pub fn is_of_same_store(&self, other: &Origin) -> bool {
        self.marks().is_of_same_store(&other.marks())
    }

    /// Whether both have the same bytes; `None` where what is known does not tell.
    ///
    /// A version is a store's own word: between two stores it proves nothing, and another one may
    /// stand for the same bytes (a folder's is made of size and time).
    pub fn has_bytes_of(&self, other: &Origin) -> Option<bool> {
        self.marks().has_bytes_of(&other.marks())
    }

    /// What is compared of it.
    pub fn marks(&self) -> Marks<&str> {
        fn known(text: &str) -> Option<&str> {
            (!text.is_empty()).then_some(text)
        }
        Marks {
            from: known(&self.from),
            version: known(&self.version),
            size: self.size,
            checksum: self.checksum.split_once('='),
        }
    }
}

/// Eight hex digits that tell one store from another without naming it: the start of the SHA-1 of
/// its location as it stands in messages (`s3://bucket/root/`). Never to be changed: photos say it.
pub fn store_mark(store: &Location) -> String {
    let hash = Sha1::digest(store.to_string().as_bytes());
    HEXLOWER.encode(&hash[..4])
}

/// The tag of a checksum; `None` for those that no reader of tags knows.
pub fn checksum_tag(checksum: &Checksum) -> Option<String> {
    let name = match checksum.algorithm() {
        Algorithm::Md5 => CHECKSUMS[0],
        Algorithm::Crc64Nvme => CHECKSUMS[1],
        Algorithm::Sha256 => CHECKSUMS[2],
        _ => return None,
    };
    Some(format!("{name}={}", checksum.hex()))
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

/// What is after our namespace.
fn of_ours(name: &str) -> Option<&str> {
    name.strip_prefix(NAMESPACE)?.strip_prefix(':')
}

fn joined<'a>(pieces: impl Iterator<Item = (usize, &'a str)>) -> Option<String> {
    let mut pieces: Vec<_> = pieces.collect();
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
        let url = Location::s3("b", "").url_of(&key);
        Job::new(url, key, 5, 1, etag)
    }

    fn origin(from: &str, version: &str, size: u64, checksum: &str) -> Origin {
        Origin {
            from: from.into(),
            version: version.into(),
            size: Some(size),
            checksum: checksum.into(),
            ..Origin::from_key(Key::new("a.jpg").unwrap())
        }
    }

    #[test]
    fn the_version_is_what_flickr_leaves_of_the_etag() {
        let tags = Origin::from_job(&job("a.jpg", "D41D-8c")).tags();
        assert_eq!(tags[1], "s3flickr:version=d41d8c");
    }

    #[test]
    fn a_store_is_marked_as_it_always_was() {
        let mark = |url: &str| store_mark(&Location::parse(url).unwrap());
        assert_eq!(mark("s3://bucket/root/"), "d8699bd0");
        assert_eq!(mark("s3://bucket/root"), "d8699bd0");
        assert_eq!(mark("file:///home/me/Caf%C3%A9/"), "1287c919");
    }

    #[test]
    fn a_photo_says_its_size_its_store_and_its_checksum() {
        let mut origin = Origin::from_job(&job("a.jpg", "e1"));
        origin.checksum = "checksum:md5=d41d8cd98f00b204e9800998ecf8427e".into();
        let tags = origin.tags();
        assert_eq!(
            tags[2..],
            [
                "s3flickr:size=1".to_owned(),
                format!("s3flickr:from={}", origin.from),
                origin.checksum.clone()
            ]
        );
        assert_eq!(origin.from.len(), 8);
        assert_eq!(Origin::from_tags(&tags.join(" ")), Some(origin));
    }

    #[test]
    fn a_photo_of_an_older_version_is_still_known() {
        let old = Origin::from_tags("s3flickr:path=mexgu4dh s3flickr:version=e1").unwrap();
        assert_eq!((old.from.as_str(), old.size), ("", None));
        let new = Origin {
            key: old.key.clone(),
            ..origin("0a1b2c3d", "e1", 5, "checksum:md5=aa")
        };
        assert!(new.is_of_same_store(&old));
        assert_eq!(new.has_bytes_of(&old), Some(true));
    }

    #[test]
    fn the_checksum_decides_then_the_size_then_the_version_of_one_store() {
        let mine = origin("0a", "e1", 5, "checksum:md5=aa");
        let same = |other: &Origin| mine.has_bytes_of(other);
        assert_eq!(same(&origin("0a", "e2", 5, "checksum:md5=aa")), Some(true));
        assert_eq!(same(&origin("0a", "e1", 5, "checksum:md5=bb")), Some(false));
        assert_eq!(same(&origin("0b", "e2", 5, "checksum:md5=aa")), Some(true));
        assert_eq!(same(&origin("0a", "e1", 6, "checksum:md5=aa")), Some(false));
        assert_eq!(
            same(&origin("0a", "e1", 5, "s3flickr:sha256=aa")),
            Some(true)
        );
        assert_eq!(same(&origin("0a", "e2", 5, "s3flickr:sha256=aa")), None);
        assert_eq!(same(&origin("0b", "e1", 5, "")), None);
        assert_eq!(
            origin("0a", "", 5, "").has_bytes_of(&origin("0a", "", 5, "")),
            None
        );
    }

    #[test]
    fn tags_of_others_or_a_missing_piece_give_no_origin() {
        assert_eq!(Origin::from_tags(""), None);
        assert_eq!(Origin::from_tags("geo:lat=1 s3flickr:version=ab"), None);
        assert_eq!(Origin::from_tags("checksum:md5=ab"), None);
        assert_eq!(Origin::from_tags("s3flickr:path=1!"), None);
        let long = Origin::from_job(&job(&"x".repeat(300), "e")).tags();
        assert!(long.len() > 4);
        assert_eq!(Origin::from_tags(&long[1..].join(" ")), None);
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_tags(path in "[^\0]{0,250}[^\0/]", etag in "[0-9a-f]{0,32}") {
            let job = job(&path, &etag);
            let mut tags = Origin::from_job(&job).tags();
            for tag in &tags {
                let value = tag.split_once('=').unwrap().1;
                prop_assert_eq!(value, normalised(value), "Flickr leaves it as it is");
                prop_assert!(tag.len() < 230);
            }
            prop_assert!(tags.len() <= 15);
            tags.reverse();
            prop_assert_eq!(Origin::from_tags(&tags.join(" ")), Some(Origin::from_job(&job)));
        }
    }
}
