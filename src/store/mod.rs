//! A place that photos are in: [`Store`], one concrete type over a private trait.
//!
//! Listing comes in pages, so that a store of any size is walked in constant memory; a file is
//! read as a stream from any offset, so that a body that breaks off can be taken up again.

mod inventory;
mod local;
mod s3;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::model::location::InvalidLocation;
use crate::model::{Key, Location, Scheme};

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

/// A file that is being read.
pub struct Reading {
    /// The size of the whole file in bytes, whatever the offset.
    pub size: u64,
    /// The version that is being read.
    pub etag: String,
    /// The MD5 of the whole file in hex, where the store tells it and checks nothing better itself.
    pub md5: Option<String>,
    /// The bytes from the offset on.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// Why a store could not be listed or a file not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text names no store.
    #[error(transparent)]
    Location(#[from] InvalidLocation),
    /// The bucket or folder is not there.
    #[error("{0} is not there: check the name")]
    NoStore(String),
    /// The file is not there.
    #[error("{0} is not there any more")]
    NotFound(String),
    /// The file is another version than the one asked for.
    #[error("{0} changed while it was being read")]
    Changed(String),
    /// The file is in an archive class.
    #[error("{0} is archived: restore it from Glacier first")]
    Archived(String),
    /// An S3 Inventory report is not as S3 writes it, or not in a format that is read here.
    #[error("{what} is no inventory that can be read: {detail}")]
    Inventory {
        /// The manifest, or a data file that it names.
        what: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The credentials are missing, wrong or expired: no file can be read with them.
    #[error("{what}: {detail}")]
    Credentials {
        /// The store or file.
        what: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The credentials do not allow it. S3 also says so of a file that is not there, to those who
    /// may not list the bucket.
    #[error("{what}: access denied; check the policy of the bucket and of the user ({detail})")]
    Denied {
        /// The store or file.
        what: String,
        /// What the service said.
        detail: String,
    },
    /// The service or the disk did not answer; another attempt may succeed.
    #[error("{what} cannot be read: {detail}")]
    Unavailable {
        /// The store or file.
        what: String,
        /// What happened.
        detail: String,
    },
}

#[async_trait]
trait Backend: Send + Sync {
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Object>, Error>>;
    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error>;
}

/// A place that photos are in. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    location: Location,
    backend: Arc<dyn Backend>,
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

impl Store {
    /// Opens a store; that it is really there shows when it is listed or read.
    pub async fn open(location: Location) -> Store {
        let backend: Arc<dyn Backend> = match location.scheme() {
            Scheme::S3 => Arc::new(s3::S3::new(crate::aws::config().await, &location)),
            Scheme::File => Arc::new(local::Folder::new(&location)),
        };
        Store { location, backend }
    }

    /// The bucket that an S3 Inventory report is of, which lists what the report says.
    ///
    /// `manifest` is the URL of its manifest (`s3://BUCKET/.../manifest.json`). Fails where that
    /// cannot be read, or names files that are not CSV, without the columns `Size` and `ETag`.
    pub async fn of_inventory(manifest: &str) -> Result<Store, Error> {
        let (location, inventory) = inventory::open(manifest).await?;
        let backend = Arc::new(inventory);
        Ok(Store { location, backend })
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// All files whose paths begin with `prefix`, in pages, in the order that the store has.
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Object>, Error>> {
        self.backend.list(prefix)
    }

    /// Starts to read a file from an offset in bytes; with an `etag`, only that version of it.
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
