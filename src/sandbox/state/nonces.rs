//! The nonces that were used, and the clock of signed requests.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

/// Why a timestamp and nonce are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// The timestamp is too far from Flickr's clock.
    Clock,
    /// The nonce was used before.
    Used,
}

/// Remembers each nonce for as long as its timestamp is accepted.
#[derive(Debug, Default)]
pub struct Nonces(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    known: HashSet<(i64, String)>,
    by_arrival: VecDeque<(i64, i64, String)>,
}

impl Nonces {
    /// Accepts a nonce once. `at` and `now` are Unix seconds; `at` may differ from `now` by `tolerance` seconds.
    pub fn accept(&self, nonce: String, at: i64, now: i64, tolerance: i64) -> Result<(), Unusable> {
        if at.abs_diff(now) > tolerance.unsigned_abs() {
            return Err(Unusable::Clock);
        }
        let mut seen = self.0.lock();
        // A timestamp may be `tolerance` ahead, and is then accepted for twice as long.
        let expired = |arrived: i64| now - arrived > 2 * tolerance;
        while seen
            .by_arrival
            .front()
            .is_some_and(|&(arrived, ..)| expired(arrived))
        {
            if let Some((_, at, nonce)) = seen.by_arrival.pop_front() {
                seen.known.remove(&(at, nonce));
            }
        }
        if !seen.known.insert((at, nonce.clone())) {
            return Err(Unusable::Used);
        }
        seen.by_arrival.push_back((now, at, nonce));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_serves_once_and_a_clock_may_be_only_a_little_off() {
        let nonces = Nonces::default();
        let accept = |at: i64, nonce: &str, now: i64| nonces.accept(nonce.to_owned(), at, now, 300);
        assert_eq!(accept(1000, "a", 1000), Ok(()));
        assert_eq!(accept(1000, "a", 1001), Err(Unusable::Used));
        assert_eq!(accept(1000, "b", 1001), Ok(()));
        assert_eq!(accept(699, "c", 1000), Err(Unusable::Clock));
        assert_eq!(accept(1301, "c", 1000), Err(Unusable::Clock));
    }
}
