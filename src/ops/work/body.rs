//! The bytes of one file on their way to Flickr: counted, and compared with what is known of them.
//! The last chunk is held back until all before it is known to be right, so that a file that
//! arrives wrong is never a whole upload.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use parking_lot::Mutex;

use super::content::{Authority, Check, Content};
use super::lane_stats::Activity;
use crate::store::Error;

/// Why a body ended early, kept for whoever started the upload.
pub type Verdict = Arc<Mutex<Option<Error>>>;

/// The reason that a body ended early, if it did.
pub fn taken(verdict: &Verdict) -> Option<Error> {
    verdict.lock().take()
}

/// A file's bytes as an upload's body; ends in an error, before the last chunk, unless every
/// byte came and they are the right ones. The reason is then in the verdict.
pub fn checked(
    content: Content,
    activity: &Arc<Activity>,
) -> (BoxStream<'static, io::Result<Bytes>>, Verdict) {
    let verdict = Verdict::default();
    let body = Body {
        content,
        held: None,
        activity: Arc::clone(activity),
    };
    let state = (Some(body), Arc::clone(&verdict));
    let stream = unfold(state, async |(body, verdict)| {
        let mut body = body?;
        match body.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), (Some(body), verdict))),
            Ok(None) => None,
            Err(error) => {
                let text = error.to_string();
                *verdict.lock() = Some(error);
                Some((Err(io::Error::other(text)), (None, verdict)))
            }
        }
    });
    (stream.boxed(), verdict)
}

struct Body {
    content: Content,
    held: Option<Bytes>,
    activity: Arc<Activity>,
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(chunk) = self.content.bytes.next().await? {
            self.activity.moved(chunk.len() as u64);
            for check in &mut self.content.checks {
                check.hasher.update(&chunk);
            }
            // Chunks are large: holding more than the last would cost each lane one more.
            if !self.content.bytes.is_whole() {
                return Ok(Some(chunk));
            }
            self.held = Some(chunk);
        }
        // Also once the last chunk was given: nothing is held then, and nothing left to compare.
        for check in std::mem::take(&mut self.content.checks) {
            self.compare(check)?;
        }
        Ok(self.held.take())
    }

    /// Compares one checksum of all bytes. That of the store comes first: behind it the bytes are
    /// known to be right.
    fn compare(&self, check: Check) -> Result<(), Error> {
        let Content {
            bytes, store, key, ..
        } = &self.content;
        let Check {
            expected,
            by,
            hasher,
        } = check;
        let trust = store.etag_trust();
        let is_equal = hasher.finish().as_ref() == Some(&expected);
        match (by, is_equal) {
            (Authority::Store, true) => Ok(()),
            (Authority::Etag | Authority::Reading, true) => {
                trust.prove();
                Ok(())
            }
            (Authority::ReadingNotEtag, true) => {
                if trust.refute() {
                    tracing::warn!(
                        "the ETags of {} are not MD5s, though they look like it: a file without \
                         another checksum is read twice, to be sure of its bytes; \
                         `--ignore-etag-md5` reads it once and compares nothing",
                        store.location()
                    );
                }
                Ok(())
            }
            (Authority::Store, false) => {
                Err(bytes.broken(format!("its bytes do not have the store's {expected}")))
            }
            (Authority::Etag, false) => {
                trust.doubt(key);
                Err(bytes.broken(format!(
                    "its bytes do not have the {expected} of its ETag; it is read twice the next \
                     time, which shows whether the line or the ETag is wrong (with \
                     `--ignore-etag-md5` no ETag is taken for an MD5)"
                )))
            }
            (Authority::Reading | Authority::ReadingNotEtag, false) => {
                Err(bytes.broken("it was read twice, and its bytes were not the same".to_owned()))
            }
        }
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
    use crate::ops::work::content;
    use crate::store::{Hasher, Store, locate};

    /// A folder with one file, and its job.
    async fn file(bytes: &[u8]) -> (TempDir, Store, Job, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        fs::write(&path, bytes).unwrap();
        let store = Store::open(locate(folder.path().to_str().unwrap()).unwrap());
        let store = store.await.unwrap();
        let key = Key::new("a.jpg").unwrap();
        let job = Job::new(store.location().url_of(&key), key, 1, 0, "");
        (folder, store, job, path)
    }

    /// How many bytes of a file are given, and why no more, when this is done to it between its
    /// first reading and its second.
    async fn given(bytes: &[u8], disturb: impl FnOnce(&Path)) -> (usize, Option<Error>) {
        let (_folder, store, job, path) = file(bytes).await;
        let content = content::open(&store, &job).await.unwrap();
        disturb(&path);
        let (mut body, verdict) = checked(content, &Arc::default());
        let mut given = 0;
        while let Ok(Some(chunk)) = body.try_next().await {
            given += chunk.len();
        }
        (given, taken(&verdict))
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
        let content = content::open(&store, &job).await.unwrap();
        let mut hasher = Hasher::new(Algorithm::Md5);
        hasher.update(&bytes);
        assert_eq!(content.digest, hasher.finish());
        assert_eq!(content.size, 1_000_000);
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
