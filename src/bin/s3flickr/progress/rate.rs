//! How fast something goes, from a moving window of what was done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The window: long enough to be steady, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(120);

/// What was done, and when that was seen.
#[derive(Debug, Default)]
pub struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Records how much is done by now.
    pub fn note(&mut self, now: Instant, done: u64) {
        while self.0.len() > 2 && self.0.front().is_some_and(|old| now - old.0 > WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back((now, done));
    }

    /// How much is done a second; `None` before two looks showed a difference.
    pub fn per_second(&self) -> Option<f64> {
        let seconds = self.span().as_secs_f64();
        let done = self.0.back()?.1.saturating_sub(self.0.front()?.1);
        (seconds > 0.0 && done > 0).then(|| done as f64 / seconds)
    }

    /// How long it has been measured, the window at most.
    pub fn span(&self) -> Duration {
        match (self.0.front(), self.0.back()) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => Duration::ZERO,
        }
    }
}

/// How long this many of them take at this rate.
pub fn left(open: u64, per_second: f64) -> Duration {
    Duration::from_secs_f64((open as f64 / per_second).min(1e8))
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
