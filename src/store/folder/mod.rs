//! A folder as a store.

mod beneath;
mod file;
mod limit;
mod walk;

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use self::file::Root;
use self::limit::{ANSWER, Beat};
use self::walk::{Wanted, walk};
use super::{Error, Globs, Object, Page, Read, Reading};
use crate::model::{Key, Location};

pub(super) struct Folder {
    root: Root,
}

impl Folder {
    pub(super) fn new(location: &Location, fence: &Location) -> Folder {
        Folder {
            root: Root::new(PathBuf::from(location.root())).within(PathBuf::from(fence.root())),
        }
    }
}

#[async_trait]
impl Read for Folder {
    fn list(&self, prefix: &str, exclude: &Globs) -> BoxStream<'static, Result<Page, Error>> {
        let root = self.root.path.clone();
        let wanted = Wanted {
            prefix: prefix.to_owned(),
            exclude: exclude.clone(),
        };
        let (sender, receiver) = mpsc::channel(2);
        let beat = Beat::new(&root);
        let at = beat.clone();
        tokio::task::spawn_blocking(move || walk(&root, &wanted, &at, &sender));
        limit::pages(ANSWER, receiver, beat)
    }

    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        let path = self.root.path.join(key.as_str());
        file::read(&self.root, path, offset, etag).await
    }

    async fn read_head(&self, key: &Key) -> Result<Reading, Error> {
        self.read(key, 0, None).await
    }

    async fn stat(&self, key: &Key) -> Result<Object, Error> {
        let path = self.root.path.join(key.as_str());
        let metadata = file::metadata(&self.root, &path).await?;
        Ok(object(Some(key.to_string()), &metadata))
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let path = self.root.path.join(folder);
        let asked = path.clone();
        let names = limit::within(ANSWER, &path, move || walk::names(&asked)).await?;
        names.map_err(|error| of_root(&path, &error))
    }
}

/// A file as a listing shows it.
fn object(path: Option<String>, metadata: &Metadata) -> Object {
    let modified = metadata.modified().ok().map(unix_seconds);
    Object {
        path,
        size: metadata.len(),
        etag: version_of(metadata),
        modified,
        archived: false,
    }
}

/// A time before 1970 has a negative number.
fn unix_seconds(time: SystemTime) -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => -seconds(before.duration()),
    }
}

/// A file's version: its size and the time of its last change in nanoseconds, in hex.
fn version_of(metadata: &Metadata) -> String {
    let changed = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!(
        "{:x}t{:x}",
        metadata.len(),
        changed.unwrap_or_default().as_nanos()
    )
}

/// What it means that the root itself cannot be looked into.
fn of_root(root: &Path, error: &std::io::Error) -> Error {
    let what = root.display().to_string();
    match error.kind() {
        ErrorKind::NotFound => Error::NoStore(what),
        _ => Error::Unavailable {
            what,
            detail: error.to_string(),
        },
    }
}
