//! The shapes of Flickr's identifiers and secrets, and where fresh ones come from.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The first photo gets this number: photo ids have 11 decimal digits today.
pub const FIRST_PHOTO: u64 = 54_000_000_001;
/// The first set gets this number: set ids have 17 digits, more than a double holds exactly.
pub const FIRST_SET: u64 = 72_177_720_300_000_001;

/// As many lower-case hex digits as asked for, not to be guessed.
pub fn random_hex(digits: usize) -> String {
    let mut text = String::with_capacity(digits + 16);
    while text.len() < digits {
        text.push_str(&format!("{:016x}", random()));
    }
    text.truncate(digits);
    text
}

/// A token as Flickr shapes it: 17 digits, a dash, 16 hex digits.
pub fn random_token() -> String {
    format!(
        "721577{:011}-{}",
        random() % 100_000_000_000,
        random_hex(16)
    )
}

/// The code that a person copies: nine digits in three groups.
pub fn random_code() -> String {
    let digits = format!("{:09}", random() % 1_000_000_000);
    format!("{}-{}-{}", &digits[..3], &digits[3..6], &digits[6..])
}

/// 64 bits out of the standard library's hasher, which the system seeds.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_shape_that_flickr_gives_it() {
        let token = random_token();
        let (number, secret) = token.split_once('-').unwrap();
        assert_eq!((number.len(), secret.len()), (17, 16));
        assert!(number.bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn two_secrets_differ() {
        assert_ne!(random_hex(10), random_hex(10));
        assert_eq!(random_hex(37).len(), 37);
    }
}
