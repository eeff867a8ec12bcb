//! How much slower than the budget allows, after Flickr said that there were too many calls.

use std::time::Duration;

use tokio::time::Instant;

use crate::flickr::random;

/// It never goes slower than this part of the full rate.
const LEAST: f64 = 1.0 / 64.0;
/// How much of the full rate comes back with each quiet second: from the half to the whole in 80
/// seconds.
const BACK_PER_SECOND: f64 = 1.0 / 160.0;
/// The longest pause, whatever Flickr asks for: a worker that waits must look again now and then.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// How fast it goes, of what the budget would allow: additive increase, multiplicative decrease.
#[derive(Default)]
pub(super) struct Slowdown {
    /// Since when the rate comes back, and the part of it that was left then.
    slowed: Option<(Instant, f64)>,
    paused_until: Option<Instant>,
}

impl Slowdown {
    /// The part of the full rate to go at now, from [`LEAST`] to 1.
    pub(super) fn factor(&self) -> f64 {
        self.slowed.map_or(1.0, |(since, factor)| {
            (factor + since.elapsed().as_secs_f64() * BACK_PER_SECOND).min(1.0)
        })
    }

    /// When the pause ends, if there is one now.
    pub(super) fn pause_end(&self) -> Option<Instant> {
        self.paused_until.filter(|end| *end > Instant::now())
    }

    /// Pauses, for `wait` at least if Flickr named one. One refusal halves the rate; those that come
    /// while everybody is paused already answer calls made before, and only lengthen the pause if
    /// they say so.
    pub(super) fn throttled(&mut self, wait: Option<Duration>, first_pause: Duration) {
        let mut pause = wait.unwrap_or_default();
        let mut factor = self.factor();
        if self.pause_end().is_none() {
            factor = (factor / 2.0).max(LEAST);
            // 1, 2, 4 ... times the first, as the rate goes down; up to half more, so that machines
            // part ways.
            pause = pause.max(first_pause.mul_f64(0.5 / factor * (1.0 + random() / 2.0)));
        }
        let end = Instant::now() + pause.min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(Some(end));
        // A pause is quiet by itself; only what is quiet after it counts.
        self.slowed = self.paused_until.map(|end| (end, factor));
    }
}
