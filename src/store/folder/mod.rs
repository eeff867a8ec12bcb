//! A folder as a store.

mod beneath;
mod file;
mod limit;
mod walk;

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use globset::GlobSet;
use tokio::sync::mpsc;

use self::file::Root;
use self::limit::{ANSWER, Beat};
use self::walk::{Wanted, walk};
use super::{Error, Page, Read, Reading};
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
    fn list(&self, prefix: &str, exclude: &GlobSet) -> BoxStream<'static, Result<Page, Error>> {
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
}

/// A file's version: its size and the time of its last change in nanoseconds, in hex.
fn mark(metadata: &Metadata) -> String {
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
