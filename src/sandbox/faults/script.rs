//! The script of faults: which of them fire for a call.

use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use crate::sandbox::faults::fault::{Fault, FaultKind};
use crate::sandbox::faults::injected::Injected;

/// A fault, and how often it was considered and fired.
#[derive(Debug, Clone, Serialize)]
pub struct Armed {
    #[serde(flatten)]
    fault: Fault,
    seen: u32,
    fired: u32,
}

impl Armed {
    fn fires(&mut self) -> bool {
        let number = self.seen;
        self.seen += 1;
        let exhausted = self.fault.times.is_some_and(|times| self.fired >= times);
        if number < self.fault.skip || exhausted || !self.is_chosen(number) {
            return false;
        }
        self.fired += 1;
        true
    }

    fn is_chosen(&self, number: u32) -> bool {
        let Some(percent) = self.fault.percent else {
            return true;
        };
        let roll = mix(self.fault.seed ^ mix(u64::from(number) + 1)) % 1_000_000;
        // A roll of at most a million is exact in a double.
        (roll as f64) < percent * 10_000.0
    }
}

/// SplitMix64's finaliser: neighbouring numbers get very different results.
fn mix(number: u64) -> u64 {
    let a = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

/// The script in force.
#[derive(Debug, Default)]
pub struct Script(Mutex<Vec<Armed>>);

impl Script {
    /// Replaces all faults.
    pub fn replace(&self, faults: Vec<Fault>) {
        let armed = faults.into_iter().map(|fault| Armed {
            fault,
            seen: 0,
            fired: 0,
        });
        *self.0.lock() = armed.collect();
    }

    /// The faults, with how often each was considered and fired.
    pub fn list(&self) -> Vec<Armed> {
        self.0.lock().clone()
    }

    /// The faults that fire for this call: delays add to the first other fault.
    pub fn fire(&self, call: &str) -> Injected {
        let mut injected = Injected::default();
        let mut script = self.0.lock();
        for armed in script.iter_mut().filter(|armed| armed.fault.covers(call)) {
            if injected.kind.is_some() || !armed.fires() {
                continue;
            }
            match &armed.fault.fault {
                FaultKind::Slow { delay_ms } => injected.delay += Duration::from_millis(*delay_ms),
                FaultKind::SlowBody { delay_ms } => {
                    injected.body_delay += Duration::from_millis(*delay_ms)
                }
                kind => injected.kind = Some(kind.clone()),
            }
        }
        injected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(script: &Script, call: &str, calls: usize) -> Vec<usize> {
        (0..calls)
            .filter(|_| script.fire(call).kind.is_some())
            .collect()
    }

    #[test]
    fn a_fault_skips_fires_and_is_exhausted() {
        let script = Script::default();
        let fault = Fault {
            skip: 2,
            ..Fault::new("upload", FaultKind::Throttle).times(2)
        };
        script.replace(vec![fault]);
        assert_eq!(fired(&script, "flickr.test.echo", 3), [] as [usize; 0]);
        assert_eq!(fired(&script, "upload", 6), [2, 3]);
    }

    #[test]
    fn a_fault_fires_for_a_share_of_the_calls_and_always_the_same_ones() {
        let script = Script::default();
        let fault = Fault {
            percent: Some(25.0),
            seed: 7,
            ..Fault::new("*", FaultKind::LoseAnswer)
        };
        script.replace(vec![fault.clone()]);
        let first = fired(&script, "upload", 400);
        script.replace(vec![fault]);
        assert_eq!(first, fired(&script, "upload", 400));
        assert!((60..140).contains(&first.len()), "{}", first.len());
    }
}
