//! How many lanes `--transfers auto` works with: more for as long as that makes it faster. Pure:
//! it is shown one window of time after another, and has no clock of its own.

use crate::monitor::Limit;

/// How many lanes there are at first.
pub(super) const FIRST: usize = 8;

/// There are never more: each takes two connections and up to a MiB.
const MOST: usize = 256;

/// What is gained must be at least this part of what was added; less is noise.
const WORTH: f64 = 0.25;

/// After a step back, so many windows pass before the next try: the world may have changed.
const REST: u32 = 24;

/// What was seen in one window of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// How much was done, in any unit.
    pub done: f64,
    /// Whether Flickr asked for fewer calls.
    pub throttled: bool,
    /// What held the lanes up.
    pub limit: Limit,
}

/// A climb up the hill of throughput.
#[derive(Debug)]
pub(super) struct Climb {
    lanes: usize,
    /// How many there were before the last step up, and how much they did.
    below: Option<(usize, f64)>,
    /// The window after a step is half of the old number and half of the new.
    settling: bool,
    rest: u32,
}

impl Climb {
    pub(super) fn new() -> Climb {
        Climb {
            lanes: FIRST,
            below: None,
            settling: true,
            rest: 0,
        }
    }

    /// Whether more lanes were tried a while ago and did not help.
    pub(super) fn is_at_the_top(&self) -> bool {
        self.rest > 0
    }

    /// How many lanes there shall be after this window.
    pub(super) fn next(&mut self, window: Window) -> usize {
        if window.throttled {
            self.step((self.lanes / 2).max(1), None, REST);
        } else if window.limit != Limit::Latency {
            // More lanes would only wait in another place, and what is measured says nothing.
            self.below = None;
            self.settling = true;
        } else if self.settling {
            self.settling = false;
        } else if let Some((lanes, done)) = self.below {
            let added = self.lanes as f64 / lanes as f64 - 1.0;
            let gained = window.done / done.max(f64::MIN_POSITIVE) - 1.0;
            if gained < added * WORTH {
                self.step(lanes, None, REST);
            } else {
                self.up(window.done);
            }
        } else if self.rest > 0 {
            self.rest -= 1;
        } else {
            self.up(window.done);
        }
        self.lanes
    }

    fn up(&mut self, done: f64) {
        let more = (self.lanes + self.lanes.div_ceil(2)).min(MOST);
        if more == self.lanes {
            self.step(more, None, REST);
        } else {
            self.step(more, Some((self.lanes, done)), 0);
        }
    }

    fn step(&mut self, lanes: usize, below: Option<(usize, f64)>, rest: u32) {
        *self = Climb {
            lanes,
            below,
            settling: true,
            rest,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lanes that help up to so many of them, and how many there are after each window.
    fn climb(enough: usize, windows: usize) -> Vec<usize> {
        let mut climb = Climb::new();
        let mut lanes = FIRST;
        let mut step = |_| {
            lanes = climb.next(Window {
                done: lanes.min(enough) as f64,
                throttled: false,
                limit: Limit::Latency,
            });
            lanes
        };
        (0..windows).map(&mut step).collect()
    }

    proptest! {
        #[test]
        fn it_ends_near_what_helps_and_never_far_above(enough in 1_usize..400) {
            let lanes = climb(enough, 400);
            let useful = enough.clamp(FIRST, MOST);
            let mut late = lanes[30..].to_vec();
            late.sort_unstable();
            let usual = late[late.len() / 2];
            prop_assert!(usual * 8 >= useful * 5, "{usual} of {useful}");
            prop_assert!(usual <= useful * 8 / 5 + 1, "{usual} of {useful}");
            prop_assert!(lanes.iter().all(|&lanes| lanes <= MOST));
        }

        #[test]
        fn nothing_but_latency_makes_it_grow(limits in prop::collection::vec(0..3, 1..100)) {
            let mut climb = Climb::new();
            for limit in limits {
                let limit = [Limit::Calls, Limit::Bandwidth, Limit::QueueEmpty][limit as usize];
                let window = Window { done: 1.0, throttled: false, limit };
                prop_assert_eq!(climb.next(window), FIRST);
            }
        }
    }

    #[test]
    fn a_throttled_window_halves_them_and_one_is_left() {
        let mut climb = Climb::new();
        let throttled = Window {
            done: 9.0,
            throttled: true,
            limit: Limit::Calls,
        };
        let lanes: Vec<usize> = (0..5).map(|_| climb.next(throttled)).collect();
        assert_eq!(lanes, [4, 2, 1, 1, 1]);
    }
}
