//! A token: which rate it is of, and what a worker that receives it does with it.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{RETENTION, batches};
use crate::queue::Rate;

/// SQS drops a message after 14 days; a token of half that age is replaced.
const OLD_SECONDS: i64 = RETENTION.as_secs() as i64 / 2;

/// A rate, and since when it holds (seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PaceVersion {
    pub(super) rate: Rate,
    pub(super) since: i64,
}

/// The body of a token.
#[derive(Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) number: u32,
    calls: u32,
    window_ms: u64,
    since: i64,
}

/// What to do with a token.
#[derive(Debug, PartialEq)]
pub(super) enum TokenAction {
    /// It is good.
    Use,
    /// It is good, and its version is newer than ours.
    Adopt,
    /// Its version is over, or it is so old that it is about to vanish.
    Replace,
}

impl PaceVersion {
    /// The message that is token `number`. SQS drops a second one that says the same `once`
    /// within five minutes.
    pub(super) fn token(&self, number: u32, once: &str) -> batches::Entry {
        let token = Token {
            number,
            calls: self.rate.calls,
            window_ms: self.window_millis(),
            since: self.since,
        };
        let body = serde_json::json!(token).to_string();
        let once = format!("token-{number}-{}-{once}", self.since);
        batches::fifo_entry(number as usize, body, format!("token-{number}"), once)
    }

    /// What to do with a token of `theirs` that was sent `age` seconds ago.
    pub(super) fn decide(&self, theirs: &PaceVersion, age: i64) -> TokenAction {
        // Workers that start together may differ about since when, which is nothing.
        let same = theirs.rate == self.rate;
        match theirs.rank() > self.rank() {
            _ if same && age <= OLD_SECONDS => TokenAction::Use,
            true if !same => TokenAction::Adopt,
            _ => TokenAction::Replace,
        }
    }

    /// The newest is the highest; of two set in one second, the one with fewer calls.
    fn rank(&self) -> impl Ord {
        let Rate { calls, per } = self.rate;
        (self.since, Reverse(calls), per)
    }

    fn window_millis(&self) -> u64 {
        u64::try_from(self.rate.per.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn parse(tag: &str) -> Option<PaceVersion> {
        let mut parts = tag.split(':');
        Some(PaceVersion {
            rate: Rate {
                calls: parts.next()?.parse().ok()?,
                per: Duration::from_millis(parts.next()?.parse().ok()?),
            },
            since: parts.next()?.parse().ok()?,
        })
    }
}

impl std::fmt::Display for PaceVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let calls = self.rate.calls;
        write!(f, "{calls}:{}:{}", self.window_millis(), self.since)
    }
}

impl Token {
    pub(super) fn version(&self) -> PaceVersion {
        PaceVersion {
            rate: Rate {
                calls: self.calls,
                per: Duration::from_millis(self.window_ms),
            },
            since: self.since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(calls: u32, since: i64) -> PaceVersion {
        PaceVersion {
            rate: Rate::per_hour(calls),
            since,
        }
    }

    #[test]
    fn the_newest_pace_wins_and_old_tokens_are_replaced() {
        let ours = version(3_600, 100);
        for (theirs, age, action) in [
            (version(3_600, 100), 0, TokenAction::Use),
            (version(3_600, 99), OLD_SECONDS, TokenAction::Use),
            (version(3_600, 101), 0, TokenAction::Use),
            (version(3_600, 100), OLD_SECONDS + 1, TokenAction::Replace),
            (version(1_000, 99), 0, TokenAction::Replace),
            (version(1_000, 100), 0, TokenAction::Adopt),
            (version(9_000, 100), 0, TokenAction::Replace),
            (version(1_000, 101), 0, TokenAction::Adopt),
        ] {
            assert_eq!(ours.decide(&theirs, age), action, "{theirs} aged {age}");
        }
    }

    #[test]
    fn a_tag_is_read_as_it_was_written() {
        let version = version(3_600, 1_795_000_000);
        assert_eq!(PaceVersion::parse(&version.to_string()), Some(version));
        assert_eq!(PaceVersion::parse("fast"), None);
    }
}
