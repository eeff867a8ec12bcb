//! The photos of a run: the same keys, bytes and moments for the same seed.

use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};

/// One of this many photos has the bytes of the one before it.
const TWINS: usize = 40;

/// Which bytes of a file: the source may replace a file while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Those that were listed.
    First,
    /// Those that took their place, as many as before.
    Second,
}

/// The n-th photo's key.
pub fn key(n: usize) -> String {
    format!("{}/IMG_{n:05}.jpg", 2000 + n % 7)
}

/// The n-th photo's bytes.
pub fn bytes(n: usize, seed: u64, version: Version) -> Vec<u8> {
    let bytes_of = if n % TWINS == TWINS - 1 { n - 1 } else { n };
    let size = Dice::new(seed ^ bytes_of as u64).between(500, 60_000) as usize;
    let mut dice = match version {
        Version::First => Dice::new(seed ^ bytes_of as u64),
        Version::Second => Dice::new(!seed ^ n as u64),
    };
    let mut bytes = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    while bytes.len() < size {
        bytes.extend(dice.roll().to_le_bytes());
    }
    bytes.truncate(size - 2);
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// The name that the stand-in gives to these bytes.
pub fn sha1(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha1::digest(bytes))
}

/// SplitMix64: the same numbers for the same seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that roll the same for the same seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    /// A number from `least` up to `most`, which is never reached.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.roll() % (most - least).max(1)
    }
}
