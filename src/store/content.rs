//! [`Content`]: one file as a target takes it.
//!
//! It is opened as often as the target needs its bytes. They are taken up again where the source
//! breaks off, compared with what is known of them, throttled and counted.

mod body;
mod checks;
mod resumable;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

pub use self::body::{Body, ReadErrorSlot};
use self::checks::known;
use self::resumable::Resumable;
use super::{Error, Hasher, Reading, Source, Throttle};
use crate::model::digest::Algorithm;
use crate::model::{Digest, Job, Key, Scheme};

/// How many bytes came from sources. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    /// The bytes so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A job's file, to be read as often as a target needs.
pub struct Content {
    source: Source,
    /// The job, with the size and version of the last opening.
    job: Mutex<Job>,
    throttle: Throttle,
    read: ByteCount,
}

impl Content {
    /// The file of a job; nothing is read yet. Its bytes pass through `throttle` and are counted
    /// in `read`.
    pub fn new(source: &Source, job: Job, throttle: &Throttle, read: &ByteCount) -> Content {
        Content {
            source: source.clone(),
            job: Mutex::new(job),
            throttle: throttle.clone(),
            read: read.clone(),
        }
    }

    /// The job, with the size and version that the file had when it was opened last.
    pub fn job(&self) -> Job {
        self.job.lock().clone()
    }

    /// Starts to read the file from its first byte. It is taken as it is now; the job says from
    /// then on which version that is.
    ///
    /// A folder's file is read twice: its checksum is to be known before it is sent. So is one of
    /// a bucket whose ETags turned out to be no MD5s and that has no checksum.
    ///
    /// Fails where the source does not give it, and where neither the answer nor the job tells its
    /// size.
    pub async fn open(&self) -> Result<Body, Error> {
        let (source, job) = (&self.source, self.job());
        let key = &job.key;
        let mut reading = source.read(key, 0, None).await?;
        let size = size(source, &job, &reading)?;
        let mut earlier = None;
        if is_read_twice(source, key, &reading) && size > 0 {
            (reading, earlier) = read_again(source, key, reading, size).await?;
        }
        let known = known(source, key, &reading, earlier);
        {
            let mut job = self.job.lock();
            job.size = size;
            job.etag = version_of(&reading, &job);
        }
        let bytes = Resumable::new(source, key, reading, size);
        Ok(Body::new(known, bytes, &self.throttle, &self.read))
    }
}

/// Reads the file to its end, then begins again: the second reading, and the MD5 of the first.
async fn read_again(
    source: &Source,
    key: &Key,
    reading: Reading,
    size: u64,
) -> Result<(Reading, Option<Digest>), Error> {
    let version = reading.version.clone();
    let md5 = md5_of(Resumable::new(source, key, reading, size)).await?;
    let etag = Some(version.etag.as_str()).filter(|etag| !etag.is_empty());
    let reading = source.read(key, 0, etag).await?;
    if reading.start != 0 || !reading.version.is_same(&version) {
        return Err(Error::Changed(source.location().url_of(key)));
    }
    Ok((reading, md5))
}

/// The version for the job and the tags. An answer without one does not make the listing's
/// forgotten: the next answer's size is judged by it.
fn version_of(reading: &Reading, job: &Job) -> String {
    let told = &reading.version.etag;
    if told.is_empty() { &job.etag } else { told }.clone()
}

/// The size that the file must have. Answers come without a length (HTTP/1.0, proxies that cut a
/// body into chunks or unpack it), and with a wrong one.
fn size(source: &Source, job: &Job, reading: &Reading) -> Result<u64, Error> {
    let unavailable = |detail: String| Error::Unavailable {
        what: source.location().url_of(&job.key),
        detail,
    };
    if reading.start != 0 {
        let detail = "the answer does not begin at the first byte".to_owned();
        return Err(unavailable(detail));
    }
    let listed = job.size;
    let is_as_listed = !job.etag.is_empty() && {
        let etag = &reading.version.etag;
        etag.is_empty() || *etag == job.etag
    };
    match reading.size {
        Some(size) if is_as_listed && size != listed => Err(unavailable(format!(
            "it has {size} bytes in the answer and {listed} in the listing, of one version"
        ))),
        Some(size) => Ok(size),
        None if listed > 0 => Ok(listed),
        None => Err(unavailable("no answer tells its size".to_owned())),
    }
}

fn is_read_twice(source: &Source, key: &Key, reading: &Reading) -> bool {
    let trust = source.etag_trust();
    let is_doubtful = reading.etag_md5.is_some()
        && reading.checksum.is_none()
        && !trust.believes(key)
        && !trust.is_ignored();
    source.location().scheme() == Scheme::File || is_doubtful
}

/// The MD5 of all bytes.
async fn md5_of(mut bytes: Resumable) -> Result<Option<Digest>, Error> {
    let mut hasher = Hasher::new(Algorithm::Md5);
    while let Some(chunk) = bytes.next().await? {
        hasher.update(&chunk);
    }
    Ok(hasher.finish())
}
