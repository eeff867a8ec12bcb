//! How fast it goes, and how long it will take: from a moving window of what was done.

mod listing;
pub mod outage;
mod units;
mod work;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use s3flickr::monitor::Limit;
use s3flickr::ops::status::Status;

pub use self::listing::ListingProgress;
pub use self::units::{bytes, span};
pub use self::work::WorkProgress;

/// The window: long enough to be steady, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(120);

/// What was done, and when that was seen.
#[derive(Debug, Default)]
pub struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Notes how much is done by now.
    pub fn note(&mut self, now: Instant, done: u64) {
        while self.0.len() > 2 && self.0.front().is_some_and(|old| now - old.0 > WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back((now, done));
    }

    /// How much is done a second; `None` before two looks showed a difference.
    pub fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let seconds = (last.0 - first.0).as_secs_f64();
        let done = last.1.saturating_sub(first.1);
        (seconds > 0.0 && done > 0).then(|| done as f64 / seconds)
    }
}

/// What holds the work up, as a person says it.
fn limited(limit: Limit) -> &'static str {
    match limit {
        Limit::Calls => "limited by Flickr's calls",
        Limit::Latency => "limited by latency",
        Limit::Bandwidth => "limited by bandwidth",
        Limit::QueueEmpty => "limited by the queue: nothing waits",
        Limit::Outage => "waiting for a service that is away",
    }
}

/// One line that says how far a queue is, and what holds it up where that is known.
pub fn line(status: &Status, rate: &Rate, limit: Option<Limit>) -> String {
    let mut text = format!("{}/{} photos", status.done, status.total);
    if status.failed > 0 {
        text.push_str(&format!(", {} failed", status.failed));
    }
    let open = status.open();
    match rate.per_second() {
        Some(per_second) if open > 0 => {
            let left = left(open, per_second);
            text.push_str(&format!(", {per_second:.1}/s, {} left", span(left)));
            if let Some(limit) = limit {
                text.push_str(&format!(", {}", limited(limit)));
            }
        }
        _ if open > 0 => text.push_str(&format!(", {open} to go")),
        _ => text.push_str(", nothing left to do"),
    }
    text
}

/// How long so many jobs take at this rate.
pub fn left(jobs: u64, per_second: f64) -> Duration {
    Duration::from_secs_f64((jobs as f64 / per_second).min(1e8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_window() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.note(start, 0);
        assert_eq!(rate.per_second(), None);
        for second in 1..=300 {
            let done = if second < 150 {
                second
            } else {
                150 + (second - 150) * 5
            };
            rate.note(start + Duration::from_secs(second), done);
        }
        assert!((rate.per_second().unwrap() - 5.0).abs() < 0.1);
    }
}
