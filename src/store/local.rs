//! A folder as a store.

mod file;

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use tokio::sync::mpsc;
use walkdir::{DirEntry, WalkDir};

use self::file::Root;
use super::{Backend, Error, Object, Reading};
use crate::model::{Key, Location};

/// Files in one page of a listing, as S3 has it.
const PAGE: usize = 1000;

pub(super) struct Folder {
    root: Root,
}

impl Folder {
    pub(super) fn new(location: &Location) -> Folder {
        Folder {
            root: Root::new(PathBuf::from(location.root())),
        }
    }
}

#[async_trait]
impl Backend for Folder {
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Object>, Error>> {
        let (root, prefix) = (self.root.path.clone(), prefix.to_owned());
        let (sender, receiver) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || walk(&root, &prefix, &sender));
        unfold(receiver, async |mut receiver| {
            Some((receiver.recv().await?, receiver))
        })
        .boxed()
    }

    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        let path = self.root.path.join(key.as_str());
        file::read(&self.root, path, offset, etag).await
    }
}

/// Sends the files below `root` in pages; ends early when nobody listens any more.
fn walk(root: &Path, prefix: &str, sender: &mpsc::Sender<Result<Vec<Object>, Error>>) {
    let mut page = Vec::with_capacity(PAGE);
    for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
        match entry
            .map_err(|error| of_walk(root, &error))
            .and_then(|entry| object(root, &entry))
        {
            Ok(Some(object)) if object.path.as_ref().is_none_or(|p| p.starts_with(prefix)) => {
                page.push(object);
            }
            Ok(_) => {}
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                return;
            }
        }
        if page.len() == PAGE && sender.blocking_send(Ok(std::mem::take(&mut page))).is_err() {
            return;
        }
    }
    let _ = sender.blocking_send(Ok(page));
}

fn object(root: &Path, entry: &DirEntry) -> Result<Option<Object>, Error> {
    if !entry.file_type().is_file() {
        return Ok(None);
    }
    let metadata = entry.metadata().map_err(|error| of_walk(root, &error))?;
    // Every entry lies below the root that it was found from.
    let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
    Ok(Some(Object {
        path: path.to_str().map(str::to_owned),
        size: metadata.len(),
        etag: mark(&metadata),
        archived: false,
    }))
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

fn of_walk(root: &Path, error: &walkdir::Error) -> Error {
    let path = error.path().unwrap_or(root);
    let not_found = error
        .io_error()
        .is_some_and(|error| error.kind() == ErrorKind::NotFound);
    if not_found && path == root {
        return Error::NoStore(root.display().to_string());
    }
    let detail = match error.io_error() {
        Some(error) => error.to_string(),
        None => error.to_string(),
    };
    Error::Unavailable {
        what: path.display().to_string(),
        detail,
    }
}
