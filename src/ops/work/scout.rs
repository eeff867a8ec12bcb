//! Who asks a queue that showed nothing: one lane for all, and with no call in hand.
//!
//! Calls that idle lanes held would all be made at once when work comes, and would be missing
//! to others of the key meanwhile; and sixty lanes learn no more from an empty queue than one.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::{Mutex, MutexGuard};

/// What the lanes of a worker know of their queue, and whose turn it is to ask.
#[derive(Debug, Default)]
pub(super) struct Scout {
    empty: AtomicBool,
    turn: Mutex<()>,
}

impl Scout {
    /// Whether the queue had no message when it was asked last.
    pub(super) fn is_needed(&self) -> bool {
        self.empty.load(Relaxed)
    }

    /// Waits for the turn to ask; `None` where another found a message meanwhile.
    pub(super) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let turn = self.turn.lock().await;
        self.is_needed().then_some(turn)
    }

    /// The queue was asked, and a message was found or not.
    pub(super) fn asked(&self, found: bool) {
        self.empty.store(!found, Relaxed);
    }
}
