//! Flickr's clock, as its answers tell it, beside this machine's.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::unix_seconds;

/// A clock that is off by less is not why Flickr refuses a time; it allows minutes. Whole seconds
/// and the way of an answer explain as much.
pub(super) const SKEW_SECONDS: i64 = 5;

/// How far the two clocks are apart.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// Flickr's less ours, in seconds, as the last answer told.
    apart_seconds: AtomicI64,
}

impl ServerClock {
    /// Learns from the `Date` header of any answer.
    pub(super) fn learn(&self, date: &str) {
        if let Some(apart) = seconds_ahead(date) {
            self.apart_seconds.store(apart, Ordering::Relaxed);
        }
    }

    /// How many seconds Flickr's clock is ahead of ours; 0 before the first answer, and where it
    /// is next to nothing.
    pub(super) fn seconds_ahead(&self) -> i64 {
        let apart = self.apart_seconds.load(Ordering::Relaxed);
        if apart.abs() < SKEW_SECONDS { 0 } else { apart }
    }

    /// This moment by Flickr's clock, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        unix_seconds().saturating_add(self.seconds_ahead())
    }
}

/// How many seconds a `Date` header is ahead of our clock.
pub(super) fn seconds_ahead(date: &str) -> Option<i64> {
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(theirs.timestamp().as_second() - unix_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_tells_how_far_the_clocks_are_apart() {
        let clock = ServerClock::default();
        let date = |ahead: i64| {
            let time = jiff::Timestamp::from_second(unix_seconds() + ahead).unwrap();
            time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        };
        clock.learn(&date(-3600));
        assert!((-3602..-3598).contains(&clock.seconds_ahead()));
        assert!((3598..3602).contains(&(unix_seconds() - clock.now())));
        clock.learn("yesterday");
        assert!(clock.seconds_ahead() < -3000);
        clock.learn(&date(-2));
        assert_eq!(clock.seconds_ahead(), 0);
    }
}
