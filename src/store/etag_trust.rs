//! Whether a store's ETags of 32 hex digits are the MD5s that they look like.
//!
//! On S3 they are. Behind gateways and encrypting servers they may be anything, and a comparison
//! with them then refuses every file. Two readings that agree with each other and not with the ETag
//! show that; two that differ show a line that damages bytes.

use std::collections::HashSet;

use parking_lot::{Mutex, MutexGuard};

use crate::model::Key;

/// The most files whose ETags are remembered as doubtful.
const MOST_DOUBTED: usize = 10_000;

/// What is known of a store's ETags. All that read the store share it.
#[derive(Debug, Default)]
pub struct EtagTrust(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    state: State,
    /// Files whose bytes did not have the MD5 that their ETag says.
    doubted: HashSet<Key>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// No file was compared yet.
    #[default]
    Unproven,
    /// A file had the MD5 that its ETag says.
    Proven,
    /// A file did not, and it is not known why.
    Doubted,
    /// A file was read twice with the same MD5, and its ETag is another.
    Refuted,
    /// The user says that they are no MD5s.
    Ignored,
}

impl EtagTrust {
    /// The ETags of a store whose user says that they are no MD5s.
    pub(super) fn ignored() -> EtagTrust {
        let state = State::Ignored;
        EtagTrust(Mutex::new(Known {
            state,
            doubted: HashSet::new(),
        }))
    }

    /// Whether a file's ETag may be taken for its MD5.
    pub fn believes(&self, key: &Key) -> bool {
        let known = self.known();
        matches!(known.state, State::Unproven | State::Proven) && !known.doubted.contains(key)
    }

    /// Whether some file's ETag was seen to be its MD5.
    pub fn is_proven(&self) -> bool {
        self.known().state == State::Proven
    }

    /// Whether the user says that the ETags are no MD5s.
    pub fn is_ignored(&self) -> bool {
        self.known().state == State::Ignored
    }

    /// A file had the MD5 that its ETag says.
    pub fn prove(&self) {
        let mut known = self.known();
        if matches!(known.state, State::Unproven | State::Doubted) {
            known.state = State::Proven;
        }
    }

    /// A file did not have the MD5 that its ETag says: its bytes or its ETag are wrong.
    pub fn doubt(&self, key: &Key) {
        let mut known = self.known();
        if known.doubted.len() < MOST_DOUBTED {
            known.doubted.insert(key.clone());
        }
        if matches!(known.state, State::Unproven | State::Proven) {
            known.state = State::Doubted;
        }
    }

    /// A file's bytes are known to be right, and its ETag is not their MD5. Says whether this was
    /// not known before.
    pub fn refute(&self) -> bool {
        let mut known = self.known();
        let is_news = !matches!(known.state, State::Refuted | State::Ignored);
        if is_news {
            known.state = State::Refuted;
        }
        is_news
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> Key {
        Key::new(path).unwrap()
    }

    #[test]
    fn one_wrong_file_costs_the_others_nothing_once_another_is_right() {
        let trust = EtagTrust::default();
        trust.doubt(&key("a"));
        assert!(!trust.believes(&key("b")));
        trust.prove();
        assert!(trust.believes(&key("b")) && trust.is_proven());
        assert!(!trust.believes(&key("a")), "its own is still doubtful");
    }

    #[test]
    fn what_is_refuted_stays_so_and_is_said_once() {
        let trust = EtagTrust::default();
        assert!(trust.refute());
        assert!(!trust.refute());
        trust.prove();
        trust.doubt(&key("a"));
        assert!(!trust.believes(&key("b")) && !trust.is_proven());
        let ignored = EtagTrust::ignored();
        assert!(!ignored.refute() && ignored.is_ignored() && !ignored.believes(&key("a")));
    }
}
