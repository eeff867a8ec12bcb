//! [`Marks`]: what tells the bytes of one file from those of another, as text or as hashes of it.

use sha1::{Digest, Sha1};

/// What is known of a file's bytes. `T` is a text, or its hash where a million are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks<T> {
    /// The store that it is in.
    pub from: Option<T>,
    /// That store's word for the version.
    pub version: Option<T>,
    /// In bytes.
    pub size: Option<u64>,
    /// The kind of a checksum of all its bytes, and the checksum.
    pub checksum: Option<(T, T)>,
}

impl<T: PartialEq> Marks<T> {
    /// Whether both are of the same store, as far as both say.
    pub fn is_of_same_store(&self, other: &Marks<T>) -> bool {
        self.from == other.from || self.from.is_none() || other.from.is_none()
    }

    /// Whether both have the same bytes; `None` where what is known does not tell.
    pub fn has_bytes_of(&self, other: &Marks<T>) -> Option<bool> {
        if let (Some(mine), Some(theirs)) = (self.size, other.size)
            && mine != theirs
        {
            return Some(false);
        }
        if let (Some(mine), Some(theirs)) = (&self.checksum, &other.checksum)
            && mine.0 == theirs.0
        {
            return Some(mine.1 == theirs.1);
        }
        let same_version = self.version.is_some() && self.version == other.version;
        (same_version && self.is_of_same_store(other)).then_some(true)
    }
}

impl Marks<&str> {
    /// The same by hashes.
    pub fn hashed(&self) -> Marks<u64> {
        Marks {
            from: self.from.map(hash),
            version: self.version.map(hash),
            size: self.size,
            checksum: self.checksum.map(|(kind, sum)| (hash(kind), hash(sum))),
        }
    }
}

/// The first 64 bits of a text's SHA-1.
pub fn hash(text: &str) -> u64 {
    let hash = Sha1::digest(text.as_bytes());
    hash.iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_decide_as_the_texts_do() {
        let marks = |from, version, checksum| Marks {
            from: Some(from),
            version: Some(version),
            size: Some(5),
            checksum: Some(("md5", checksum)),
        };
        let all = [
            marks("0a", "e1", "aa"),
            marks("0a", "e1", "bb"),
            marks("0b", "e1", "aa"),
            Marks {
                checksum: None,
                ..marks("0a", "e1", "aa")
            },
            Marks {
                checksum: None,
                ..marks("0b", "e1", "aa")
            },
        ];
        for mine in &all {
            for theirs in &all {
                assert_eq!(
                    mine.hashed().has_bytes_of(&theirs.hashed()),
                    mine.has_bytes_of(theirs)
                );
            }
        }
        // SHA-1 of "abc" begins so.
        assert_eq!(hash("abc"), 0xa999_3e36_4706_816a);
    }
}
