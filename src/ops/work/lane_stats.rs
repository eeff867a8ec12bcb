//! What the lanes of a worker are doing now, and which limit holds them up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::monitor::Limit;
use crate::store::ByteCount;

/// What a lane is doing.
#[derive(Debug, Clone, Copy)]
pub(super) enum LaneState {
    /// It waits for the right to write a file.
    AwaitingSlot,
    /// It waits for a message.
    AwaitingJob,
    /// It has a job in hand.
    Transferring,
}

/// How many lanes are in which state, and what they did so far. All lanes share one.
#[derive(Debug, Default)]
pub(super) struct LaneStats {
    awaiting_slot: AtomicUsize,
    awaiting_job: AtomicUsize,
    transferring: AtomicUsize,
    read: ByteCount,
    photos: AtomicU64,
    throttled: AtomicU64,
}

impl LaneStats {
    /// A lane is in this state until the guard is dropped.
    pub(super) fn enter(&self, state: LaneState) -> CountGuard<'_> {
        let count = match state {
            LaneState::AwaitingSlot => &self.awaiting_slot,
            LaneState::AwaitingJob => &self.awaiting_job,
            LaneState::Transferring => &self.transferring,
        };
        count.fetch_add(1, Ordering::Relaxed);
        CountGuard(count)
    }

    /// Where the bytes that come from sources are counted.
    pub(super) fn bytes_read(&self) -> &ByteCount {
        &self.read
    }

    /// A photo is done.
    pub(super) fn count_photo(&self) {
        self.photos.fetch_add(1, Ordering::Relaxed);
    }

    /// The target asked for fewer calls.
    pub(super) fn count_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// What is done by now: bytes, photos, and the number of times that it was throttled.
    pub(super) fn done(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (self.read.get(), read(&self.photos), read(&self.throttled))
    }

    /// Samples the lanes' states; `throttled` lanes wait for bandwidth.
    pub(super) fn sample(&self, throttled: usize) -> Sample {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Sample {
            awaiting_slot: read(&self.awaiting_slot),
            awaiting_job: read(&self.awaiting_job),
            transferring: read(&self.transferring),
            throttled,
        }
    }
}

/// Counts a lane in one state until it is dropped.
pub(super) struct CountGuard<'a>(&'a AtomicUsize);

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many lanes were in which state at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub awaiting_slot: usize,
    pub awaiting_job: usize,
    pub transferring: usize,
    /// Those of the transferring that wait for bandwidth.
    pub throttled: usize,
}

/// The samples of a moving window.
#[derive(Debug, Default)]
pub(super) struct Samples(VecDeque<Sample>);

impl Samples {
    /// The number of samples in the window.
    const MOST: usize = 30;

    pub(super) fn add(&mut self, sample: Sample) {
        if self.0.len() == Samples::MOST {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The limit that binds. A budget that binds makes lanes wait before they take a message, be
    /// they few; a message is waited for a little even where there are many.
    pub(super) fn limit(&self) -> Limit {
        let sum = |part: fn(&Sample) -> usize| self.0.iter().map(part).sum::<usize>();
        let calls = sum(|sample| sample.awaiting_slot);
        let jobs = sum(|sample| sample.awaiting_job);
        let transfers = sum(|sample| sample.transferring);
        let throttled = sum(|sample| sample.throttled);
        let all = calls + jobs + transfers;
        if calls * 8 >= all.max(1) {
            Limit::Calls
        } else if jobs * 2 > all {
            Limit::QueueEmpty
        } else if throttled * 4 >= transfers.max(1) {
            Limit::Bandwidth
        } else {
            Limit::Latency
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(
        awaiting_slot: usize,
        awaiting_job: usize,
        transferring: usize,
        throttled: usize,
    ) -> Limit {
        let mut samples = Samples::default();
        // What was long ago does not count.
        (0..100).for_each(|_| samples.add(Sample::default()));
        let now = Sample {
            awaiting_slot,
            awaiting_job,
            transferring,
            throttled,
        };
        (0..Samples::MOST).for_each(|_| samples.add(now));
        samples.limit()
    }

    #[test]
    fn what_the_lanes_wait_for_is_the_limit() {
        assert_eq!(limit(14, 0, 2, 0), Limit::Calls);
        assert_eq!(limit(3, 0, 13, 0), Limit::Calls);
        assert_eq!(limit(0, 1, 15, 0), Limit::Latency);
        assert_eq!(limit(0, 15, 1, 0), Limit::QueueEmpty);
        assert_eq!(limit(0, 0, 16, 12), Limit::Bandwidth);
        assert_eq!(Samples::default().limit(), Limit::Latency);
    }

    #[test]
    fn what_a_lane_does_ends_with_the_value() {
        let stats = LaneStats::default();
        let guards =
            [LaneState::AwaitingSlot, LaneState::Transferring].map(|state| stats.enter(state));
        let sample = stats.sample(0);
        assert_eq!((sample.awaiting_slot, sample.transferring), (1, 1));
        drop(guards);
        let sample = stats.sample(0);
        assert_eq!((sample.awaiting_slot, sample.transferring), (0, 0));
    }
}
