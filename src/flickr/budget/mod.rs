//! How many calls may be made, and when: at a rate of our own, or a share of what the whole fleet may do.
//!
//! Flickr's rule is 3,600 calls an hour for a key, over all of its users and machines
//! (<https://www.flickr.com/services/developer/api/>). Where it answers that there are too many,
//! everybody who holds this budget pauses, and the rate is halved; it comes back step by step.

mod slowdown;
mod supply;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex as SyncMutex;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use self::slowdown::Slowdown;
use self::supply::Supply;
use super::Error;
use super::error::Cause;

/// A wait for a call that takes longer is told: silence looks like a program that hangs.
const LONG_WAIT: Duration = Duration::from_secs(5);
/// How long a call that was granted may be kept. Calls saved up by idle lanes would all be made at once
/// when work comes.
const LIFETIME: Duration = Duration::from_secs(8);

/// The right to make one call, for a while. One that is dropped unspent serves the next caller.
#[must_use = "a permit is one call of the hour's budget"]
#[derive(Debug)]
pub struct Permit {
    granted: Instant,
    lifetime: Duration,
    /// Where it goes when it is not spent; gone once it is, or where calls are free.
    unspent: Option<Unspent>,
}

/// When the calls were granted that nobody made yet.
type Unspent = Arc<SyncMutex<Vec<Instant>>>;

impl Permit {
    /// Whether it may still be spent. One that was kept for too long must be taken anew.
    pub fn is_fresh(&self) -> bool {
        self.unspent.is_none() || self.granted.elapsed() <= self.lifetime
    }

    /// The call is being made.
    pub(super) fn spend(mut self) {
        self.unspent = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(unspent) = self.unspent.take() {
            let mut unspent = unspent.lock();
            unspent.retain(|granted| granted.elapsed() <= self.lifetime);
            unspent.push(self.granted);
        }
    }
}

/// Hands out calls, one [`Permit`] at a time, in the order in which they were asked for. Clones share it.
#[derive(Clone)]
pub struct Budget {
    /// The caller that has it locked is the next to go; the others wait behind.
    supply: Arc<Mutex<Supply>>,
    slowdown: Arc<SyncMutex<Slowdown>>,
    unspent: Unspent,
    lifetime: Duration,
    /// Ends every wait.
    drain: CancellationToken,
    /// Whether it was said that calls are waited for.
    wait_was_said: Arc<AtomicBool>,
    uploads_free: bool,
}

impl Budget {
    /// As many calls as anyone likes; still pauses when Flickr says so.
    pub fn unlimited() -> Self {
        Self::from(Supply::Unlimited)
    }

    /// A rate of our own: `calls_per_hour`, of which `burst` may come at once after a rest. 0 an hour is no limit.
    pub fn paced(calls_per_hour: u32, burst: u32) -> Self {
        if calls_per_hour == 0 {
            return Self::unlimited();
        }
        Self::from(Supply::paced(calls_per_hour, burst))
    }

    /// A share of what others use too: `grant` is asked for the next few calls when those in hand are spent,
    /// by one caller at a time. It may take its time; where it grants 0 it is asked again after a second.
    pub fn shared<E: Into<Cause> + 'static>(
        grant: impl Fn() -> BoxFuture<'static, Result<u32, E>> + Send + Sync + 'static,
    ) -> Self {
        let grant: supply::Grant = Box::new(move || {
            let asked = grant();
            Box::pin(async move { asked.await.map_err(Into::into) })
        });
        Self::from(Supply::shared(grant))
    }

    /// The same budget for a key of which uploads are known not to count; Flickr does not say.
    pub fn with_free_uploads(self) -> Self {
        Self {
            uploads_free: true,
            ..self
        }
    }

    /// The same budget, whose calls are worth nothing when they were granted longer ago than `lifetime`.
    pub fn lasting(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// The same budget for a run that `drain` ends: no wait for a call outlasts it.
    pub fn until(self, drain: CancellationToken) -> Self {
        Self { drain, ..self }
    }

    /// Waits until an upload may be made: as for any call, unless uploads are free.
    ///
    /// # Errors
    /// [`Error::Draining`] where the run is ending and there is no call at once;
    /// [`Error::Budget`] where the shared budget cannot be asked.
    pub async fn take_upload(&self) -> Result<Permit, Error> {
        if !self.uploads_free {
            return self.take().await;
        }
        self.unless_draining(self.pause()).await?;
        Ok(self.permit(Instant::now(), None))
    }

    /// Waits until a call may be made.
    ///
    /// # Errors
    /// [`Error::Draining`] where the run is ending and there is no call at once;
    /// [`Error::Budget`] where the shared budget cannot be asked.
    pub async fn take(&self) -> Result<Permit, Error> {
        let mut taken = pin!(self.unless_draining(self.next()));
        tokio::select! {
            biased;
            taken = &mut taken => {
                self.wait_was_said.store(false, Relaxed);
                return taken?;
            }
            () = sleep(LONG_WAIT) => self.say_the_wait(),
        }
        taken.await?
    }

    /// Says once, for all who wait, that this takes long.
    fn say_the_wait(&self) {
        if !self.wait_was_said.swap(true, Relaxed) {
            tracing::warn!("waiting for a call: the budget, or Flickr, allows no more for now");
        }
    }

    /// A pause between two tries of one call.
    ///
    /// # Errors
    /// [`Error::Draining`] where the run is ending.
    pub(super) async fn rest(&self, pause: Duration) -> Result<(), Error> {
        self.unless_draining(sleep(pause)).await
    }

    /// What `wait` gives, unless it must be waited for and the run is ending.
    async fn unless_draining<T>(&self, wait: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            done = wait => Ok(done),
            () = self.drain.cancelled() => Err(Error::Draining),
        }
    }

    async fn next(&self) -> Result<Permit, Error> {
        loop {
            let mut supply = self.supply.lock().await;
            // Paused in the turn, so that those behind do not all go at its end.
            self.pause().await;
            let granted = match self.reuse() {
                Some(granted) => granted,
                None => supply.next(&self.slowdown, self.lifetime).await?,
            };
            let counts = !matches!(*supply, Supply::Unlimited);
            let permit = self.permit(granted, counts.then(|| Arc::clone(&self.unspent)));
            // Flickr may have asked for a pause while the supply was waited for.
            if self.pause_end().is_none() {
                return Ok(permit);
            }
        }
    }

    fn permit(&self, granted: Instant, unspent: Option<Unspent>) -> Permit {
        Permit {
            granted,
            lifetime: self.lifetime,
            unspent,
        }
    }

    /// A call that was granted a moment ago and not made.
    fn reuse(&self) -> Option<Instant> {
        let mut unspent = self.unspent.lock();
        unspent.retain(|granted| granted.elapsed() <= self.lifetime);
        unspent.pop()
    }

    /// Waits out the pause that Flickr asked for, and any that comes meanwhile.
    async fn pause(&self) {
        while let Some(end) = self.pause_end() {
            sleep_until(end).await;
        }
    }

    fn pause_end(&self) -> Option<Instant> {
        self.slowdown.lock().pause_end()
    }

    /// How long no call is made because Flickr asked for fewer; `None` where nothing holds them up.
    pub fn paused_for(&self) -> Option<Duration> {
        Some(self.pause_end()?.saturating_duration_since(Instant::now()))
    }

    /// What Flickr's answer that there are too many calls does: a pause for everybody, and half the rate.
    pub(super) fn throttled(&self, wait: Option<Duration>, first_pause: Duration) {
        self.slowdown.lock().throttled(wait, first_pause);
    }
}

impl From<Supply> for Budget {
    fn from(supply: Supply) -> Self {
        Self {
            supply: Arc::new(Mutex::new(supply)),
            slowdown: Arc::new(SyncMutex::new(Slowdown::default())),
            unspent: Unspent::default(),
            lifetime: LIFETIME,
            drain: CancellationToken::new(),
            wait_was_said: Arc::default(),
            uploads_free: false,
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
