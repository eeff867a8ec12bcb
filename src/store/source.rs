//! [`Source`]: a place that files are read from. It cannot write.

use std::path::Path;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};

use super::file_type::{HEAD_BYTES, extension_of};
use super::{Error, EtagTrust, Globs, Object, Page, Read, Reading, folder, inventory, s3};
use crate::model::location::{InvalidLocation, Named};
use crate::model::{Key, Location, Scheme};

/// A place that photos are in. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    location: Location,
    backend: Arc<dyn Read>,
    etag_trust: Arc<EtagTrust>,
}

/// Where a store is that a user named: see [`Location::named`]. A relative path is one of the
/// working directory.
pub fn locate(text: &str) -> Result<Location, Error> {
    let path = match Location::named(text)? {
        Named::Location(location) => return Ok(location),
        Named::Path(path) => path,
    };
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
            Scheme::S3 => Arc::new(s3::S3::open(&location).await?),
            Scheme::File => Arc::new(folder::Folder::new(&location, fence)),
            Scheme::Flickr => return Err(InvalidLocation::NotASource.into()),
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
    pub fn list(&self, prefix: &str, exclude: &Globs) -> BoxStream<'static, Result<Page, Error>> {
        self.backend.list(prefix, exclude)
    }

    /// One file as a listing would show it. Fails where it is not there.
    pub async fn stat(&self, key: &Key) -> Result<Object, Error> {
        self.backend.stat(key).await
    }

    /// The extension that a file should have by its first bytes and by what the store says of it;
    /// `None` where neither tells. Costs one request.
    pub async fn extension_of(&self, key: &Key) -> Result<Option<&'static str>, Error> {
        let mut reading = self.backend.read_head(key).await?;
        let mut head = Vec::with_capacity(HEAD_BYTES);
        while head.len() < HEAD_BYTES
            && let Some(chunk) = reading.body.next().await
        {
            head.extend_from_slice(&chunk?);
        }
        Ok(extension_of(&head, reading.content_type.as_deref()))
    }

    /// The files directly in a folder (`""`, or ending in a slash), and its folders with a slash;
    /// a thousand at most, and none where an inventory would have to be read for them.
    pub async fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        self.backend.names(folder).await
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
