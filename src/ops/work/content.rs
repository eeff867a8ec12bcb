//! A job's file, open for an upload: what is known of it before its first byte, and what its bytes
//! must have before the last one is given.

use super::resumable::Resumable;
use crate::model::digest::Algorithm;
use crate::model::{Digest, Job, Key, Scheme};
use crate::store::{Error, Hasher, Reading, Store};

/// A file that is open for an upload.
pub struct Content {
    /// The size of the whole file in bytes.
    pub size: u64,
    /// The version that is being read.
    pub etag: String,
    /// The checksum of the whole file, where it is known before the first byte: MD5, CRC-64/NVME
    /// or SHA-256. No upload is whole unless its bytes have it.
    pub digest: Option<Digest>,
    pub(super) store: Store,
    pub(super) key: Key,
    pub(super) checks: Vec<Check>,
    pub(super) bytes: Resumable,
}

/// A checksum that the bytes must have.
pub(super) struct Check {
    pub expected: Digest,
    pub by: Authority,
    pub hasher: Hasher,
}

/// Who says which checksum a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authority {
    /// The store, which keeps it beside the file.
    Store,
    /// An ETag that looks like an MD5.
    Etag,
    /// An earlier reading of ours, which agrees with the ETag or has nothing to be compared with.
    Reading,
    /// An earlier reading of ours, which does not agree with the ETag.
    ReadingNotEtag,
}

/// Starts to read a job's file.
///
/// A folder's file is read twice: its checksum is to be known before it is sent. So is one of a
/// bucket whose ETags turned out to be no MD5s and that has no checksum.
///
/// Fails where the store does not give it, and where neither the answer nor the job tells its size.
pub async fn open(source: &Store, job: &Job) -> Result<Content, Error> {
    let key = &job.key;
    let mut reading = source.read(key, 0, None).await?;
    let size = size(source, job, &reading)?;
    let mut earlier = None;
    if is_read_twice(source, key, &reading) && size > 0 {
        let version = reading.version.clone();
        let md5 = md5_of(Resumable::new(source, key, reading, size)).await?;
        let etag = Some(version.etag.as_str()).filter(|etag| !etag.is_empty());
        reading = source.read(key, 0, etag).await?;
        if reading.start != 0 || !reading.version.is_same(&version) {
            return Err(Error::Changed(source.location().url_of(key)));
        }
        earlier = md5;
    }
    let md5 = believed(source, key, &reading, earlier);
    let checksum = reading.checksum.clone();
    Ok(Content {
        size,
        etag: version_of(&reading, job),
        digest: md5
            .as_ref()
            .map(|(md5, _)| md5.clone())
            .or_else(|| checksum.clone().filter(is_for_tags)),
        checks: checks(source, checksum, md5),
        store: source.clone(),
        key: key.clone(),
        bytes: Resumable::new(source, key, reading, size),
    })
}

/// The version's mark for the job and the tags. An answer without one does not make the listing's
/// forgotten: the next answer's size is judged by it.
fn version_of(reading: &Reading, job: &Job) -> String {
    let told = &reading.version.etag;
    if told.is_empty() { &job.etag } else { told }.clone()
}

/// The size that the file must have. Answers come without a length (HTTP/1.0, proxies that cut a
/// body into chunks or unpack it), and with a wrong one.
fn size(source: &Store, job: &Job, reading: &Reading) -> Result<u64, Error> {
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

fn is_read_twice(source: &Store, key: &Key, reading: &Reading) -> bool {
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

/// The file's MD5, and who says so.
fn believed(
    source: &Store,
    key: &Key,
    reading: &Reading,
    earlier: Option<Digest>,
) -> Option<(Digest, Authority)> {
    let etag = reading.etag_md5.clone();
    match (earlier, etag) {
        (Some(earlier), Some(etag)) if earlier != etag => {
            Some((earlier, Authority::ReadingNotEtag))
        }
        (Some(earlier), _) => Some((earlier, Authority::Reading)),
        (None, etag) => etag
            .filter(|_| source.etag_trust().believes(key))
            .map(|etag| (etag, Authority::Etag)),
    }
}

/// What is compared. One checksum is enough, and that of the store costs a tenth of MD5. Until an
/// ETag of the store was seen to be an MD5 it is compared too, for its word goes into the tags.
fn checks(
    source: &Store,
    checksum: Option<Digest>,
    md5: Option<(Digest, Authority)>,
) -> Vec<Check> {
    let is_enough = checksum.is_some() && source.etag_trust().is_proven();
    let checksum = checksum.map(|checksum| (checksum, Authority::Store));
    let md5 = md5.filter(|(_, by)| !is_enough || *by != Authority::Etag);
    let check = |(expected, by): (Digest, Authority)| Check {
        hasher: Hasher::new(expected.algorithm()),
        expected,
        by,
    };
    checksum.into_iter().chain(md5).map(check).collect()
}

/// Whether a photo's tags have a name for this checksum.
fn is_for_tags(digest: &Digest) -> bool {
    matches!(
        digest.algorithm(),
        Algorithm::Md5 | Algorithm::Crc64Nvme | Algorithm::Sha256
    )
}
