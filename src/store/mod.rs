//! A place that photos are in: [`Store`], one concrete type over a private trait.
//!
//! Listing comes in pages, so that a store of any size is walked in constant memory; a file is
//! read as a stream from any offset, so that a body that breaks off can be taken up again.

mod error;
mod etag_trust;
mod hasher;
mod idle;
mod inventory;
mod local;
mod s3;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use globset::GlobSet;

pub use self::error::Error;
pub use self::etag_trust::EtagTrust;
pub use self::hasher::Hasher;
use self::idle::idle;
use crate::model::location::InvalidLocation;
use crate::model::{Digest, Key, Location, Scheme};

/// One file as a listing shows it. Its path may be no valid key (a folder's placeholder, say).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The path inside the store; `None` where it is no UTF-8.
    pub path: Option<String>,
    /// In bytes.
    pub size: u64,
    /// The store's mark of this version, without quotes; changes when the bytes do.
    pub etag: String,
    /// Whether it must be restored (from Glacier) before it can be read.
    pub archived: bool,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The files that can be read, as far as a listing can tell.
    pub objects: Vec<Object>,
    /// What is there and is none of them, by its path. A listing is whole where none of its pages
    /// has one that is [`Passed::Unreadable`]: there may be files in it.
    pub passed_over: Vec<(String, Passed)>,
}

/// Why a listing passes over something that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// It could not be looked into: what the system said.
    Unreadable(String),
    /// A folder that was not entered, because it is excluded.
    Excluded,
    /// A pipe, a socket or a device.
    NotAFile,
}

/// A file that is being read, as the store says before the first byte. Servers lie: `ops::content`
/// and `ops::body` judge it.
pub struct Reading {
    /// Where the body begins in the file, in bytes: what the answer says, not what was asked for.
    pub start: u64,
    /// The size of the whole file in bytes; `None` where the store does not tell.
    pub size: Option<u64>,
    /// The version that is being read.
    pub version: Version,
    /// The ETag as the MD5 of the whole file, where it looks like one and may be one.
    pub etag_md5: Option<Digest>,
    /// The checksum of the whole file that the store keeps beside it.
    pub checksum: Option<Digest>,
    /// The bytes from `start` on.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// Which version of a file an answer is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The store's mark of it, without quotes; empty where the store has none.
    pub etag: String,
    /// When it was changed, where the store tells.
    pub modified: Option<String>,
    /// What else tells it from others: S3's version id, a file's device and inode.
    pub id: Option<String>,
}

impl Version {
    /// Whether the bytes of both answers are of one file. Not without an ETag.
    pub fn is_same(&self, other: &Version) -> bool {
        !self.etag.is_empty() && self == other
    }
}

#[async_trait]
trait Backend: Send + Sync {
    fn list(&self, prefix: &str, exclude: &GlobSet) -> BoxStream<'static, Result<Page, Error>>;
    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error>;
}

/// A place that photos are in. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    location: Location,
    backend: Arc<dyn Backend>,
    etag_trust: Arc<EtagTrust>,
}

/// Where a store is that a user named: `s3://BUCKET[/ROOT/]`, `file:PATH` or a bare path,
/// all of them as they are, not percent-encoded (but for `file://`, which is a URL).
pub fn locate(text: &str) -> Result<Location, Error> {
    if let Some(rest) = text.strip_prefix("s3://") {
        let (bucket, root) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(InvalidLocation::NoBucket(text.to_owned()).into());
        }
        return Ok(Location::s3(bucket, root));
    }
    if text.starts_with("file://") {
        return Ok(Location::parse(text)?);
    }
    let path = text.strip_prefix("file:").unwrap_or(text);
    if path.is_empty() || (path == text && path.contains("://")) {
        return Err(InvalidLocation::Scheme(text.to_owned()).into());
    }
    let absolute = std::path::absolute(Path::new(path)).map_err(|error| Error::Unavailable {
        what: text.to_owned(),
        detail: error.to_string(),
    })?;
    match absolute.to_str() {
        Some(path) => Ok(Location::folder(path)?),
        None => Err(InvalidLocation::Encoding(text.to_owned()).into()),
    }
}

/// Whether one of these patterns matches a path, or a folder that it is in.
pub fn is_excluded(exclude: &GlobSet, path: &str) -> bool {
    let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    exclude.is_match(path)
        || folders
            .into_iter()
            .any(|folder| excludes_folder(exclude, folder))
}

/// Whether a folder is excluded: by its own name (`lost+found`), or with all that is in it
/// (`lost+found/**`). `folder` does not end in a slash.
fn excludes_folder(exclude: &GlobSet, folder: &str) -> bool {
    exclude.is_match(folder) || exclude.is_match(format!("{folder}/"))
}

impl Store {
    /// Opens a store; that it is really there shows when it is listed or read.
    /// Fails where the endpoint of AWS must not be used.
    pub async fn open(location: Location) -> Result<Store, Error> {
        let fence = location.clone();
        Store::open_within(location, &fence).await
    }

    /// Opens a store that a message names, of which nothing outside `fence` may be read: not
    /// by a link either. `fence` must cover the location.
    pub async fn open_within(location: Location, fence: &Location) -> Result<Store, Error> {
        let backend: Arc<dyn Backend> = match location.scheme() {
            Scheme::S3 => Arc::new(s3::S3::new(crate::aws::config().await?, &location)),
            Scheme::File => Arc::new(local::Folder::new(&location, fence)),
        };
        Ok(Store::new(location, backend))
    }

    fn new(location: Location, backend: Arc<dyn Backend>) -> Store {
        Store {
            location,
            backend,
            etag_trust: Arc::default(),
        }
    }

    /// The same store, whose ETags are not taken for MD5s.
    #[must_use]
    pub fn ignoring_etag_md5(self) -> Store {
        Store {
            etag_trust: Arc::new(EtagTrust::ignored()),
            ..self
        }
    }

    /// What is known of its ETags. Clones of a store share it.
    pub fn etag_trust(&self) -> &EtagTrust {
        &self.etag_trust
    }

    /// The bucket that an S3 Inventory report is of, which lists what the report says.
    ///
    /// `manifest` is the URL of its manifest (`s3://BUCKET/.../manifest.json`). Fails where that
    /// cannot be read, or names files that are not CSV, without the columns `Size` and `ETag`.
    pub async fn of_inventory(manifest: &str) -> Result<Store, Error> {
        let (location, inventory) = inventory::open(manifest).await?;
        let backend = Arc::new(inventory);
        Ok(Store::new(location, backend))
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// All files whose paths begin with `prefix`, in pages, in the order that the store has.
    /// A folder on a disk that `exclude` matches is not entered; other stores list all the same.
    ///
    /// It ends in an error rather than early: where the answers of a store do not go together,
    /// or a disk does not answer.
    pub fn list(&self, prefix: &str, exclude: &GlobSet) -> BoxStream<'static, Result<Page, Error>> {
        self.backend.list(prefix, exclude)
    }

    /// Starts to read a file from an offset in bytes; with an `etag`, only that version of it.
    /// A server may answer with other bytes: the reading says which they are.
    pub async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        self.backend.read(key, offset, etag).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excluded_folder_takes_all_that_is_in_it_along() {
        let mut set = globset::GlobSetBuilder::new();
        for pattern in ["lost+found", "trash/**", "*/cache/", "*.png"] {
            set.add(globset::Glob::new(pattern).unwrap());
        }
        let exclude = set.build().unwrap();
        for path in [
            "lost+found/a.jpg",
            "lost+found",
            "trash/b/c.jpg",
            "a/cache/d.jpg",
            "e/f.png",
        ] {
            assert!(is_excluded(&exclude, path), "{path}");
        }
        for path in [
            "lost+found2/a.jpg",
            "a/lost+found.jpg",
            "trash.jpg",
            "cache/d.jpg",
            "a.jpg",
        ] {
            assert!(!is_excluded(&exclude, path), "{path}");
        }
    }

    #[test]
    fn a_store_is_named_as_users_write_it() {
        assert_eq!(locate("s3://b/100% x").unwrap().root(), "100% x/");
        assert_eq!(
            locate("/tmp/a b").unwrap().to_string(),
            "file:///tmp/a%20b/"
        );
        assert_eq!(locate("file:/tmp/a").unwrap(), locate("/tmp/a/").unwrap());
        let here = locate("photos").unwrap();
        assert!(here.root().starts_with('/') && here.root().ends_with("/photos/"));
        for wrong in ["", "gs://b", "s3://", "file:"] {
            assert!(locate(wrong).is_err(), "{wrong}");
        }
    }
}
