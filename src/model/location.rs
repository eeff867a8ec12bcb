//! [`Location`]: where a store is, as a URL, and the URL of one file in it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Key;

/// Everything is encoded but RFC 3986's unreserved characters and the slash between folders.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What kind of store a location is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `s3://BUCKET/ROOT/`
    S3,
    /// `file:///FOLDER/`
    File,
}

/// Where a store is: `s3://bucket/root/` or `file:///folder/`.
///
/// Invariants:
/// * the root is kept decoded, and is empty or ends in `/`;
/// * an S3 root does not begin with `/` unless the user wrote two;
///   a file root is absolute, so that another process opens the same folder;
/// * [`Display`](fmt::Display) percent-encodes, and parsing that gives the same location back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    scheme: Scheme,
    bucket: String,
    root: String,
}

/// A text that is no store's location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// A scheme that no store has.
    #[error("\"{0}\" is no store: write s3://BUCKET/, file:PATH or a path")]
    Scheme(String),
    /// `s3://` without a bucket.
    #[error("\"{0}\" names no bucket: write s3://BUCKET/")]
    NoBucket(String),
    /// A percent-encoding that is no UTF-8.
    #[error("\"{0}\" is no UTF-8 when its percent-encoding is undone")]
    Encoding(String),
    /// A message's URL and key contradict each other.
    #[error("the url \"{url}\" does not end in the key \"{key}\"")]
    KeyMismatch {
        /// The URL as it stands in the message.
        url: String,
        /// The key beside it.
        key: String,
    },
    /// A message's key leads out of its folder, or could.
    #[error("the key \"{0}\" does not stay below its folder")]
    Climbs(String),
    /// A relative folder where an absolute one is needed.
    #[error("\"{0}\" is not an absolute path")]
    Relative(String),
}

impl Location {
    /// A bucket, and the root in it (decoded; `""` for the whole bucket).
    pub fn s3(bucket: &str, root: &str) -> Location {
        Location {
            scheme: Scheme::S3,
            bucket: bucket.to_owned(),
            root: with_slash(root),
        }
    }

    /// A folder, by its absolute path (decoded).
    pub fn folder(path: &str) -> Result<Location, InvalidLocation> {
        if !path.starts_with('/') {
            return Err(InvalidLocation::Relative(path.to_owned()));
        }
        Ok(Location {
            scheme: Scheme::File,
            bucket: String::new(),
            root: with_slash(path),
        })
    }

    /// Reads `s3://BUCKET[/ROOT]` or `file:///PATH`, percent-encoding undone.
    pub fn parse(url: &str) -> Result<Location, InvalidLocation> {
        if let Some(rest) = url.strip_prefix("s3://") {
            let (bucket, root) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(InvalidLocation::NoBucket(url.to_owned()));
            }
            return Ok(Location::s3(bucket, &decoded(root, url)?));
        }
        match url.strip_prefix("file:") {
            Some(rest) => Location::folder(&decoded(rest.strip_prefix("//").unwrap_or(rest), url)?),
            None => Err(InvalidLocation::Scheme(url.to_owned())),
        }
    }

    /// The store that a message's URL points into: its URL less the key.
    /// Fails when the two contradict each other, for a message is untrusted.
    pub fn of_file(url: &str, key: &Key) -> Result<Location, InvalidLocation> {
        let mismatch = || InvalidLocation::KeyMismatch {
            url: url.to_owned(),
            key: key.to_string(),
        };
        let whole = Location::parse(url)?;
        // In a bucket these are names like any other; on a disk they lead elsewhere.
        let climbs =
            key.as_str().starts_with('/') || key.as_str().split('/').any(|part| part == "..");
        if climbs && whole.scheme == Scheme::File {
            return Err(InvalidLocation::Climbs(key.to_string()));
        }
        // `parse` takes the whole URL for a root, and ends it in a slash.
        let root = whole
            .root
            .strip_suffix('/')
            .and_then(|path| path.strip_suffix(key.as_str()));
        match root {
            Some(root) if root.is_empty() || root.ends_with('/') => Ok(Location {
                root: root.to_owned(),
                ..whole
            }),
            _ => Err(mismatch()),
        }
    }

    /// What kind of store it is.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The bucket's name; empty for a folder.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The root inside the bucket, or the folder's absolute path; decoded, ending in `/` or empty.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The whole path of a key: in the bucket, or in the file system.
    pub fn path_of(&self, key: &Key) -> String {
        format!("{}{key}", self.root)
    }

    /// The percent-encoded URL of a key in this store, as it stands in a message.
    pub fn url_of(&self, key: &Key) -> String {
        format!("{self}{}", utf8_percent_encode(key.as_str(), ENCODED))
    }

    /// Whether a store here holds all that a store at `other` does: same bucket, and a root above.
    pub fn covers(&self, other: &Location) -> bool {
        let climbs = other.root.split('/').any(|part| part == "..");
        self.scheme == other.scheme
            && self.bucket == other.bucket
            && other.root.starts_with(&self.root)
            && !(climbs && self.scheme == Scheme::File)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = utf8_percent_encode(&self.root, ENCODED);
        match self.scheme {
            Scheme::S3 => write!(f, "s3://{}/{root}", self.bucket),
            Scheme::File => write!(f, "file://{root}"),
        }
    }
}

fn with_slash(root: &str) -> String {
    if root.is_empty() || root.ends_with('/') {
        root.to_owned()
    } else {
        format!("{root}/")
    }
}

fn decoded(text: &str, url: &str) -> Result<String, InvalidLocation> {
    percent_decode_str(text)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| InvalidLocation::Encoding(url.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_location_is_read_and_printed_as_a_user_writes_it() {
        for (text, printed) in [
            ("s3://bucket", "s3://bucket/"),
            ("s3://bucket/2012", "s3://bucket/2012/"),
            ("s3://bucket/Caf%C3%A9/", "s3://bucket/Caf%C3%A9/"),
            ("file:///tmp/photos", "file:///tmp/photos/"),
            ("file:/tmp/photos/", "file:///tmp/photos/"),
        ] {
            assert_eq!(Location::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_store_is_refused() {
        assert!(matches!(
            Location::parse("s3://"),
            Err(InvalidLocation::NoBucket(_))
        ));
        assert!(matches!(
            Location::parse("gs://b/"),
            Err(InvalidLocation::Scheme(_))
        ));
        assert!(matches!(
            Location::parse("file:tmp"),
            Err(InvalidLocation::Relative(_))
        ));
        assert!(matches!(
            Location::parse("s3://b/%FF"),
            Err(InvalidLocation::Encoding(_))
        ));
    }

    #[test]
    fn a_url_that_does_not_end_in_its_key_is_refused() {
        let key = Key::new("a/b.jpg").unwrap();
        assert!(Location::of_file("s3://bucket/root/a/b.jpg", &key).is_ok());
        assert!(Location::of_file("s3://bucket/xa/b.jpg", &key).is_err());
        assert!(Location::of_file("s3://bucket/a/c.jpg", &key).is_err());
    }

    #[test]
    fn a_key_that_leads_out_of_its_folder_is_refused_and_in_a_bucket_it_is_a_name() {
        for path in [
            "../private/x.jpg",
            "a/../../x.jpg",
            "/etc/x.jpg",
            "..",
            "a/..",
        ] {
            let key = Key::new(path).unwrap();
            let url = format!("file:///photos/{path}");
            let refused = Location::of_file(&url, &key);
            assert!(matches!(refused, Err(InvalidLocation::Climbs(_))), "{path}");
            let url = format!("s3://bucket/{path}");
            assert!(Location::of_file(&url, &key).is_ok(), "{path}");
        }
        let key = Key::new("a..b/..c/x...jpg").unwrap();
        assert!(Location::of_file("file:///photos/a..b/..c/x...jpg", &key).is_ok());
    }

    #[test]
    fn a_store_covers_what_lies_below_its_root_only() {
        let root = Location::parse("s3://bucket/2012/").unwrap();
        assert!(root.covers(&Location::parse("s3://bucket/2012/Paris").unwrap()));
        assert!(!root.covers(&Location::parse("s3://bucket/2013/").unwrap()));
        assert!(!root.covers(&Location::parse("s3://other/2012/").unwrap()));
        let folder = Location::parse("file:///photos/").unwrap();
        assert!(!folder.covers(&Location::parse("file:///photos/../etc/").unwrap()));
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_url(path in "[^\0]{0,40}[^\0/]", root in "([^\0/]{1,9}/){0,3}") {
            let store = Location::s3("bucket", &root);
            let key = Key::new(path).unwrap();
            let url = store.url_of(&key);
            prop_assert!(url.is_ascii());
            prop_assert_eq!(Location::of_file(&url, &key).unwrap(), store);
        }
    }
}
