//! The bytes of one file on their way to Flickr: counted, checked, and taken up again where the
//! source breaks off. The last chunk is held back until all before it is known to be right, so
//! that a file that arrives wrong is never a whole upload.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::stream::{self, BoxStream, Fuse, StreamExt, unfold};
use md5::{Digest, Md5};

use super::activity::Activity;
use crate::model::Key;
use crate::store::{Error, Reading, Store};

/// How often one file is taken up again after a break.
const RESUMES: u32 = 5;

/// The wait before the first resumption; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);

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
    store: &Store,
    key: &Key,
    reading: Reading,
    activity: &Arc<Activity>,
) -> (BoxStream<'static, io::Result<Bytes>>, Verdict) {
    let verdict = Verdict::default();
    let body = Body {
        store: store.clone(),
        key: key.clone(),
        etag: reading.etag,
        size: reading.size,
        digest: reading.md5.map(|expected| (Md5::new(), expected)),
        source: reading.body.fuse(),
        offset: 0,
        held: None,
        resumes: 0,
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
    store: Store,
    key: Key,
    etag: String,
    size: u64,
    digest: Option<(Md5, String)>,
    source: Fuse<BoxStream<'static, Result<Bytes, Error>>>,
    /// Bytes that came from the source, those held back included.
    offset: u64,
    held: Option<Bytes>,
    resumes: u32,
    activity: Arc<Activity>,
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.source.next().await {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => {
                    self.take_in(&chunk)?;
                    // Chunks are large: holding more than the last would cost each lane one more.
                    if self.offset < self.size {
                        return Ok(Some(chunk));
                    }
                    self.held = Some(chunk);
                }
                Some(Err(error)) => self.resume(error).await?,
                None if self.offset < self.size => {
                    let detail = format!("it ended after {} of {} bytes", self.offset, self.size);
                    self.resume(self.broken(detail)).await?;
                }
                // Also once the last chunk was given: nothing is held then.
                None => {
                    self.check_digest()?;
                    return Ok(self.held.take());
                }
            }
        }
    }

    fn take_in(&mut self, chunk: &Bytes) -> Result<(), Error> {
        self.offset += chunk.len() as u64;
        self.activity.moved(chunk.len() as u64);
        if self.offset > self.size {
            return Err(self.broken(format!(
                "it has more than the {} bytes announced",
                self.size
            )));
        }
        if let Some((digest, _)) = &mut self.digest {
            digest.update(chunk);
        }
        Ok(())
    }

    /// Asks for the rest of the same version.
    async fn resume(&mut self, error: Error) -> Result<(), Error> {
        // Once all bytes came an error is the store's own check of them, and asking for more is no help.
        let final_verdict = self.offset >= self.size || matches!(error, Error::Changed(_));
        if self.resumes >= RESUMES || final_verdict {
            return Err(error);
        }
        tracing::debug!(key = %self.key, offset_bytes = self.offset, %error, "taking up again");
        tokio::time::sleep(FIRST_WAIT * (1 << self.resumes)).await;
        self.resumes += 1;
        match self
            .store
            .read(&self.key, self.offset, Some(&self.etag))
            .await
        {
            Ok(reading) => {
                self.source = reading.body.fuse();
                Ok(())
            }
            // The next turn asks again.
            Err(error @ Error::Unavailable { .. }) => {
                self.source = stream::iter([Err(error)]).boxed().fuse();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn check_digest(&mut self) -> Result<(), Error> {
        let Some((digest, expected)) = self.digest.take() else {
            return Ok(());
        };
        let found = HEXLOWER.encode(&digest.finalize());
        if found == expected {
            return Ok(());
        }
        Err(self.broken(format!("its bytes have the MD5 {found}, not {expected}")))
    }

    fn broken(&self, detail: String) -> Error {
        Error::Unavailable {
            what: self.store.location().url_of(&self.key),
            detail,
        }
    }
}
