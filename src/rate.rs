//! A leaky bucket as a pure value: how many calls, or bytes, may pass, and when.
//!
//! What passes is poured into the bucket and leaks out evenly. Amounts are told by the time they
//! take to leak out: at 3,600 calls an hour one call costs a second, at 1 MB/s a byte costs a
//! microsecond. What does not fit has to wait. A deep bucket lets a burst through after a rest; one
//! of depth zero saves nothing up, so that what passes is evenly spaced.
//!
//! It has no clock. Times are spans since any one moment, the same for all calls on one bucket: the
//! start of a process, or 1970 for a bucket that several processes share in a file. (This is the
//! generic cell rate algorithm, GCRA; `empty_at` is its theoretical arrival time.)

use std::time::Duration;

/// A bucket and what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeakyBucket {
    depth: Duration,
    empty_at: Duration,
}

impl LeakyBucket {
    /// An empty bucket in which `depth` worth of costs has room at once.
    pub fn new(depth: Duration) -> LeakyBucket {
        LeakyBucket {
            depth,
            empty_at: Duration::ZERO,
        }
    }

    /// A bucket as it was kept: `empty_at` is what [`LeakyBucket::empty_at`] said then.
    ///
    /// It is full at most: should the clock have been set back since, nobody waits longer than
    /// the depth for it.
    pub fn restore(depth: Duration, empty_at: Duration, now: Duration) -> LeakyBucket {
        LeakyBucket {
            depth,
            empty_at: empty_at.min(now.saturating_add(depth)),
        }
    }

    /// When all that was poured in so far will have leaked out.
    pub fn empty_at(&self) -> Duration {
        self.empty_at
    }

    /// How long to wait until `cost` fits. What costs more than the bucket is deep passes once the
    /// bucket is empty.
    pub fn wait(&self, cost: Duration, now: Duration) -> Duration {
        let before = self.depth.saturating_sub(cost);
        self.empty_at.saturating_sub(before).saturating_sub(now)
    }

    /// How many times `cost` fits now, one after the other.
    pub fn room(&self, cost: Duration, now: Duration) -> u64 {
        let level = self.empty_at.saturating_sub(now);
        let free = self.depth.saturating_sub(level);
        let times = free.as_nanos() / cost.as_nanos().max(1);
        u64::try_from(times).unwrap_or(u64::MAX)
    }

    /// Pours `cost` in, whether it fits or not.
    pub fn pour(&mut self, cost: Duration, now: Duration) {
        self.empty_at = self.empty_at.max(now).saturating_add(cost);
    }

    /// Pours `cost` in and tells how long to wait before what it stands for may pass: a place in
    /// line, for those who will wait it out in any case.
    pub fn reserve(&mut self, cost: Duration, now: Duration) -> Duration {
        let wait = self.wait(cost, now);
        self.pour(cost, now);
        wait
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// The costs of what is asked for, and the pauses between.
    fn asks() -> impl Strategy<Value = Vec<(Duration, Duration)>> {
        let cost = (1u64..2_000).prop_map(millis);
        let pause = prop_oneof![Just(Duration::ZERO), (0u64..5_000).prop_map(millis)];
        prop::collection::vec((cost, pause), 1..60)
    }

    /// What passes when each waits for its turn: when, and its cost.
    fn passed(
        bucket: &mut LeakyBucket,
        asks: &[(Duration, Duration)],
    ) -> Vec<(Duration, Duration)> {
        let mut now = millis(1_000_000);
        let mut passed = Vec::new();
        for (cost, pause) in asks {
            now += *pause;
            now += bucket.wait(*cost, now);
            assert_eq!(bucket.wait(*cost, now), Duration::ZERO, "waited enough");
            bucket.pour(*cost, now);
            passed.push((now, *cost));
        }
        passed
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_its_share_and_one_depth(
            depth in (0u64..10_000).prop_map(millis),
            asks in asks(),
        ) {
            let passed = passed(&mut LeakyBucket::new(depth), &asks);
            for (first, (from, _)) in passed.iter().enumerate() {
                let mut costs = Duration::ZERO;
                for (at, cost) in &passed[first..] {
                    // The last one leaks out after the stretch, however deep the bucket is.
                    prop_assert!(costs <= *at - *from + depth.saturating_sub(*cost));
                    costs += *cost;
                }
            }
        }

        #[test]
        fn nobody_waits_longer_than_what_was_poured_in_takes_to_leak_out(
            depth in (0u64..10_000).prop_map(millis),
            asks in asks(),
        ) {
            let mut bucket = LeakyBucket::new(depth);
            let now = millis(1_000_000);
            let mut before = Duration::ZERO;
            for (cost, _) in asks {
                let wait = bucket.reserve(cost, now);
                prop_assert_eq!(wait, before.saturating_sub(depth.saturating_sub(cost)));
                before += cost;
                prop_assert_eq!(bucket.empty_at(), now + before);
            }
        }

        #[test]
        fn as_many_fit_as_can_be_poured_in_without_a_wait(
            cost in (1u64..2_000).prop_map(millis),
            depth in (0u64..10_000).prop_map(millis),
            level in (0u64..12_000).prop_map(millis),
        ) {
            let now = millis(1_000_000);
            let mut bucket = LeakyBucket::new(depth);
            bucket.pour(level, now);
            let room = bucket.room(cost, now);
            for _ in 0..room {
                prop_assert_eq!(bucket.wait(cost, now), Duration::ZERO);
                bucket.pour(cost, now);
            }
            prop_assert_eq!(bucket.room(cost, now), 0);
        }

        #[test]
        fn a_clock_that_was_set_back_costs_one_depth_at_most(
            depth in (0u64..10_000).prop_map(millis),
            cost in (1u64..2_000).prop_map(millis),
            ahead in (0u64..u64::MAX / 2_000).prop_map(millis),
        ) {
            let now = millis(1_000_000);
            let bucket = LeakyBucket::restore(depth, now + ahead, now);
            prop_assert!(bucket.wait(cost, now) <= depth);
            prop_assert!(bucket.empty_at() <= now + ahead);
        }
    }

    #[test]
    fn a_bucket_of_depth_zero_saves_nothing_up() {
        let mut bucket = LeakyBucket::new(Duration::ZERO);
        let second = Duration::from_secs(1);
        assert_eq!(bucket.reserve(second, 10 * second), Duration::ZERO);
        assert_eq!(bucket.reserve(second, 10 * second), second);
        assert_eq!(bucket.reserve(second, 99 * second), Duration::ZERO);
        assert_eq!(bucket.wait(second, 99 * second), second);
    }
}
