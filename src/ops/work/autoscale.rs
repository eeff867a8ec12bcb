//! How many lanes `--transfers auto` works with: more for as long as that makes it faster. Pure:
//! it is shown one window of time after another, and has no clock of its own.

use crate::monitor::Limit;

/// The number of lanes at first.
pub(super) const INITIAL_LANES: usize = 8;

/// The most lanes: each takes two connections and up to a MiB.
const MAX_LANES: usize = 256;

/// The least gain in throughput, as a part of the lanes that were added; less is noise.
const MIN_GAIN: f64 = 0.25;

/// How many windows pass between a step back and the next try: conditions may have changed.
const COOLDOWN: u32 = 24;

/// What was seen in one window of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// How much was done, in any unit.
    pub done: f64,
    /// Whether the target asked for fewer calls.
    pub throttled: bool,
    /// What held the lanes grow.
    pub limit: Limit,
}

/// A search for the number of lanes above which throughput does not grow.
#[derive(Debug)]
pub(super) struct Autoscaler {
    lanes: usize,
    /// The number of lanes before the last step up, and what they did in a window.
    previous: Option<(usize, f64)>,
    /// The window after a step is half of the old number and half of the new.
    settling: bool,
    cooldown: u32,
}

impl Autoscaler {
    pub(super) fn new() -> Autoscaler {
        Autoscaler {
            lanes: INITIAL_LANES,
            previous: None,
            settling: true,
            cooldown: 0,
        }
    }

    /// Whether more lanes were tried a while ago and did not help.
    pub(super) fn is_saturated(&self) -> bool {
        self.cooldown > 0
    }

    /// How many lanes there shall be after this window.
    pub(super) fn next(&mut self, window: Window) -> usize {
        if window.throttled {
            self.resize((self.lanes / 2).max(1), None, COOLDOWN);
        } else if window.limit != Limit::Latency {
            // More lanes would only wait in another place, and what is measured says nothing.
            self.previous = None;
            self.settling = true;
        } else if self.settling {
            self.settling = false;
        } else if let Some((lanes, done)) = self.previous {
            let added = self.lanes as f64 / lanes as f64 - 1.0;
            let gained = window.done / done.max(f64::MIN_POSITIVE) - 1.0;
            if gained < added * MIN_GAIN {
                self.resize(lanes, None, COOLDOWN);
            } else {
                self.grow(window.done);
            }
        } else if self.cooldown > 0 {
            self.cooldown -= 1;
        } else {
            self.grow(window.done);
        }
        self.lanes
    }

    fn grow(&mut self, done: f64) {
        let more = (self.lanes + self.lanes.div_ceil(2)).min(MAX_LANES);
        if more == self.lanes {
            self.resize(more, None, COOLDOWN);
        } else {
            self.resize(more, Some((self.lanes, done)), 0);
        }
    }

    fn resize(&mut self, lanes: usize, previous: Option<(usize, f64)>, cooldown: u32) {
        *self = Autoscaler {
            lanes,
            previous,
            settling: true,
            cooldown,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The number of lanes after each window, where more than `enough` lanes do not help.
    fn lanes_over_time(enough: usize, windows: usize) -> Vec<usize> {
        let mut scaler = Autoscaler::new();
        let mut lanes = INITIAL_LANES;
        let mut resize = |_| {
            lanes = scaler.next(Window {
                done: lanes.min(enough) as f64,
                throttled: false,
                limit: Limit::Latency,
            });
            lanes
        };
        (0..windows).map(&mut resize).collect()
    }

    proptest! {
        #[test]
        fn it_ends_near_what_helps_and_never_far_above(enough in 1_usize..400) {
            let lanes = lanes_over_time(enough, 400);
            let useful = enough.clamp(INITIAL_LANES, MAX_LANES);
            let mut late = lanes[30..].to_vec();
            late.sort_unstable();
            let usual = late[late.len() / 2];
            prop_assert!(usual * 8 >= useful * 5, "{usual} of {useful}");
            prop_assert!(usual <= useful * 8 / 5 + 1, "{usual} of {useful}");
            prop_assert!(lanes.iter().all(|&lanes| lanes <= MAX_LANES));
        }

        #[test]
        fn nothing_but_latency_makes_it_grow(limits in prop::collection::vec(0..3, 1..100)) {
            let mut scaler = Autoscaler::new();
            for limit in limits {
                let limit = [Limit::Calls, Limit::Bandwidth, Limit::QueueEmpty][limit as usize];
                let window = Window { done: 1.0, throttled: false, limit };
                prop_assert_eq!(scaler.next(window), INITIAL_LANES);
            }
        }
    }

    #[test]
    fn a_throttled_window_halves_them_and_one_is_left() {
        let mut scaler = Autoscaler::new();
        let throttled = Window {
            done: 9.0,
            throttled: true,
            limit: Limit::Calls,
        };
        let lanes: Vec<usize> = (0..5).map(|_| scaler.next(throttled)).collect();
        assert_eq!(lanes, [4, 2, 1, 1, 1]);
    }
}
