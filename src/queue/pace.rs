//! The pace of a fleet: how many calls all its workers together may make in a window of time.

use std::time::Duration;

/// How many calls a whole fleet may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Calls in each window; 0 is no limit.
    pub calls_per_hour: u32,
    /// The window: an hour. Tests shorten it.
    pub window: Duration,
}

impl Pace {
    /// So many calls an hour.
    pub fn per_hour(calls_per_hour: u32) -> Pace {
        Pace {
            calls_per_hour,
            window: Duration::from_secs(3600),
        }
    }

    /// The time from one call to the next, in microseconds: rounded up, so never too fast.
    pub(super) fn interval_micros(&self) -> i64 {
        let window = self.window.as_micros().max(1);
        let interval = window.div_ceil(u128::from(self.calls_per_hour.max(1)));
        i64::try_from(interval).unwrap_or(i64::MAX / 1_000)
    }
}
