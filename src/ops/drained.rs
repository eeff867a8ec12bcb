//! When a queue is finished: nothing waiting, delayed or in flight with anyone, seen often enough.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::queue::{Counts, Error, Queue};

/// How often in a row SQS must show nothing at all: its counts are approximate and lag.
const LOOKS: u32 = 4;

/// The time between two of these looks.
const BETWEEN: Duration = Duration::from_secs(2);

/// What the lanes of a worker saw of their queue together.
#[derive(Debug)]
pub(super) struct Drained {
    needed: u32,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    empty: u32,
    looked: Option<Instant>,
}

impl Drained {
    /// One look is enough where counts are exact.
    pub(super) fn new(exact: bool) -> Drained {
        Drained {
            needed: if exact { 1 } else { LOOKS },
            seen: Mutex::default(),
        }
    }

    /// Looks at the queue, unless that was done a moment ago; tells whether it is finished.
    pub(super) async fn look(&self, queue: &Queue) -> Result<bool, Error> {
        let mut seen = self.seen.lock().await;
        if seen.empty >= self.needed {
            return Ok(true);
        }
        if self.needed > 1 && seen.looked.is_some_and(|looked| looked.elapsed() < BETWEEN) {
            return Ok(false);
        }
        let counts = queue.counts().await?;
        seen.looked = Some(Instant::now());
        seen.empty = if is_empty(&counts) { seen.empty + 1 } else { 0 };
        Ok(seen.empty >= self.needed)
    }

    /// A message came: it is not finished, whatever the counts said.
    pub(super) async fn not_yet(&self) {
        self.seen.lock().await.empty = 0;
    }
}

fn is_empty(counts: &Counts) -> bool {
    counts.waiting + counts.in_flight + counts.delayed == 0
}
