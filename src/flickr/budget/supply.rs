//! Where the calls of a budget come from.

use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::slowdown::Slowdown;
use crate::flickr::Error;
use crate::flickr::error::Cause;
use crate::rate::LeakyBucket;

/// The whole key's calls, at the published limit, are one a second. A shared budget does not know
/// its own rate, so this is what is stretched while Flickr asks for less.
const SHARED_SPACING: Duration = Duration::from_secs(1);
/// How long to wait after a grant of no calls at all, before asking again.
const NOTHING_GRANTED: Duration = Duration::from_secs(1);

/// Asks for the next few calls; gives how many there are.
pub(super) type Grant = Box<dyn Fn() -> BoxFuture<'static, Result<u32, Cause>> + Send + Sync>;

/// Where calls come from.
pub(super) enum Supply {
    /// As many as anyone likes.
    Unlimited,
    /// A rate of our own.
    Paced(Paced),
    /// Calls given by another place, spent here.
    Shared(Shared),
}

/// One call each `interval`, or a burst of them after a rest.
pub(super) struct Paced {
    interval: Duration,
    bucket: LeakyBucket,
    started: Instant,
}

/// What is left of the last grant of a shared budget.
pub(super) struct Shared {
    grant: Grant,
    left: u32,
    granted: Instant,
    last: Option<Instant>,
}

impl Supply {
    /// This many calls an hour, of which `burst` may come at once after a rest.
    pub(super) fn paced(calls_per_hour: u32, burst: u32) -> Supply {
        let interval = Duration::from_secs(3600) / calls_per_hour.max(1);
        Supply::Paced(Paced {
            interval,
            bucket: LeakyBucket::new(interval * burst.max(1)),
            started: Instant::now(),
        })
    }

    /// What `grant` gives.
    pub(super) fn shared(grant: Grant) -> Supply {
        Supply::Shared(Shared {
            grant,
            left: 0,
            granted: Instant::now(),
            last: None,
        })
    }

    /// Waits for the next call; gives when it was granted. A shared grant is worth nothing once it
    /// is older than `lifetime`.
    pub(super) async fn next(
        &mut self,
        slowdown: &Mutex<Slowdown>,
        lifetime: Duration,
    ) -> Result<Instant, Error> {
        match self {
            Supply::Unlimited => Ok(Instant::now()),
            Supply::Paced(paced) => Ok(paced.next(slowdown).await),
            Supply::Shared(shared) => shared.next(slowdown, lifetime).await,
        }
    }
}

impl Paced {
    async fn next(&mut self, slowdown: &Mutex<Slowdown>) -> Instant {
        sleep(self.bucket.wait(self.interval, self.started.elapsed())).await;
        let stretched = self.interval.div_f64(slowdown.lock().factor());
        self.bucket.pour(stretched, self.started.elapsed());
        Instant::now()
    }
}

impl Shared {
    async fn next(
        &mut self,
        slowdown: &Mutex<Slowdown>,
        lifetime: Duration,
    ) -> Result<Instant, Error> {
        let factor = slowdown.lock().factor();
        if let Some(last) = self.last.filter(|_| factor < 1.0) {
            sleep_until(last + SHARED_SPACING.div_f64(factor)).await;
        }
        if self.granted.elapsed() > lifetime {
            self.left = 0;
        }
        while self.left == 0 {
            let granted = (self.grant)().await;
            self.left = granted.map_err(|source| Error::Budget { source })?;
            self.granted = Instant::now();
            if self.left == 0 {
                sleep(NOTHING_GRANTED).await;
            }
        }
        self.left -= 1;
        self.last = Some(Instant::now());
        Ok(self.granted)
    }
}
