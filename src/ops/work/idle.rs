//! When a queue is finished: nothing waiting, delayed or in flight with anyone, seen often enough.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::ops::status::Tally;
use crate::queue::{Counts, Error, Queue};

/// How many checks in a row SQS must show nothing at all: its counts are approximate and lag.
const CHECKS: u32 = 4;

/// The time between two of these checks.
const BETWEEN: Duration = Duration::from_secs(2);

/// How long SQS must show nothing where what `populate` sent is more than what was finished or
/// failed: its counts are right a minute after the last change (GetQueueAttributes).
const LAG: Duration = Duration::from_secs(60);

/// What the lanes of a worker saw of their queue together.
#[derive(Debug)]
pub(super) struct IdleCheck {
    exact: bool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    empty: u32,
    /// Since when it looks empty.
    since: Option<Instant>,
    checked: Option<Instant>,
    finished: bool,
}

impl IdleCheck {
    /// One check is enough where counts are `exact`.
    pub(super) fn new(exact: bool) -> IdleCheck {
        IdleCheck {
            exact,
            seen: Mutex::default(),
        }
    }

    /// Asks the queue for its counts, unless that was done a moment ago; tells whether it is
    /// finished.
    pub(super) async fn check(&self, queue: &Queue) -> Result<bool, Error> {
        let mut seen = self.seen.lock().await;
        if seen.finished {
            return Ok(true);
        }
        if !self.exact
            && seen
                .checked
                .is_some_and(|checked| checked.elapsed() < BETWEEN)
        {
            return Ok(false);
        }
        let counts = queue.counts().await?;
        seen.checked = Some(Instant::now());
        if !is_empty(&counts) {
            (seen.empty, seen.since) = (0, None);
            return Ok(false);
        }
        seen.empty += 1;
        let since = *seen.since.get_or_insert_with(Instant::now);
        seen.finished = self.exact
            || since.elapsed() >= LAG
            // Notes cost a call of a kind that SQS allows only few of.
            || seen.empty.is_multiple_of(CHECKS) && is_accounted_for(queue, &counts).await?;
        Ok(seen.finished)
    }

    /// A message came: it is not finished, whatever the counts said.
    pub(super) async fn reset(&self) {
        let mut seen = self.seen.lock().await;
        (seen.empty, seen.since) = (0, None);
    }
}

/// Whether every message that `populate` sent was finished or failed, and it sends no more.
async fn is_accounted_for(queue: &Queue, counts: &Counts) -> Result<bool, Error> {
    let tally = Tally::of(&queue.run_history().await?, counts);
    Ok(tally.missing == 0 && tally.populating == 0)
}

fn is_empty(counts: &Counts) -> bool {
    counts.waiting + counts.in_flight + counts.delayed == 0
}
