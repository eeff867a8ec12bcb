//! The rate of a fleet: how many calls all its workers together may make.

use std::time::Duration;

use async_trait::async_trait;

use super::Error;

/// How far calls may run ahead of the even rate, as a part of its time...
const LEAD_PARTS: u32 = 200;
/// ... and at most. A call granted in one lead may be made in the next ([`Rate::lead`]), so that a
/// stretch of 12 seconds sees at most 12 + 8 + 8 seconds' worth: less than 2.5 times its share.
const LONGEST_LEAD: Duration = Duration::from_secs(8);

/// How many calls a whole fleet may make, and in what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls in each `per`; 0 is no limit.
    pub calls: u32,
    /// The time that they are counted over: an hour. Tests shorten it.
    pub per: Duration,
}

impl Rate {
    /// This many calls an hour.
    pub fn per_hour(calls: u32) -> Rate {
        Rate {
            calls,
            per: Duration::from_secs(3600),
        }
    }

    /// How far calls may run ahead of the even rate after a rest, and for how long a granted call
    /// may be kept before it is made. With both, a tenth of `per` sees at most 1.1 times its share.
    pub fn lead(&self) -> Duration {
        (self.per / LEAD_PARTS).min(LONGEST_LEAD)
    }

    /// The time from one call to the next: whole microseconds, rounded up, so never too fast.
    pub(super) fn interval(&self) -> Duration {
        let micros = self.per.as_micros().max(1);
        let interval = micros.div_ceil(u128::from(self.calls.max(1)));
        Duration::from_micros(u64::try_from(interval).unwrap_or(u64::MAX))
    }
}

/// Where the workers of a queue share their budget of calls.
#[async_trait]
pub(super) trait Pacer: Send + Sync + 'static {
    /// Waits until some calls may be made, and returns how many. Never asked for a rate of 0 calls.
    async fn permit(&self, rate: &Rate) -> Result<u32, Error>;
    /// How long until [`Pacer::permit`] may answer a caller that it keeps waiting; `None` where
    /// nobody waits, or where the service does not tell.
    fn next_permit(&self) -> Option<Duration> {
        None
    }
    /// The rate that the last worker to start set, if one did.
    async fn rate(&self) -> Result<Option<Rate>, Error>;
    /// Whether the budget has its place in the service.
    async fn is_there(&self) -> Result<bool, Error>;
}
