//! The rate of a fleet: how many calls all its workers together may make in a window of time.

use std::time::Duration;

/// How far calls may run ahead of the even rate, as a part of the window...
const LEAD_PARTS: u32 = 200;
/// ... and at most. A call granted in one lead may be made in the next ([`Rate::lead`]), so that a
/// stretch of 12 seconds sees at most 12 + 8 + 8 seconds' worth: less than 2.5 times its share.
const LONGEST_LEAD: Duration = Duration::from_secs(8);

/// How many calls a whole fleet may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls in each window; 0 is no limit.
    pub calls: u32,
    /// The window: an hour. Tests shorten it.
    pub per: Duration,
}

impl Rate {
    /// So many calls an hour.
    pub fn per_hour(calls: u32) -> Rate {
        Rate {
            calls,
            per: Duration::from_secs(3600),
        }
    }

    /// How far calls may run ahead of the even rate after a rest, and for how long a granted call
    /// may be kept before it is made. With both, a tenth of the window sees at most 1.1 times its
    /// share.
    pub fn lead(&self) -> Duration {
        (self.per / LEAD_PARTS).min(LONGEST_LEAD)
    }

    /// The time from one call to the next, in microseconds: rounded up, so never too fast.
    pub(super) fn interval_micros(&self) -> i64 {
        let window = self.per.as_micros().max(1);
        let interval = window.div_ceil(u128::from(self.calls.max(1)));
        i64::try_from(interval).unwrap_or(i64::MAX / 1_000)
    }
}
