//! Reads one file of a folder, and notices when it is another by its end, or all are gone.

use std::fs::Metadata;
use std::io::{Error as IoError, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::timeout;

use super::super::idle::idle;
use super::super::{Error, Reading, Version};
use super::beneath::{self, Refused};
use super::limit::{ANSWER, silent, within};
use super::version_of;

/// Bytes read at once: large enough that system calls cost little, small enough for many lanes.
const CHUNK: usize = 128 * 1024;

/// The folder that the files are in, as it was when the first of them was read. Clones share that.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub path: PathBuf,
    /// Nothing outside this folder is read, wherever links lead.
    fence: PathBuf,
    seen: Arc<OnceLock<Option<String>>>,
}

impl Root {
    pub(super) fn new(path: PathBuf) -> Root {
        Root {
            fence: path.clone(),
            path,
            seen: Arc::default(),
        }
    }

    /// The same folder, of which all that lies below `fence` may be read.
    pub(super) fn within(self, fence: PathBuf) -> Root {
        Root { fence, ..self }
    }

    /// Remembers which folder this is, now that it gave a file.
    async fn remember(&self) {
        if self.seen.get().is_none()
            && let Ok(metadata) = tokio::fs::metadata(&self.path).await
        {
            // Another lane may have been first.
            let _ = self.seen.set(identity(&metadata));
        }
    }

    /// What an error of one file means: a folder that is gone takes all its files with it. Where a
    /// drive was mounted an empty folder stays behind.
    async fn explain(&self, path: &Path, error: &IoError) -> Error {
        let gone = |detail: String| Error::RootGone {
            what: self.path.display().to_string(),
            detail,
        };
        match (tokio::fs::metadata(&self.path).await, self.seen.get()) {
            (Err(error), _) => gone(error.to_string()),
            (Ok(root), _) if !root.is_dir() => gone("it is no folder".to_owned()),
            (Ok(root), Some(seen)) if *seen != identity(&root) => {
                gone("another folder is in its place".to_owned())
            }
            (Ok(_), None) if is_empty(&self.path).await => gone("it is empty".to_owned()),
            _ => of_file(path, error),
        }
    }
}

/// Opens a file at an offset; with an `etag`, only that version of it.
pub(super) async fn read(
    root: &Root,
    path: PathBuf,
    offset: u64,
    etag: Option<&str>,
) -> Result<Reading, Error> {
    let (mut file, metadata) = open(root, &path).await?;
    // What is only remembered is not worth a long wait.
    let _ = timeout(ANSWER, root.remember()).await;
    let version = version(&metadata);
    if etag.is_some_and(|asked| asked != version.etag) {
        return Err(Error::Changed(path.display().to_string()));
    }
    if offset > 0 {
        let sought = file.seek(SeekFrom::Start(offset)).await;
        sought.map_err(|error| of_file(&path, &error))?;
    }
    let what = path.display().to_string();
    let body = Body {
        left: metadata.len().saturating_sub(offset),
        root: root.clone(),
        version: version.clone(),
        file,
        path,
    };
    Ok(Reading {
        start: offset,
        size: Some(metadata.len()),
        version,
        etag_md5: None,
        checksum: None,
        content_type: None,
        body: idle(body.stream(), what),
    })
}

/// What the system knows of a regular file below the fence.
pub(super) async fn metadata(root: &Root, path: &Path) -> Result<Metadata, Error> {
    let (_, metadata) = open(root, path).await?;
    let _ = timeout(ANSWER, root.remember()).await;
    Ok(metadata)
}

/// Opens a regular file below the fence. A disk of the network may never answer: each question has
/// its limit, also the one after what became of the folder.
async fn open(root: &Root, path: &Path) -> Result<(File, Metadata), Error> {
    let (fence, asked) = (root.fence.clone(), path.to_owned());
    let opened = within(ANSWER, path, move || beneath::open_file(&fence, &asked)).await?;
    let what = || path.display().to_string();
    match opened {
        Ok((file, metadata)) => Ok((File::from_std(file), metadata)),
        Err(Refused::Outside) => Err(Error::Outside(what())),
        Err(Refused::NotAFile) => Err(Error::NotAFile(what())),
        Err(Refused::Failed(error)) => {
            let explained = timeout(ANSWER, root.explain(path, &error)).await;
            Err(explained.unwrap_or_else(|_| silent(ANSWER, path)))
        }
    }
}

/// An open file's bytes, as many as it had when it was opened.
struct Body {
    root: Root,
    path: PathBuf,
    file: File,
    version: Version,
    left: u64,
}

impl Body {
    fn stream(self) -> BoxStream<'static, Result<Bytes, Error>> {
        unfold(Some(self), async |body| {
            let mut body = body?;
            match body.chunk().await {
                Ok(chunk) if !chunk.is_empty() => Some((Ok(chunk), Some(body))),
                Ok(_) => match body.is_unchanged().await {
                    Ok(true) => None,
                    Ok(false) => {
                        let path = body.path.display().to_string();
                        Some((Err(Error::Changed(path)), None))
                    }
                    Err(error) => Some((Err(body.root.explain(&body.path, &error).await), None)),
                },
                Err(error) => Some((Err(body.root.explain(&body.path, &error).await), None)),
            }
        })
        .boxed()
    }

    /// The next bytes; none at the end.
    async fn chunk(&mut self) -> Result<Bytes, IoError> {
        let mut buffer = BytesMut::with_capacity(CHUNK);
        let mut rest = (&mut self.file).take(self.left);
        let read = rest.read_buf(&mut buffer).await?;
        self.left -= read as u64;
        Ok(buffer.freeze())
    }

    /// Whether the open file is as it was, and the path still leads to it.
    async fn is_unchanged(&self) -> Result<bool, IoError> {
        let open = version(&self.file.metadata().await?);
        let named = version(&tokio::fs::metadata(&self.path).await?);
        Ok(open == self.version && named == self.version)
    }
}

fn version(metadata: &Metadata) -> Version {
    Version {
        etag: version_of(metadata),
        modified: None,
        id: identity(metadata),
    }
}

/// Which file or folder it is, whatever its name; `None` where the system does not tell.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(format!("{:x}:{:x}", metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<String> {
    None
}

async fn is_empty(folder: &Path) -> bool {
    match tokio::fs::read_dir(folder).await {
        Ok(mut entries) => matches!(entries.next_entry().await, Ok(None)),
        Err(_) => false,
    }
}

fn of_file(path: &Path, error: &IoError) -> Error {
    let what = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::NotFound(what),
        _ => Error::Unavailable {
            what,
            detail: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    /// A folder with a file of some chunks.
    fn folder() -> (tempfile::TempDir, Root, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("photos");
        fs::create_dir(&root).unwrap();
        let path = root.join("a.jpg");
        fs::write(&path, vec![7; 3 * CHUNK]).unwrap();
        (folder, Root::new(root), path)
    }

    /// Reads a file that this is done to after its first chunk.
    async fn disturbed(disturb: impl FnOnce(&Path)) -> Result<usize, Error> {
        let (_folder, root, path) = folder();
        let mut body = read(&root, path.clone(), 0, None).await.unwrap().body;
        let first = body.try_next().await.unwrap().unwrap().len();
        disturb(&path);
        let add = |sum, chunk: Bytes| async move { Ok(sum + chunk.len()) };
        body.try_fold(first, add).await
    }

    #[tokio::test]
    async fn a_file_that_changes_under_its_reader_is_noticed_at_its_end() {
        assert_eq!(disturbed(|_| {}).await.unwrap(), 3 * CHUNK);
        let is_changed = |read: Result<usize, Error>| matches!(read, Err(Error::Changed(_)));
        let opened = |path: &Path| fs::OpenOptions::new().append(true).open(path).unwrap();
        assert!(is_changed(
            disturbed(|path| opened(path).write_all(b"more").unwrap()).await
        ));
        assert!(is_changed(
            disturbed(|path| opened(path).set_len(CHUNK as u64 + 1).unwrap()).await
        ));
        // The open file stays as it was; the path leads to another.
        let replaced = disturbed(|path| {
            let other = path.with_extension("new");
            fs::write(&other, vec![8; 3 * CHUNK]).unwrap();
            let time = fs::metadata(path).unwrap().modified().unwrap();
            fs::File::open(&other).unwrap().set_modified(time).unwrap();
            fs::rename(other, path).unwrap();
        });
        assert!(is_changed(replaced.await));
        let gone = disturbed(|path| fs::remove_file(path).unwrap()).await;
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    }

    #[tokio::test]
    async fn only_a_file_is_read_and_only_the_version_that_is_asked_for() {
        let (_folder, root, path) = folder();
        let etag = read(&root, path.clone(), 0, None)
            .await
            .unwrap()
            .version
            .etag;
        assert!(read(&root, path.clone(), 5, Some(&etag)).await.is_ok());
        let other = read(&root, path.clone(), 0, Some("1t1")).await;
        assert!(matches!(other, Err(Error::Changed(_))));
        let folder = read(&root, root.path.clone(), 0, None).await;
        assert!(matches!(folder, Err(Error::NotFound(_))));
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_told_from_a_file_that_is_gone() {
        let (_folder, root, path) = folder();
        let missing = async |root: &Root| {
            let read = read(root, root.path.join("missing.jpg"), 0, None).await;
            read.err().expect("no such file")
        };
        assert!(matches!(missing(&root).await, Error::NotFound(_)));
        read(&root, path, 0, None).await.unwrap();
        let aside = root.path.with_extension("aside");
        fs::rename(&root.path, &aside).unwrap();
        let gone = missing(&root).await;
        assert!(matches!(gone, Error::RootGone { .. }) && gone.strikes_every_file());
        // An empty mount point, to one who saw the drive and to one who did not.
        fs::create_dir(&root.path).unwrap();
        assert!(matches!(missing(&root).await, Error::RootGone { .. }));
        let fresh = Root::new(root.path.clone());
        assert!(matches!(missing(&fresh).await, Error::RootGone { .. }));
    }
}
