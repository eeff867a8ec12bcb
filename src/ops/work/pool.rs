//! The lanes of a worker together: as many as asked for, or as many as still make it faster.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Error;
use super::autoscale::{self, Climb, Window};
use super::lane::Lane;
use super::lane_stats::Samples;
use super::options::{Tally, Transfers};
use crate::monitor::{Event, Limit};

/// How often the lanes are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many looks are a window of the climb: long enough for some photos to end.
const WINDOW: u32 = 5;

/// What a photo counts beside its bytes: with small ones, latency is all that there is.
const PHOTO_BYTES: f64 = 256.0 * 1024.0;

/// The lanes, and what is known of them.
pub(super) struct Lanes {
    lane: Arc<Lane>,
    running: JoinSet<Result<Tally, Error>>,
    ticks: Interval,
    samples: Samples,
    said: Option<Limit>,
    /// Where their number is ours to choose.
    climb: Option<Climb>,
    looks: u32,
    /// What was done, and how often Flickr slowed us down, when the window began.
    before: (f64, u64),
}

impl Lanes {
    /// Starts the lanes that the options ask for.
    pub(super) fn start(lane: Arc<Lane>) -> Lanes {
        let (first, climb) = match lane.options.transfers {
            Transfers::Fixed(lanes) => (lanes.max(1), None),
            Transfers::Auto => (autoscale::FIRST, Some(Climb::new())),
        };
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut lanes = Lanes {
            lane,
            running: JoinSet::new(),
            ticks,
            samples: Samples::default(),
            said: None,
            climb,
            looks: 0,
            before: (0.0, 0),
        };
        lanes.want(first);
        lanes
    }

    /// How the next lane ended; `None` when all have. Their number is seen to meanwhile.
    pub(super) async fn next_end(&mut self) -> Option<Result<Result<Tally, Error>, JoinError>> {
        loop {
            tokio::select! {
                ended = self.running.join_next() => return ended,
                _ = self.ticks.tick() => self.look(),
            }
        }
    }

    fn look(&mut self) {
        let paced = self.lane.options.throttle.waiting();
        self.samples.add(self.lane.activity.sample(paced));
        let limit = self.limit();
        if self.said != Some(limit) {
            self.said = Some(limit);
            self.lane.monitor.event(Event::Limited { limit });
        }
        self.looks += 1;
        if self.looks.is_multiple_of(WINDOW) && !self.lane.over() && !self.lane.breaker.is_open() {
            self.adjust();
        }
    }

    /// Where more lanes did not help although they only wait for answers, the bytes are the limit.
    fn limit(&self) -> Limit {
        let at_the_top = self.climb.as_ref().is_some_and(Climb::is_at_the_top);
        if self.lane.breaker.is_open() {
            return Limit::Outage;
        }
        match self.samples.limit() {
            Limit::Latency if at_the_top => Limit::Bandwidth,
            limit => limit,
        }
    }

    /// Ends a window, and has more lanes or fewer.
    fn adjust(&mut self) {
        let (bytes, photos, throttled) = self.lane.activity.done();
        let done = bytes as f64 + photos as f64 * PHOTO_BYTES;
        let before = std::mem::replace(&mut self.before, (done, throttled));
        let window = Window {
            done: done - before.0,
            throttled: throttled > before.1,
            limit: self.samples.limit(),
        };
        if let Some(climb) = &mut self.climb {
            let lanes = climb.next(window);
            self.want(lanes);
        }
    }

    /// Starts lanes until there are so many; those beyond that end after the job in hand.
    fn want(&mut self, lanes: usize) {
        let lanes = lanes.min(self.lane.options.most_lanes);
        let before = self.lane.wanted.swap(lanes, Relaxed);
        if before != lanes {
            self.lane.monitor.event(Event::Lanes { lanes });
        }
        let more = |running| (running < lanes).then(|| running + 1);
        while self
            .lane
            .running
            .fetch_update(Relaxed, Relaxed, more)
            .is_ok()
        {
            let lane = Arc::clone(&self.lane);
            self.running.spawn(async move { lane.run().await });
        }
    }
}
