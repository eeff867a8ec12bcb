//! How fast it goes, and how long it will take: from a moving window of what was done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use s3flickr::monitor::Limit;
use s3flickr::ops::status::Status;

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

/// A span of time as a person says it: `2d 3h`, `3h 5m`, `4m 10s`, `12s`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        (_, _, _) => format!("{days}d {hours}h"),
    }
}

/// Bytes as a person reads them: `123 B`, `4.5 MiB`.
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" {
        format!("{n} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_said_as_people_say_them() {
        let spans = [12, 250, 11_100, 200_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["12s", "4m 10s", "3h 5m", "2d 7h"]);
        assert_eq!([512, 4_718_592].map(bytes), ["512 B", "4.5 MiB"]);
    }

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
