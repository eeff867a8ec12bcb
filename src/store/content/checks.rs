//! The checksums that a file's bytes must have, and who says so.

use super::resumable::Resumable;
use crate::model::digest::Algorithm;
use crate::model::{Digest, Key};
use crate::store::{Error, Hasher, Reading, Source};

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

/// What is known of a file's bytes before the first of them.
pub(super) struct Known {
    /// The checksum that the photo's tags get: MD5, CRC-64/NVME or SHA-256.
    pub digest: Option<Digest>,
    /// What the bytes must have.
    pub checks: Vec<Check>,
}

/// What an answer and an `earlier` reading tell of a file's bytes.
pub(super) fn known(
    source: &Source,
    key: &Key,
    reading: &Reading,
    earlier: Option<Digest>,
) -> Known {
    let md5 = believed(source, key, reading, earlier);
    let checksum = reading.checksum.clone();
    Known {
        digest: md5
            .as_ref()
            .map(|(md5, _)| md5.clone())
            .or_else(|| checksum.clone().filter(is_for_tags)),
        checks: checks(source, checksum, md5),
    }
}

/// The file's MD5, and who says so.
fn believed(
    source: &Source,
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
    source: &Source,
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

impl Check {
    /// Compares it with the bytes that came. The source learns whether its ETags are MD5s.
    ///
    /// That of the store is to be compared first: behind it the bytes are known to be right.
    pub(super) fn compare(self, bytes: &Resumable) -> Result<(), Error> {
        let Check {
            expected,
            by,
            hasher,
        } = self;
        let trust = bytes.source().etag_trust();
        let is_equal = hasher.finish().as_ref() == Some(&expected);
        match (by, is_equal) {
            (Authority::Store, true) => Ok(()),
            (Authority::Etag | Authority::Reading, true) => {
                trust.prove();
                Ok(())
            }
            (Authority::ReadingNotEtag, true) => {
                if trust.refute() {
                    warn_of_etags(bytes.source());
                }
                Ok(())
            }
            (Authority::Store, false) => {
                Err(bytes.broken(format!("its bytes do not have the store's {expected}")))
            }
            (Authority::Etag, false) => {
                trust.doubt(bytes.key());
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

fn warn_of_etags(source: &Source) {
    tracing::warn!(
        "the ETags of {} are not MD5s, though they look like it: a file without another checksum \
         is read twice, to be sure of its bytes; `--ignore-etag-md5` reads it once and compares \
         nothing",
        source.location()
    );
}
