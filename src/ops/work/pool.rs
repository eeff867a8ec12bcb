//! The lanes of a worker together: as many as asked for, or as many as still make it faster.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Error;
use super::autoscale::{Autoscaler, INITIAL_LANES, Window};
use super::lane::Lane;
use super::lane_stats::{Sample, Samples};
use super::options::Transfers;
use super::stall::{self, StallWatch};
use super::worker::Worker;
use crate::monitor::{Event, Limit};

/// The time between two samples of the lanes.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// The number of samples in a window of the autoscaler: long enough for some photos to end.
const SAMPLES_PER_WINDOW: u32 = 5;

/// What a photo counts beside its own bytes: with small ones, latency is all that counts.
const PHOTO_BYTES: f64 = 256.0 * 1024.0;

/// The lanes, and what is known of them.
pub(super) struct Pool {
    worker: Arc<Worker>,
    running: JoinSet<Result<(), Error>>,
    ticks: Interval,
    samples: Samples,
    stall: StallWatch,
    reported: Option<Limit>,
    /// Where their number is ours to choose.
    scaler: Option<Autoscaler>,
    samples_taken: u32,
    /// What was done, and the number of times that the target slowed us down, when the window began.
    before: (f64, u64),
}

impl Pool {
    /// Starts the lanes that the options ask for.
    pub(super) fn start(worker: Arc<Worker>) -> Pool {
        let (first, scaler) = match worker.options.transfers {
            Transfers::Fixed(lanes) => (lanes.max(1), None),
            Transfers::Auto => (INITIAL_LANES, Some(Autoscaler::new())),
        };
        let mut ticks = interval(SAMPLE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut lanes = Pool {
            worker,
            running: JoinSet::new(),
            ticks,
            samples: Samples::default(),
            stall: StallWatch::default(),
            reported: None,
            scaler,
            samples_taken: 0,
            before: (0.0, 0),
        };
        lanes.resize(first);
        lanes
    }

    /// How the next lane ended; `None` when all have. Their number is seen to meanwhile.
    pub(super) async fn next_ended(&mut self) -> Option<Result<Result<(), Error>, JoinError>> {
        loop {
            tokio::select! {
                ended = self.running.join_next() => return ended,
                _ = self.ticks.tick() => self.sample(),
            }
        }
    }

    fn sample(&mut self) {
        let throttled = self.worker.options.throttle.waiting();
        let sample = self.worker.stats.sample(throttled);
        self.samples.add(sample);
        self.tell_stall(sample);
        let limit = self.limit();
        if self.reported != Some(limit) {
            self.reported = Some(limit);
            self.worker.monitor.event(Event::Limited { limit });
        }
        self.samples_taken += 1;
        if self.samples_taken.is_multiple_of(SAMPLES_PER_WINDOW)
            && !self.worker.is_finished()
            && !self.worker.breaker.is_open()
        {
            self.adjust();
        }
    }

    /// Tells what all lanes wait for, where that is news. An outage is told by the breaker.
    fn tell_stall(&mut self, sample: Sample) {
        let next_call = self.worker.next_slot();
        let wait = stall::wait_of(sample, next_call).filter(|_| !self.worker.breaker.is_open());
        if let Some(event) = self.stall.after(wait, Instant::now()) {
            self.worker.monitor.event(event);
        }
    }

    /// Where more lanes did not help although they only wait for answers, the bytes are the limit.
    fn limit(&self) -> Limit {
        let is_saturated = self.scaler.as_ref().is_some_and(Autoscaler::is_saturated);
        if self.worker.breaker.is_open() {
            return Limit::Outage;
        }
        match self.samples.limit() {
            Limit::Latency if is_saturated => Limit::Bandwidth,
            limit => limit,
        }
    }

    /// Ends a window, and has more lanes or fewer.
    fn adjust(&mut self) {
        let (bytes, photos, throttled) = self.worker.stats.done();
        let done = bytes as f64 + photos as f64 * PHOTO_BYTES;
        let before = std::mem::replace(&mut self.before, (done, throttled));
        let window = Window {
            done: done - before.0,
            throttled: throttled > before.1,
            limit: self.samples.limit(),
        };
        if let Some(scaler) = &mut self.scaler {
            let lanes = scaler.next(window);
            self.resize(lanes);
        }
    }

    /// Starts lanes until there are `lanes`; those above that number end after the job in hand.
    fn resize(&mut self, lanes: usize) {
        let lanes = lanes.min(self.worker.options.most_lanes);
        let before = self.worker.wanted.swap(lanes, Relaxed);
        if before != lanes {
            self.worker.monitor.event(Event::Lanes { lanes });
        }
        let more = |running| (running < lanes).then(|| running + 1);
        while self
            .worker
            .running
            .fetch_update(Relaxed, Relaxed, more)
            .is_ok()
        {
            let lane = Lane::new(&self.worker);
            self.running.spawn(lane.run());
        }
    }
}
