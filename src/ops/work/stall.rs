//! Tells the user when no lane moves a photo, and what all of them wait for.

use std::time::Duration;

use tokio::time::Instant;

use super::lane_stats::Sample;
use crate::monitor::{Event, Wait};

/// A shorter wait is not worth a word.
const PATIENCE: Duration = Duration::from_secs(2);

/// A call that is due later by no more than this is no news.
const SLACK: Duration = Duration::from_secs(1);

/// What the lanes wait for, from one sample to the next.
#[derive(Debug, Default)]
pub(super) struct StallWatch {
    /// Since when nothing moves.
    since: Option<Instant>,
    reported: Option<Reported>,
}

/// What the user was told last.
#[derive(Debug, Clone, Copy)]
struct Reported {
    wait: Wait,
    /// When the next call is due.
    due: Option<Instant>,
}

/// What all lanes wait for, if they do; `next_call` is how long until there may be a call.
pub(super) fn wait_of(sample: Sample, next_call: Option<Duration>) -> Option<Wait> {
    if sample.transferring > 0 {
        None
    } else if sample.awaiting_slot > 0 {
        Some(Wait::Call { next_call })
    } else if sample.awaiting_job > 0 {
        Some(Wait::Message)
    } else {
        None
    }
}

impl StallWatch {
    /// What to tell after a sample; `None` where the user knows.
    pub(super) fn after(&mut self, wait: Option<Wait>, now: Instant) -> Option<Event> {
        let Some(wait) = wait else {
            self.since = None;
            return self.reported.take().map(|_| Event::Stalled { wait: None });
        };
        let since = *self.since.get_or_insert(now);
        let due = match wait {
            Wait::Call { next_call } => next_call.map(|next_call| now + next_call),
            Wait::Message => None,
        };
        if now - since < PATIENCE || self.is_reported(wait, due) {
            return None;
        }
        self.reported = Some(Reported { wait, due });
        Some(Event::Stalled { wait: Some(wait) })
    }

    fn is_reported(&self, wait: Wait, due: Option<Instant>) -> bool {
        self.reported.is_some_and(|before| {
            let is_same = std::mem::discriminant(&before.wait) == std::mem::discriminant(&wait);
            // What is not known says nothing new.
            let is_later = due.is_some_and(|due| before.due.is_none_or(|told| due > told + SLACK));
            is_same && !is_later
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(seconds: u64) -> Option<Wait> {
        let next_call = Some(Duration::from_secs(seconds));
        Some(Wait::Call { next_call })
    }

    /// What is told at each of these seconds, after a sample with this wait.
    fn told(waits: &[Option<Wait>]) -> Vec<(usize, Option<Wait>)> {
        let (mut watch, start) = (StallWatch::default(), Instant::now());
        let mut told = Vec::new();
        for (second, wait) in waits.iter().enumerate() {
            let now = start + Duration::from_secs(second as u64);
            if let Some(Event::Stalled { wait }) = watch.after(*wait, now) {
                told.push((second, wait));
            }
        }
        told
    }

    #[test]
    fn a_wait_is_told_once_and_so_is_its_end() {
        let waits = [call(30), call(29), call(28), call(27), call(26), None, None];
        assert_eq!(told(&waits), [(2, call(28)), (5, None)]);
    }

    #[test]
    fn a_call_that_is_due_later_than_was_told_is_told_again() {
        let waits = [call(3), call(2), call(1), call(60), call(59)];
        assert_eq!(told(&waits), [(2, call(1)), (3, call(60))]);
    }

    #[test]
    fn what_is_waited_for_may_change() {
        let message = Some(Wait::Message);
        let waits = [message, message, message, message, call(9), call(8)];
        assert_eq!(told(&waits), [(2, message), (4, call(9))]);
    }

    #[test]
    fn short_waits_between_photos_are_not_told() {
        let waits = [call(1), call(1), None, call(1), call(1), None];
        assert_eq!(told(&waits), []);
    }

    #[test]
    fn lanes_wait_together_only_where_none_has_a_photo() {
        let sample = |awaiting_slot, awaiting_job, transferring| Sample {
            awaiting_slot,
            awaiting_job,
            transferring,
            throttled: 0,
        };
        assert_eq!(wait_of(sample(15, 0, 1), None), None);
        let unknown = Some(Wait::Call { next_call: None });
        assert_eq!(wait_of(sample(1, 15, 0), None), unknown);
        assert_eq!(wait_of(sample(0, 16, 0), None), Some(Wait::Message));
        assert_eq!(wait_of(sample(0, 0, 0), None), None);
    }
}
