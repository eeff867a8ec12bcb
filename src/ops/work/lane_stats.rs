//! What the lanes of a worker are doing now, and which limit holds them up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::monitor::Limit;
use crate::store::ByteCount;

/// What a lane does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing {
    /// It waits for the right to make a call.
    AwaitingCall,
    /// It waits for a message.
    AwaitingJob,
    /// It has a job in hand.
    Transferring,
}

/// How many lanes do what now, and what they did so far. They share it.
#[derive(Debug, Default)]
pub struct Activity {
    awaiting_call: AtomicUsize,
    awaiting_job: AtomicUsize,
    transferring: AtomicUsize,
    read: ByteCount,
    photos: AtomicU64,
    throttled: AtomicU64,
}

impl Activity {
    /// A lane does this until the answer is dropped.
    pub(super) fn begin(&self, doing: Doing) -> Begun<'_> {
        let count = match doing {
            Doing::AwaitingCall => &self.awaiting_call,
            Doing::AwaitingJob => &self.awaiting_job,
            Doing::Transferring => &self.transferring,
        };
        count.fetch_add(1, Ordering::Relaxed);
        Begun(count)
    }

    /// Where the bytes that come from sources are counted.
    pub(super) fn bytes_read(&self) -> &ByteCount {
        &self.read
    }

    /// A photo is done.
    pub(super) fn photo(&self) {
        self.photos.fetch_add(1, Ordering::Relaxed);
    }

    /// Flickr asked for fewer calls.
    pub(super) fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// What is done by now: bytes, photos, and how often it was throttled.
    pub(super) fn done(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (self.read.get(), read(&self.photos), read(&self.throttled))
    }

    /// A look at the lanes, of which so many wait for bandwidth.
    pub(super) fn sample(&self, paced: usize) -> Sample {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        Sample {
            awaiting_call: read(&self.awaiting_call),
            awaiting_job: read(&self.awaiting_job),
            transferring: read(&self.transferring),
            paced,
        }
    }
}

/// Something that a lane does, until it is dropped.
pub(super) struct Begun<'a>(&'a AtomicUsize);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many lanes did what at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    pub awaiting_call: usize,
    pub awaiting_job: usize,
    pub transferring: usize,
    /// Those of the transferring that wait for bandwidth.
    pub paced: usize,
}

/// The looks of a moving window.
#[derive(Debug, Default)]
pub(super) struct Samples(VecDeque<Sample>);

impl Samples {
    /// How many looks make the window.
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
        let calls = sum(|sample| sample.awaiting_call);
        let jobs = sum(|sample| sample.awaiting_job);
        let transfers = sum(|sample| sample.transferring);
        let paced = sum(|sample| sample.paced);
        let all = calls + jobs + transfers;
        if calls * 8 >= all.max(1) {
            Limit::Calls
        } else if jobs * 2 > all {
            Limit::QueueEmpty
        } else if paced * 4 >= transfers.max(1) {
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
        awaiting_call: usize,
        awaiting_job: usize,
        transferring: usize,
        paced: usize,
    ) -> Limit {
        let mut samples = Samples::default();
        // What was long ago does not count.
        (0..100).for_each(|_| samples.add(Sample::default()));
        let now = Sample {
            awaiting_call,
            awaiting_job,
            transferring,
            paced,
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
        let activity = Activity::default();
        let begun = [Doing::AwaitingCall, Doing::Transferring].map(|doing| activity.begin(doing));
        let sample = activity.sample(0);
        assert_eq!((sample.awaiting_call, sample.transferring), (1, 1));
        drop(begun);
        let sample = activity.sample(0);
        assert_eq!((sample.awaiting_call, sample.transferring), (0, 0));
    }
}
