//! How many calls may be made, and when: a pace of our own, or a share of what the whole fleet may do.
//!
//! Flickr's rule is 3,600 calls an hour for a key, over all of its users and machines
//! (<https://www.flickr.com/services/developer/api/>). Where it answers that there are too many,
//! everybody who holds this budget pauses, and the pace is halved; it comes back step by step.

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

use super::error::Cause;
use super::{Error, random};

/// The pace is never slowed down to less than this part of it.
const LEAST: f64 = 1.0 / 64.0;
/// How much of the pace comes back with each quiet second: from the half to the whole in 80 seconds.
const BACK_PER_SECOND: f64 = 1.0 / 160.0;
/// The longest pause, whatever Flickr asks for: a worker that waits must look again now and then.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// The whole key's calls, at the published limit, are one a second. A shared budget does not know its own pace,
/// so this is what is stretched while Flickr asks for less.
const SHARED_SPACING: Duration = Duration::from_secs(1);
/// How long to wait after a grant of no calls at all, before asking again.
const NOTHING_GRANTED: Duration = Duration::from_secs(1);
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

/// Asks for the next few calls; gives how many there are.
type Grant = Box<dyn Fn() -> BoxFuture<'static, Result<u32, Cause>> + Send + Sync>;

/// Hands out calls, one [`Permit`] at a time, in the order in which they were asked for. Clones share it.
#[derive(Clone)]
pub struct Budget {
    /// Whoever holds it is the next to go; the others wait behind.
    supply: Arc<Mutex<Supply>>,
    pace: Arc<SyncMutex<Pace>>,
    unspent: Unspent,
    lifetime: Duration,
    /// Ends every wait.
    drain: CancellationToken,
    /// Whether it was said that calls are waited for.
    said: Arc<AtomicBool>,
    uploads_free: bool,
}

/// Where calls come from.
enum Supply {
    Unlimited,
    /// One call each `interval`, or up to `burst` at once after a rest (the generic cell rate algorithm).
    Paced {
        interval: Duration,
        burst: u32,
        due: Instant,
    },
    /// Calls given by another place, spent here.
    Shared {
        grant: Grant,
        left: u32,
        granted: Instant,
        last: Option<Instant>,
    },
}

impl Budget {
    /// As many calls as anyone likes; still pauses when Flickr says so.
    pub fn unlimited() -> Self {
        Self::of(Supply::Unlimited)
    }

    /// A pace of our own: so many calls an hour, of which `burst` may come at once after a rest. 0 an hour is no limit.
    pub fn paced(calls_per_hour: u32, burst: u32) -> Self {
        if calls_per_hour == 0 {
            return Self::unlimited();
        }
        let interval = Duration::from_secs(3600) / calls_per_hour;
        Self::of(Supply::Paced {
            interval,
            burst: burst.max(1),
            due: Instant::now(),
        })
    }

    /// A share of what others use too: `grant` is asked for the next few calls when those in hand are spent,
    /// by one caller at a time. It may take its time; where it grants 0 it is asked again after a second.
    pub fn shared<E: Into<Cause> + 'static>(
        grant: impl Fn() -> BoxFuture<'static, Result<u32, E>> + Send + Sync + 'static,
    ) -> Self {
        let grant: Grant = Box::new(move || {
            let asked = grant();
            Box::pin(async move { asked.await.map_err(Into::into) })
        });
        Self::of(Supply::Shared {
            grant,
            left: 0,
            granted: Instant::now(),
            last: None,
        })
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
                self.said.store(false, Relaxed);
                return taken?;
            }
            () = sleep(LONG_WAIT) => self.say_the_wait(),
        }
        taken.await?
    }

    /// Says once, for all who wait, that this takes long.
    fn say_the_wait(&self) {
        if !self.said.swap(true, Relaxed) {
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
                None => supply.next(&self.pace, self.lifetime).await?,
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
        self.pace.lock().pause_end()
    }

    /// How long no call is made because Flickr asked for fewer; `None` where nothing holds them up.
    pub fn paused_for(&self) -> Option<Duration> {
        Some(self.pause_end()?.saturating_duration_since(Instant::now()))
    }

    /// What Flickr's answer that there are too many calls does: a pause for everybody, and half the pace.
    pub(super) fn throttled(&self, wait: Option<Duration>, first_pause: Duration) {
        self.pace.lock().throttled(wait, first_pause);
    }

    fn of(supply: Supply) -> Self {
        Self {
            supply: Arc::new(Mutex::new(supply)),
            pace: Arc::new(SyncMutex::new(Pace::default())),
            unspent: Unspent::default(),
            lifetime: LIFETIME,
            drain: CancellationToken::new(),
            said: Arc::default(),
            uploads_free: false,
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Supply {
    /// Waits for the next call of this supply; gives when it was granted.
    async fn next(&mut self, pace: &SyncMutex<Pace>, lifetime: Duration) -> Result<Instant, Error> {
        match self {
            Self::Unlimited => {}
            Self::Paced {
                interval,
                burst,
                due,
            } => {
                let rest = *interval * (*burst - 1);
                let earliest = due.checked_sub(rest).unwrap_or(*due);
                sleep_until(earliest).await;
                let stretched = interval.div_f64(pace.lock().factor());
                *due = (*due).max(Instant::now()) + stretched;
            }
            Self::Shared {
                grant,
                left,
                granted,
                last,
            } => {
                let factor = pace.lock().factor();
                if let Some(last) = last.filter(|_| factor < 1.0) {
                    sleep_until(last + SHARED_SPACING.div_f64(factor)).await;
                }
                if granted.elapsed() > lifetime {
                    *left = 0;
                }
                while *left == 0 {
                    *left = grant().await.map_err(|source| Error::Budget { source })?;
                    *granted = Instant::now();
                    if *left == 0 {
                        sleep(NOTHING_GRANTED).await;
                    }
                }
                *left -= 1;
                *last = Some(Instant::now());
                return Ok(*granted);
            }
        }
        Ok(Instant::now())
    }
}

/// How fast it goes, of what the supply would allow: additive increase, multiplicative decrease.
#[derive(Default)]
struct Pace {
    /// Since when the pace comes back, and the part of it that was left then.
    slowed: Option<(Instant, f64)>,
    paused_until: Option<Instant>,
}

impl Pace {
    /// The part of the full pace to go at now, from [`LEAST`] to 1.
    fn factor(&self) -> f64 {
        self.slowed.map_or(1.0, |(since, factor)| {
            (factor + since.elapsed().as_secs_f64() * BACK_PER_SECOND).min(1.0)
        })
    }

    fn pause_end(&self) -> Option<Instant> {
        self.paused_until.filter(|end| *end > Instant::now())
    }

    /// One refusal halves the pace; those that come while everybody is paused already answer calls made before,
    /// and only lengthen the pause if they say so.
    fn throttled(&mut self, wait: Option<Duration>, first_pause: Duration) {
        let mut pause = wait.unwrap_or_default();
        let mut factor = self.factor();
        if self.pause_end().is_none() {
            factor = (factor / 2.0).max(LEAST);
            // 1, 2, 4 ... times the first, as the pace goes down; up to half more, so that machines part ways.
            pause = pause.max(first_pause.mul_f64(0.5 / factor * (1.0 + random() / 2.0)));
        }
        let end = Instant::now() + pause.min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(Some(end));
        // A pause is quiet by itself; only what is quiet after it counts.
        self.slowed = self.paused_until.map(|end| (end, factor));
    }
}

#[cfg(test)]
mod tests;
