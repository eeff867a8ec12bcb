//! How many calls may be made, and when: a pace of our own, or a share of what the whole fleet may do.
//!
//! Flickr's rule is 3,600 calls an hour for a key, over all of its users and machines
//! (<https://www.flickr.com/services/developer/api/>). Where it answers that there are too many,
//! everybody who holds this budget pauses, and the pace is halved; it comes back step by step.

use std::fmt;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

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

/// The right to make one call. Spend it, or the call is lost.
#[must_use = "a permit is one call of the hour's budget"]
#[derive(Debug)]
pub struct Permit(());

/// Asks for the next few calls; gives how many there are.
type Grant = Box<dyn Fn() -> BoxFuture<'static, Result<u32, Cause>> + Send + Sync>;

/// Hands out calls, one [`Permit`] at a time, in the order in which they were asked for. Clones share it.
#[derive(Clone)]
pub struct Budget {
    /// Whoever holds it is the next to go; the others wait behind.
    supply: Arc<Mutex<Supply>>,
    pace: Arc<SyncMutex<Pace>>,
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
            last: None,
        })
    }

    /// Waits until a call may be made.
    ///
    /// # Errors
    /// [`Error::Budget`] where the shared budget cannot be asked.
    pub async fn take(&self) -> Result<Permit, Error> {
        let mut supply = self.supply.lock().await;
        supply.next(&self.pace).await?;
        while let Some(end) = self.pause_end() {
            sleep_until(end).await;
        }
        Ok(Permit(()))
    }

    fn pause_end(&self) -> Option<Instant> {
        lock(&self.pace).pause_end()
    }

    /// What Flickr's answer that there are too many calls does: a pause for everybody, and half the pace.
    pub(super) fn throttled(&self, wait: Option<Duration>, first_pause: Duration) {
        lock(&self.pace).throttled(wait, first_pause);
    }

    fn of(supply: Supply) -> Self {
        Self {
            supply: Arc::new(Mutex::new(supply)),
            pace: Arc::new(SyncMutex::new(Pace::default())),
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Supply {
    /// Waits for the next call of this supply.
    async fn next(&mut self, pace: &SyncMutex<Pace>) -> Result<(), Error> {
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
                let stretched = interval.div_f64(lock(pace).factor());
                *due = (*due).max(Instant::now()) + stretched;
            }
            Self::Shared { grant, left, last } => {
                while *left == 0 {
                    *left = grant().await.map_err(|source| Error::Budget { source })?;
                    if *left == 0 {
                        sleep(NOTHING_GRANTED).await;
                    }
                }
                let factor = lock(pace).factor();
                if let Some(last) = last.filter(|_| factor < 1.0) {
                    sleep_until(last + SHARED_SPACING.div_f64(factor)).await;
                }
                *left -= 1;
                *last = Some(Instant::now());
            }
        }
        Ok(())
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

/// The pace is plain data, so that a panic elsewhere leaves it fit for use.
fn lock(pace: &SyncMutex<Pace>) -> std::sync::MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    /// How long `calls` calls take, in whole seconds of paused time.
    async fn seconds(budget: &Budget, calls: u32) -> u64 {
        let start = Instant::now();
        for _ in 0..calls {
            let _permit = budget.take().await.unwrap();
        }
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_means_no_wait() {
        assert_eq!(seconds(&Budget::unlimited(), 10_000).await, 0);
        assert_eq!(seconds(&Budget::paced(0, 1), 10_000).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_lets_a_burst_through_and_then_so_many_an_hour() {
        let budget = Budget::paced(3600, 5);
        assert_eq!(seconds(&budget, 5).await, 0);
        assert_eq!(seconds(&budget, 10).await, 10);
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(
            seconds(&budget, 5 + 10).await,
            10,
            "a long rest is worth one burst"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_calls_pause_everybody_and_halve_the_pace_which_comes_back() {
        let budget = Budget::paced(3600, 1);
        let _ = budget.take().await.unwrap();
        budget.throttled(None, PAUSE);
        let waited = seconds(&budget.clone(), 1).await;
        assert!((1..=2).contains(&waited), "{waited}");
        let slow = seconds(&budget, 10).await;
        assert!((17..=20).contains(&slow), "half the pace: {slow}");
        sleep(Duration::from_secs(100)).await;
        assert_eq!(
            seconds(&budget, 10).await,
            10 - 1,
            "the whole pace again, after one call saved up"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_calls_made_before_the_pause_do_not_halve_again() {
        let budget = Budget::unlimited();
        for _ in 0..16 {
            budget.throttled(None, PAUSE);
        }
        assert!(lock(&budget.pace).factor() > 0.49);
        assert!(seconds(&budget, 1).await <= 1);
    }

    #[tokio::test(start_paused = true)]
    async fn each_refusal_after_a_pause_doubles_the_next_one_to_a_limit() {
        let budget = Budget::unlimited();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            budget.throttled(None, PAUSE);
            pauses.push(seconds(&budget, 1).await);
        }
        assert!(pauses.is_sorted_by(|a, b| a <= b || *a >= 32), "{pauses:?}");
        assert!(
            pauses.iter().all(|pause| *pause <= 48) && pauses[11] >= 25,
            "{pauses:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_flickr_names_is_kept_but_not_for_ever() {
        let budget = Budget::unlimited();
        budget.throttled(Some(Duration::from_secs(42)), PAUSE);
        assert_eq!(seconds(&budget, 1).await, 42);
        budget.throttled(Some(Duration::from_secs(1_000_000)), PAUSE);
        assert_eq!(seconds(&budget, 1).await, 900);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_budget_is_asked_by_one_at_a_time_and_spends_what_it_was_granted() {
        let asked = Arc::new(AtomicU32::new(0));
        let asking = Arc::new(AtomicU32::new(0));
        let (count, busy) = (asked.clone(), asking.clone());
        let budget = Budget::shared(move || {
            let (count, busy) = (count.clone(), busy.clone());
            Box::pin(async move {
                assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0);
                sleep(Duration::from_secs(1)).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                // The second time there is nothing.
                Ok::<_, Cause>(if count.fetch_add(1, Ordering::SeqCst) == 1 {
                    0
                } else {
                    4
                })
            })
        });
        let start = Instant::now();
        let takers: Vec<_> = (0..8)
            .map(|_| budget.clone())
            .map(|budget| tokio::spawn(async move { budget.take().await }))
            .collect();
        for taker in takers {
            let _permit = taker.await.unwrap().unwrap();
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        assert_eq!(
            start.elapsed().as_secs(),
            4,
            "three grants of a second, and a second after the empty one"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_budget_keeps_its_calls_apart_while_flickr_asks_for_less() {
        let budget = Budget::shared(|| Box::pin(async { Ok::<_, Cause>(100) }));
        assert_eq!(seconds(&budget, 50).await, 0);
        budget.throttled(None, PAUSE);
        let slow = seconds(&budget, 10).await;
        assert!((17..=20).contains(&slow), "{slow}");
    }

    #[tokio::test]
    async fn a_shared_budget_that_cannot_be_asked_says_why() {
        let budget = Budget::shared(|| Box::pin(async { Err::<u32, _>("the queue is gone") }));
        let error = budget.take().await.unwrap_err();
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "the queue is gone"
        );
    }
}
