//! One version of a file from its first byte to its last, taken up again where the source breaks
//! off.
//!
//! What comes after a break is only taken where it is of the same version and the same size and
//! begins where it was asked to; else the file must be begun anew. A server may ignore the range
//! and the condition of a request, and give another range than it says. So a few bytes before the
//! break are asked for again and compared.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Fuse, StreamExt};

use crate::model::Key;
use crate::store::{Error, Reading, Source, Version};

/// How often a file is taken up again with nothing to show for it.
const FRUITLESS_BREAKS: u32 = 5;

/// The bytes between two breaks that count as progress. A line that gives a byte each time would
/// cost a request a byte.
const PROGRESS: u64 = 1024;

/// The wait after a break that came after some progress.
const SHORT_WAIT: Duration = Duration::from_millis(50);

/// The wait after the first break without progress; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How many bytes before a break are asked for again.
const OVERLAP: usize = 16;

/// A file that is being read.
pub(super) struct Resumable {
    source: Source,
    key: Key,
    version: Version,
    size: u64,
    body: Fuse<BoxStream<'static, Result<Bytes, Error>>>,
    /// The bytes that came.
    offset: u64,
    /// The last of them.
    tail: Vec<u8>,
    /// Bytes of before the break that must come again first.
    again: Bytes,
    /// The breaks since the last progress.
    breaks: u32,
    /// The offset after which a break comes after progress.
    progress_at: u64,
}

impl Resumable {
    /// Reads on from the first answer. `size` is what the file must have.
    pub(super) fn new(source: &Source, key: &Key, reading: Reading, size: u64) -> Resumable {
        Resumable {
            source: source.clone(),
            key: key.clone(),
            version: reading.version,
            size,
            body: reading.body.fuse(),
            offset: 0,
            tail: Vec::new(),
            again: Bytes::new(),
            breaks: 0,
            progress_at: progress(size),
        }
    }

    /// The next bytes; `None` when all have come and the source says that this is all.
    ///
    /// Fails where the source does not give them after some attempts, where they are too many, and
    /// with [`Error::Changed`] where the file is another by now.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let chunk = match self.body.next().await {
                Some(Ok(chunk)) => self.without_overlap(chunk)?,
                Some(Err(error)) => {
                    self.resume(error).await?;
                    continue;
                }
                None if self.is_whole() => return Ok(None),
                None => {
                    let detail = format!("it ended after {} of {} bytes", self.offset, self.size);
                    self.resume(self.broken(detail)).await?;
                    continue;
                }
            };
            if !chunk.is_empty() {
                self.count(&chunk)?;
                return Ok(Some(chunk));
            }
        }
    }

    /// Where it is read from.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// Which file it is.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// The size that it must have, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether all bytes have come.
    pub(super) fn is_whole(&self) -> bool {
        self.offset >= self.size
    }

    /// The error of a file that did not arrive as it is.
    pub(super) fn broken(&self, detail: String) -> Error {
        Error::Unavailable {
            what: self.url(),
            detail,
        }
    }

    fn url(&self) -> String {
        self.source.location().url_of(&self.key)
    }

    /// Takes away the bytes that came before the break already.
    fn without_overlap(&mut self, mut chunk: Bytes) -> Result<Bytes, Error> {
        let known = chunk.len().min(self.again.len());
        if chunk.split_to(known) != self.again.split_to(known) {
            tracing::debug!(key = %self.key, "what comes after the break is of another place");
            return Err(Error::Changed(self.url()));
        }
        Ok(chunk)
    }

    fn count(&mut self, chunk: &Bytes) -> Result<(), Error> {
        self.offset += chunk.len() as u64;
        if self.offset > self.size {
            let size = self.size;
            return Err(self.broken(format!("it has more than the {size} bytes announced")));
        }
        self.tail
            .extend_from_slice(&chunk[chunk.len().saturating_sub(OVERLAP)..]);
        self.tail.drain(..self.tail.len().saturating_sub(OVERLAP));
        Ok(())
    }

    /// Asks for the rest of the same version.
    async fn resume(&mut self, error: Error) -> Result<(), Error> {
        // Once all bytes came an error is the source's own check of them.
        if self.is_whole() || !matches!(error, Error::Unavailable { .. }) {
            return Err(error);
        }
        if self.offset >= self.progress_at {
            self.breaks = 0;
        } else if self.breaks == FRUITLESS_BREAKS {
            return Err(error);
        }
        let wait = match self.breaks {
            0 if self.offset >= self.progress_at => SHORT_WAIT,
            breaks => FIRST_WAIT * (1 << breaks),
        };
        self.breaks += 1;
        self.progress_at = self.offset + progress(self.size);
        tracing::debug!(key = %self.key, offset_bytes = self.offset, %error, "taking up again");
        tokio::time::sleep(wait).await;
        self.again = Bytes::copy_from_slice(&self.tail);
        let from = self.offset - self.again.len() as u64;
        let etag = Some(self.version.etag.as_str()).filter(|etag| !etag.is_empty());
        self.body = match self.source.read(&self.key, from, etag).await {
            Ok(reading) if self.goes_on(from, &reading) => reading.body.fuse(),
            Ok(_) => return Err(Error::Changed(self.url())),
            // The next turn asks again.
            Err(error @ Error::Unavailable { .. }) => stream::iter([Err(error)]).boxed().fuse(),
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// Whether an answer is the rest of this file from an offset on.
    fn goes_on(&self, from: u64, reading: &Reading) -> bool {
        let goes_on = reading.start == from
            && reading.version.is_same(&self.version)
            // A whole body may come without a length once more.
            && reading.size.map_or(from == 0, |size| size == self.size);
        if !goes_on {
            let (start, version) = (reading.start, &reading.version);
            tracing::debug!(key = %self.key, from, start, ?version, "no continuation");
        }
        goes_on
    }
}

/// The bytes that count as progress in a file of a size: little of a small one.
fn progress(size: u64) -> u64 {
    (size / 64).clamp(1, PROGRESS)
}
