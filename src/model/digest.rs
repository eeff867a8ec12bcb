//! [`Digest`]: the checksum of a whole file, as a store tells it or as it was computed.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};

/// How a checksum is computed. These are the ones that S3 has for whole objects
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// CRC-64/NVME, which S3 computes for every object that comes with nothing else.
    Crc64Nvme,
    /// CRC-32 of zip and PNG (ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli, iSCSI).
    Crc32c,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// MD5, which an ETag may be.
    Md5,
}

impl Algorithm {
    /// Its name in lower-case letters and digits, as S3's headers and our tags have it.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc64Nvme => "crc64nvme",
            Algorithm::Crc32 => "crc32",
            Algorithm::Crc32c => "crc32c",
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha256 => "sha256",
            Algorithm::Md5 => "md5",
        }
    }

    /// The length of its value in bytes.
    fn length(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64Nvme => 8,
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }
}

/// The checksum of all of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    value: Vec<u8>,
}

impl Digest {
    /// A computed checksum, most significant byte first; `None` where its length is another.
    pub fn new(algorithm: Algorithm, value: Vec<u8>) -> Option<Digest> {
        (value.len() == algorithm.length()).then_some(Digest { algorithm, value })
    }

    /// Reads the value of an S3 header, which is base64. `None` for a checksum of checksums
    /// (`...-3`), which says nothing about the bytes as a whole, and for what is no checksum.
    pub fn from_base64(algorithm: Algorithm, text: &str) -> Option<Digest> {
        Digest::new(algorithm, BASE64.decode(text.as_bytes()).ok()?)
    }

    /// Reads hex digits, such as those of an ETag.
    pub fn from_hex(algorithm: Algorithm, text: &str) -> Option<Digest> {
        let value = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        Digest::new(algorithm, value)
    }

    /// How it was computed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The algorithm's name, such as `md5`, `crc64nvme` or `sha256`.
    pub fn name(&self) -> &'static str {
        self.algorithm.name()
    }

    /// The value in lower-case hex.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.value)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_read_as_s3_and_an_etag_write_it() {
        let crc = Digest::from_base64(Algorithm::Crc64Nvme, "AQIDBAUGB/8=").unwrap();
        assert_eq!(
            (crc.name(), crc.hex()),
            ("crc64nvme", "01020304050607ff".into())
        );
        let md5 = Digest::from_hex(Algorithm::Md5, "D41D8CD98F00B204E9800998ECF8427E").unwrap();
        assert_eq!(md5.to_string(), "md5 d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn what_is_no_checksum_of_the_whole_is_none() {
        for text in ["AQIDBA==-3", "AQIDBA", "", "not base64", "AQIDBAUGB/8="] {
            assert_eq!(Digest::from_base64(Algorithm::Crc32, text), None, "{text}");
        }
        for text in [
            "",
            "d41d8cd98f00b204e9800998ecf8427e-2",
            "zz1d8cd98f00b204e9800998ecf8427e",
        ] {
            assert_eq!(Digest::from_hex(Algorithm::Md5, text), None, "{text}");
        }
    }
}
