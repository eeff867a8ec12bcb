//! [`Hasher`]: computes a file's checksum while its bytes pass.

use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::model::Digest;
use crate::model::digest::Algorithm;

/// A checksum of the bytes so far.
#[derive(Debug, Clone)]
pub struct Hasher(State);

#[derive(Debug, Clone)]
enum State {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
    Md5(Md5),
}

impl Hasher {
    /// The checksum of no bytes.
    pub fn new(algorithm: Algorithm) -> Hasher {
        let crc = |variant| State::Crc(algorithm, crc_fast::Digest::new(variant));
        Hasher(match algorithm {
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Md5 => State::Md5(Md5::new()),
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc(_, crc) => crc.update(bytes),
            State::Sha1(sha) => sha.update(bytes),
            State::Sha256(sha) => sha.update(bytes),
            State::Md5(md5) => md5.update(bytes),
        }
    }

    /// The checksum of all bytes. It always has the length of its algorithm, so it is never `None`.
    pub fn finish(self) -> Option<Digest> {
        match self.0 {
            State::Crc(Algorithm::Crc64Nvme, crc) => {
                let value = crc.finalize().to_be_bytes();
                Digest::new(Algorithm::Crc64Nvme, value.to_vec())
            }
            // A CRC of 32 bits is in the lower half.
            State::Crc(algorithm, crc) => {
                Digest::new(algorithm, crc.finalize().to_be_bytes()[4..].to_vec())
            }
            State::Sha1(sha) => Digest::new(Algorithm::Sha1, sha.finalize().to_vec()),
            State::Sha256(sha) => Digest::new(Algorithm::Sha256, sha.finalize().to_vec()),
            State::Md5(md5) => Digest::new(Algorithm::Md5, md5.finalize().to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_checksum_is_the_one_that_its_name_says() {
        // The check values of the CRC catalogue and of FIPS 180, all of "123456789".
        let known = [
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (
                Algorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
        ];
        for (algorithm, expected) in known {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"1234");
            hasher.update(b"56789");
            assert_eq!(hasher.finish().unwrap().hex(), expected, "{algorithm:?}");
        }
    }
}
