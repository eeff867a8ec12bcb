//! The bytes of one file on their way to a target: counted, and compared with what is known of them.
//! The last chunk is held back until all before it is known to be right, so that a file that
//! arrives wrong is never a whole upload.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, empty, iter, unfold};
use parking_lot::Mutex;

use super::checks::{Check, Known};
use super::resumable::Resumable;
use super::{ByteCount, Throttle};
use crate::model::Digest;
use crate::store::{Error, extension_of};

/// Why a body ended early, kept for the caller that started the upload. Clones are one slot.
#[derive(Debug, Clone, Default)]
pub struct ReadErrorSlot(Arc<Mutex<Option<Error>>>);

impl ReadErrorSlot {
    /// The reason that the body ended early, if it did; it is taken out.
    pub fn take(&self) -> Option<Error> {
        self.0.lock().take()
    }

    fn set(&self, error: Error) {
        *self.0.lock() = Some(error);
    }
}

/// A file that is open from its first byte.
pub struct Body {
    /// The size of the whole file in bytes.
    pub size: u64,
    /// The checksum of the whole file, where it is known before the first byte: MD5, CRC-64/NVME
    /// or SHA-256. No upload is whole unless its bytes have it.
    pub digest: Option<Digest>,
    /// The bytes; they end in an error, before the last chunk, unless every byte came and they are
    /// the right ones.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
    /// Where the reason of such an end is then.
    pub read_error: ReadErrorSlot,
}

impl Body {
    pub(super) fn new(
        known: Known,
        bytes: Resumable,
        throttle: &Throttle,
        read: &ByteCount,
    ) -> Body {
        let read_error = ReadErrorSlot::default();
        let size = bytes.size();
        let checked = Checked {
            bytes,
            checks: known.checks,
            held: None,
            read: read.clone(),
        };
        let bytes = checked.into_stream(read_error.clone());
        Body {
            size,
            digest: known.digest,
            bytes: throttle.apply(bytes),
            read_error,
        }
    }
}

impl Body {
    /// The extension that the file should have by its first bytes; `None` where they do not tell.
    /// They stay the first of the body.
    pub async fn extension(&mut self) -> Option<&'static str> {
        let first = self.bytes.next().await?;
        let extension = first
            .as_ref()
            .ok()
            .and_then(|head| extension_of(head, None));
        let rest = std::mem::replace(&mut self.bytes, empty().boxed());
        self.bytes = iter([first]).chain(rest).boxed();
        extension
    }
}

/// The bytes that are being read, and what they are compared with.
struct Checked {
    bytes: Resumable,
    checks: Vec<Check>,
    held: Option<Bytes>,
    read: ByteCount,
}

impl Checked {
    fn into_stream(self, read_error: ReadErrorSlot) -> BoxStream<'static, io::Result<Bytes>> {
        let stream = unfold((Some(self), read_error), async |(body, read_error)| {
            let mut body = body?;
            match body.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), (Some(body), read_error))),
                Ok(None) => None,
                Err(error) => {
                    let text = error.to_string();
                    read_error.set(error);
                    Some((Err(io::Error::other(text)), (None, read_error)))
                }
            }
        });
        stream.boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(chunk) = self.bytes.next().await? {
            self.read.add(chunk.len() as u64);
            for check in &mut self.checks {
                check.hasher.update(&chunk);
            }
            // Chunks are large: holding more than the last would cost each lane one more.
            if !self.bytes.is_whole() {
                return Ok(Some(chunk));
            }
            self.held = Some(chunk);
        }
        // Also once the last chunk was given: nothing is held then, and nothing left to compare.
        for check in std::mem::take(&mut self.checks) {
            check.compare(&self.bytes)?;
        }
        Ok(self.held.take())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::{Seek, SeekFrom, Write};
    use std::path::{Path, PathBuf};

    use futures_util::TryStreamExt;
    use tempfile::TempDir;

    use super::*;
    use crate::model::digest::Algorithm;
    use crate::model::{Job, Key};
    use crate::store::{Content, Hasher, Source, locate};

    /// A folder with one file, and its job.
    async fn file(bytes: &[u8]) -> (TempDir, Source, Job, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        fs::write(&path, bytes).unwrap();
        let store = Source::open(locate(folder.path().to_str().unwrap()).unwrap());
        let store = store.await.unwrap();
        let key = Key::new("a.jpg").unwrap();
        let job = Job::new(store.location().url_of(&key), key, 1, 0, "");
        (folder, store, job, path)
    }

    async fn open(store: &Source, job: &Job) -> Body {
        let (throttle, read) = (Throttle::unlimited(), ByteCount::default());
        let content = Content::new(store, job.clone(), &throttle, &read);
        content.open().await.unwrap()
    }

    /// How many bytes of a file are given, and why no more, when this is done to it between its
    /// first reading and its second.
    async fn given(bytes: &[u8], disturb: impl FnOnce(&Path)) -> (usize, Option<Error>) {
        let (_folder, store, job, path) = file(bytes).await;
        let mut body = open(&store, &job).await;
        disturb(&path);
        let mut given = 0;
        while let Ok(Some(chunk)) = body.bytes.try_next().await {
            given += chunk.len();
        }
        (given, body.read_error.take())
    }

    /// Changes one byte in place, as an editor of tags may that keeps the time.
    fn rewrite(path: &Path, place: u64) {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        let mut file = OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(place)).unwrap();
        file.write_all(b"!").unwrap();
        file.set_modified(time).unwrap();
    }

    #[tokio::test]
    async fn a_folder_s_file_has_its_md5_before_its_first_byte() {
        let bytes = vec![9; 1_000_000];
        let (_folder, store, job, _) = file(&bytes).await;
        let body = open(&store, &job).await;
        let mut hasher = Hasher::new(Algorithm::Md5);
        hasher.update(&bytes);
        assert_eq!(body.digest, hasher.finish());
        assert_eq!(body.size, 1_000_000);
        let (given, error) = given(&bytes, |_| {}).await;
        assert_eq!(given, 1_000_000);
        assert!(error.is_none());
    }

    #[tokio::test]
    async fn the_last_bytes_are_held_back_until_all_are_known_to_be_right() {
        for size in [1000, 1_000_000] {
            let bytes = vec![9; size];
            for place in [0, size as u64 - 1] {
                let (given, error) = given(&bytes, |path| rewrite(path, place)).await;
                assert!(given < size, "{given} of {size}");
                let error = error.unwrap().to_string();
                assert!(error.contains("were not the same"), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn a_file_that_grows_shrinks_or_is_written_anew_gives_no_photo() {
        let bytes = vec![9; 1_000_000];
        let disturbances: [fn(&Path); 2] = [
            |path| {
                let mut file = OpenOptions::new().append(true).open(path).unwrap();
                file.write_all(b"more").unwrap();
            },
            |path| {
                let file = OpenOptions::new().write(true).open(path).unwrap();
                file.set_len(500_000).unwrap();
            },
        ];
        for disturb in disturbances {
            let (given, error) = given(&bytes, disturb).await;
            assert!(given < bytes.len());
            assert!(matches!(error, Some(Error::Changed(_))), "{error:?}");
        }
        // Its time may be the same, on a disk that counts in seconds.
        let anew = given(&bytes, |path| fs::write(path, vec![8; 1_000_000]).unwrap());
        let (given, error) = anew.await;
        assert!(given < bytes.len() && error.is_some());
    }
}
