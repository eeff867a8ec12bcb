//! The bytes of one file on their way to Flickr: counted, and compared with what is known of them.
//! The last chunk is held back until all before it is known to be right, so that a file that
//! arrives wrong is never a whole upload.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, unfold};

use super::activity::Activity;
use super::content::{Authority, Check, Content};
use crate::store::Error;

/// Why a body ended early, kept for whoever started the upload.
pub type Verdict = Arc<Mutex<Option<Error>>>;

/// The reason that a body ended early, if it did.
pub fn taken(verdict: &Verdict) -> Option<Error> {
    verdict
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
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
                *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
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
