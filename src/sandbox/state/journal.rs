//! The journal: every change of the account, one JSON line each.
//!
//! A change is answered only after its line was handed to the operating system.
//! `kill -9` loses at most the requests in flight.

use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::sandbox::state::data::Change;

type Entry = (Vec<u8>, oneshot::Sender<()>);

/// Takes lines in the order in which changes were applied, and says when they are written.
#[derive(Debug, Clone)]
pub struct Journal(mpsc::UnboundedSender<Entry>);

/// Starts the task that appends to the journal.
pub fn start(file: tokio::fs::File) -> (Journal, JoinHandle<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Journal(sender), tokio::spawn(append(file, receiver)))
}

impl Journal {
    /// Queues the changes. Call it under the account's lock to keep their order.
    pub fn queue(&self, changes: &[Change]) -> Written {
        if changes.is_empty() {
            return Written(None);
        }
        let mut lines = Vec::new();
        for change in changes {
            // Plain data with string keys always serialises.
            lines.extend(serde_json::to_vec(change).unwrap_or_default());
            lines.push(b'\n');
        }
        let (done, written) = oneshot::channel();
        // A writer that has ended drops `done`, and the caller sees that.
        let _ = self.0.send((lines, done));
        Written(Some(written))
    }
}

/// A promise that lines reach the file; wait for it without the lock.
#[derive(Debug)]
pub struct Written(Option<oneshot::Receiver<()>>);

impl Written {
    /// Whether all is written; `false` when the disk refused.
    pub async fn wait(self) -> bool {
        match self.0 {
            None => true,
            Some(written) => written.await.is_ok(),
        }
    }
}

/// Writes all queued lines at once, then tells their callers.
async fn append(mut file: tokio::fs::File, mut receiver: mpsc::UnboundedReceiver<Entry>) {
    let mut batch: Vec<Entry> = Vec::new();
    while receiver.recv_many(&mut batch, 1024).await > 0 {
        let lines: Vec<u8> = batch.iter().flat_map(|(lines, _)| lines).copied().collect();
        let written = async {
            file.write_all(&lines).await?;
            file.flush().await
        };
        if let Err(error) = written.await {
            tracing::error!(%error, "cannot write the sandbox's journal; it takes no more changes");
            return;
        }
        for (_, done) in batch.drain(..) {
            let _ = done.send(());
        }
    }
}
