//! How long a service that is away is left alone.

use std::time::Duration;

use super::super::outcome::Backoff;

/// The shortest first pause, where a failed photo is tried again at once: a service that is away
/// must not be asked without a pause.
const LEAST: Duration = Duration::from_millis(5);

/// The longest pause, in first pauses: three minutes with the default of five seconds.
const LONGEST: u32 = 36;

/// How long an outage lasts, in first pauses, before a failure that the service's own answers deny
/// is charged: a quarter of an hour by default.
const GRACE: u32 = 180;

/// The longest pause of a queue, in first pauses: one minute by default.
const LONGEST_OF_QUEUE: u32 = 12;

/// The pauses of a breaker, all of them in proportion to the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    pub(super) first: Duration,
}

impl Pauses {
    /// The first pause is half of the wait before a failed photo's next attempt.
    pub(super) fn new(backoff: &Backoff) -> Pauses {
        Pauses {
            first: (backoff.first / 2).max(LEAST),
        }
    }

    /// The pause after this many failures in a row.
    pub(super) fn after(self, failures: u32) -> Duration {
        let pauses = Backoff {
            first: self.first,
            longest: self.longest(),
        };
        pauses.after(failures)
    }

    /// The same for the queue, which is asked more often: that costs nothing, and photos that are
    /// done wait for it. From two seconds to one minute by default.
    pub(super) fn of_queue(self, failures: u32) -> Duration {
        (self.after(failures) * 2 / 5).min(self.first * LONGEST_OF_QUEUE)
    }

    /// The longest pause.
    pub(super) fn longest(self) -> Duration {
        self.first * LONGEST
    }

    /// How long an outage must last before the services' own answers count against a photo.
    pub(super) fn grace(self) -> Duration {
        self.first * GRACE
    }
}
