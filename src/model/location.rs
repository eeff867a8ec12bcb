//! [`Location`]: where a store is, as a URL, and the URL of one file in it.
//!
//! The schemes are read here and nowhere else. A user writes a path as it is; a message and a record
//! hold a URL, percent-encoded.

mod scheme;

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

pub use self::scheme::Scheme;
use self::scheme::{bucket_and_root, scheme};
use super::Key;

/// Everything is encoded but RFC 3986's unreserved characters and the slash between folders.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A store as a user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<'a> {
    /// It says where it is.
    Location(Location),
    /// A folder's path, which may be relative to the working directory.
    Path(&'a str),
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
    /// A scheme that is known and that no store is built for yet: the text, and what it stands for.
    #[error(
        "\"{0}\" is no store that can be used yet ({1}): write s3://BUCKET/, file:PATH or a path"
    )]
    NotBuilt(String, &'static str),
    /// A Flickr account where a source is needed.
    #[error("flickr: is where photos are copied to; they cannot be copied from there yet")]
    NotASource,
    /// `flickr:` with something behind it.
    #[error("\"{0}\" is no store: write `flickr:`, which is the account whose token is used")]
    NotAnAccount(String),
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

    /// The Flickr account whose token is used.
    pub fn flickr() -> Location {
        Location {
            scheme: Scheme::Flickr,
            bucket: String::new(),
            root: String::new(),
        }
    }

    /// Reads `s3://BUCKET[/ROOT]`, `file:///PATH` or `flickr:`, percent-encoding undone.
    pub fn parse(url: &str) -> Result<Location, InvalidLocation> {
        match scheme(url)? {
            Some((Scheme::S3, rest)) => {
                let (bucket, root) = bucket_and_root(url, rest)?;
                Ok(Location::s3(bucket, &decoded(root, url)?))
            }
            Some((Scheme::File, rest)) => {
                Location::folder(&decoded(rest.strip_prefix("//").unwrap_or(rest), url)?)
            }
            Some((Scheme::Flickr, rest)) => account(url, rest),
            None => Err(InvalidLocation::Scheme(url.to_owned())),
        }
    }

    /// Reads a store as a user names it: `s3://BUCKET[/ROOT/]`, `file:PATH`, a bare path or
    /// `flickr:`, all of them as they are, not percent-encoded (but for `file://`, which is a URL).
    pub fn named(text: &str) -> Result<Named<'_>, InvalidLocation> {
        let path = match scheme(text)? {
            Some((Scheme::S3, rest)) => {
                let (bucket, root) = bucket_and_root(text, rest)?;
                return Ok(Named::Location(Location::s3(bucket, root)));
            }
            Some((Scheme::Flickr, rest)) => return account(text, rest).map(Named::Location),
            Some((Scheme::File, rest)) if rest.starts_with("//") => {
                return Location::parse(text).map(Named::Location);
            }
            Some((Scheme::File, rest)) => rest,
            None => text,
        };
        match path {
            "" => Err(InvalidLocation::Scheme(text.to_owned())),
            path => Ok(Named::Path(path)),
        }
    }

    /// Reads one object as a user names it, `s3://BUCKET/KEY`: the bucket, and the key in it.
    /// `None` for anything else.
    pub fn object(text: &str) -> Option<(Location, Key)> {
        let Ok(Some((Scheme::S3, rest))) = scheme(text) else {
            return None;
        };
        let (bucket, key) = bucket_and_root(text, rest).ok()?;
        Some((Location::s3(bucket, ""), Key::new(key).ok()?))
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

    /// A key as a list may name it, below this store's root: without the URL or the path of the store
    /// where it stands before it.
    pub fn without_root<'a>(&self, name: &'a str) -> &'a str {
        let place = match self.scheme {
            Scheme::S3 => format!("s3://{}/{}", self.bucket, self.root),
            Scheme::File => self.root.clone(),
            Scheme::Flickr => return name,
        };
        name.strip_prefix(&place).unwrap_or(name)
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
            Scheme::Flickr => f.write_str("flickr:"),
        }
    }
}

fn account(text: &str, rest: &str) -> Result<Location, InvalidLocation> {
    match rest {
        "" => Ok(Location::flickr()),
        _ => Err(InvalidLocation::NotAnAccount(text.to_owned())),
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
mod tests;
