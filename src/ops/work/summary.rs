//! What a run of `work` did, and why it ended.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Serialize, Serializer};

use crate::stop::Stop;

/// What a run did. Serialized, it is the JSON result of `work`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What its lanes did.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long it took; serialized in seconds, to the millisecond.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
    /// Why it ended.
    pub stopped: StopReason,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// How many jobs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Photos uploaded.
    pub uploaded: u64,
    /// How many of these are videos, which the target still processes, and may refuse afterwards.
    #[serde(skip)]
    pub videos: u64,
    /// Photos that were on the target already.
    pub already_there: u64,
    /// Attempts that failed, and whose jobs are on the queue again.
    pub retried: u64,
    /// Jobs that ended on the failed queue.
    pub failed: u64,
    /// Bytes of the photos uploaded.
    pub bytes: u64,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Nothing is waiting, delayed or in flight with anyone.
    Drained,
    /// It was asked to.
    Signal,
    /// No photo can succeed now: what to do next.
    Fatal(String),
}

impl Serialize for StopReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            StopReason::Drained => "drained",
            StopReason::Signal => "signal",
            StopReason::Fatal(_) => "halted",
        })
    }
}

/// Why the lanes stop, once one of them knows. The first reason stays.
#[derive(Debug, Clone, Default)]
pub(super) struct StopReasonSlot(Arc<Mutex<Option<StopReason>>>);

impl StopReasonSlot {
    pub(super) fn set(&self, reason: StopReason) {
        self.0.lock().get_or_insert(reason);
    }

    pub(super) fn is_drained(&self) -> bool {
        *self.0.lock() == Some(StopReason::Drained)
    }

    pub(super) fn is_fatal(&self) -> bool {
        matches!(*self.0.lock(), Some(StopReason::Fatal(_)))
    }

    /// The reason at the end of a run. Where no lane gave one, a signal did or nothing was left.
    pub(super) fn get(&self, stop: &Stop) -> StopReason {
        let reason = self.0.lock().clone();
        reason.unwrap_or(if stop.is_draining() {
            StopReason::Signal
        } else {
            StopReason::Drained
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_documented_json() -> serde_json::Result<()> {
        let summary = |stopped| Summary {
            tally: Tally {
                uploaded: 3,
                videos: 1,
                already_there: 2,
                retried: 4,
                failed: 5,
                bytes: 6,
            },
            elapsed: Duration::from_micros(1_234_567),
            stopped,
        };
        assert_eq!(
            serde_json::to_string(&summary(StopReason::Drained))?,
            r#"{"uploaded":3,"already_there":2,"retried":4,"failed":5,"bytes":6,"seconds":1.235,"stopped":"drained"}"#
        );
        let stopped =
            |reason| serde_json::to_value(summary(reason)).map(|json| json["stopped"].clone());
        assert_eq!(stopped(StopReason::Signal)?, "signal");
        assert_eq!(stopped(StopReason::Fatal("full".to_owned()))?, "halted");
        Ok(())
    }

    #[test]
    fn the_first_reason_stays() {
        let slot = StopReasonSlot::default();
        slot.set(StopReason::Fatal("full".to_owned()));
        slot.set(StopReason::Drained);
        assert!(slot.is_fatal() && !slot.is_drained());
        assert_eq!(slot.get(&Stop::new()), StopReason::Fatal("full".to_owned()));
    }
}
