//! [`Source`]: a place that files are read from. It cannot write.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use globset::GlobSet;

use super::{Error, EtagTrust, Page, folder, inventory, s3};
use crate::model::location::InvalidLocation;
use crate::model::{Digest, Key, Location, Scheme};

/// A file that is being read, as the store says before the first byte. Servers lie:
/// [`Content`](super::Content) judges it.
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
pub(super) trait Read: Send + Sync {
    fn list(&self, prefix: &str, exclude: &GlobSet) -> BoxStream<'static, Result<Page, Error>>;
    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error>;
}

/// A place that photos are in. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    location: Location,
    backend: Arc<dyn Read>,
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

impl Source {
    /// Opens a store; that it is really there shows when it is listed or read.
    /// Fails where the endpoint of AWS must not be used.
    pub async fn open(location: Location) -> Result<Source, Error> {
        let fence = location.clone();
        Source::open_within(location, &fence).await
    }

    /// Opens a store that a message names, of which nothing outside `fence` may be read: not
    /// by a link either. `fence` must cover the location.
    pub async fn open_within(location: Location, fence: &Location) -> Result<Source, Error> {
        let backend: Arc<dyn Read> = match location.scheme() {
            Scheme::S3 => Arc::new(s3::S3::new(crate::aws::config().await?, &location)),
            Scheme::File => Arc::new(folder::Folder::new(&location, fence)),
        };
        Ok(Source::new(location, backend))
    }

    fn new(location: Location, backend: Arc<dyn Read>) -> Source {
        Source {
            location,
            backend,
            etag_trust: Arc::default(),
        }
    }

    /// The same store, whose ETags are not taken for MD5s.
    #[must_use]
    pub fn ignoring_etag_md5(self) -> Source {
        Source {
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
    pub async fn of_inventory(manifest: &str) -> Result<Source, Error> {
        let (location, inventory) = inventory::open(manifest).await?;
        let backend = Arc::new(inventory);
        Ok(Source::new(location, backend))
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
