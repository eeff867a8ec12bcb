//! The right to a message, as a value: it renews itself while it lives and is consumed when it is
//! settled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::Error;
use super::messages::{Delivery, Messages, QueueKind, Receipt, Settlement};

/// A heartbeat every third of the visibility timeout: two may fail before it is over.
const BEATS_IN_A_TIMEOUT: u32 = 3;
/// An extension that failed is tried again this often within the time between two beats.
const TRIES_IN_A_BEAT: u32 = 4;

/// A message that this worker has.
///
/// Its visibility timeout is extended for as long as the value lives. Dropped unsettled, the
/// message is handed out again when what is left of the timeout has passed.
pub struct Lease {
    messages: Arc<dyn Messages>,
    /// The receipt that counts now. Locked while it is being extended.
    receipt: Arc<Mutex<Receipt>>,
    id: String,
    body: String,
    receive_count: u32,
    sent_at: Option<i64>,
    first_received_at: Option<i64>,
    lost: CancellationToken,
    heartbeat: AbortOnDropHandle<()>,
}

impl Lease {
    /// Starts the heartbeat of a message that was received just now.
    pub(super) fn start(
        messages: Arc<dyn Messages>,
        delivery: Delivery,
        visibility_timeout: Duration,
    ) -> Lease {
        let id = delivery.receipt.id.clone();
        let receipt = Arc::new(Mutex::new(delivery.receipt));
        let lost = CancellationToken::new();
        let heartbeat = Heartbeat {
            messages: Arc::clone(&messages),
            receipt: Arc::clone(&receipt),
            visibility_timeout,
            lost: lost.clone(),
        };
        Lease {
            messages,
            receipt,
            id,
            body: delivery.body,
            receive_count: delivery.receive_count,
            sent_at: delivery.sent_at,
            first_received_at: delivery.first_received_at,
            lost,
            heartbeat: AbortOnDropHandle::new(tokio::spawn(
                heartbeat.run(Instant::now() + visibility_timeout),
            )),
        }
    }

    /// What the message says.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The name that the queue gave it: the same each time that it is handed out.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How often it was handed out, this time included.
    pub fn receive_count(&self) -> u32 {
        self.receive_count
    }

    /// When it was sent, in seconds since 1970.
    pub fn sent_at(&self) -> Option<i64> {
        self.sent_at.map(|millis| millis / 1_000)
    }

    /// The same in milliseconds.
    pub fn sent_at_millis(&self) -> Option<i64> {
        self.sent_at
    }

    /// When it was handed out for the first time, in seconds since 1970, where the queue tells.
    pub fn first_received_at(&self) -> Option<i64> {
        self.first_received_at.map(|millis| millis / 1_000)
    }

    /// Is cancelled when the lease is lost: another worker may have the message, so whatever is
    /// being done for it must end.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// The job is done: the message never comes back, and is counted as finished for the run of
    /// `populate` that sent it (empty where that is not known).
    pub async fn finish(self, run: &str) -> Result<(), Error> {
        let (run, redelivered) = (run.to_owned(), self.receive_count > 1);
        self.settle(Settlement::Finish { run, redelivered }).await
    }

    /// The message never comes back.
    pub async fn delete(self) -> Result<(), Error> {
        self.settle(Settlement::Delete).await
    }

    /// Puts it back with another body, to be handed out after `delay`. Sends first and deletes
    /// then, so a crash between the two leaves both.
    pub async fn replace(self, body: String, delay: Duration) -> Result<(), Error> {
        let to = QueueKind::Main;
        self.settle(Settlement::Requeue { to, body, delay }).await
    }

    /// Puts `body` into the failed queue in its place.
    pub async fn dead_letter(self, body: String) -> Result<(), Error> {
        let (to, delay) = (QueueKind::Failed, Duration::ZERO);
        self.settle(Settlement::Requeue { to, body, delay }).await
    }

    /// Gives it back as it is: any worker may receive it at once.
    pub async fn release(self) -> Result<(), Error> {
        self.settle(Settlement::Release).await
    }

    async fn settle(self, settlement: Settlement) -> Result<(), Error> {
        // An extension that is under way must land first: after the end it would undo it.
        let receipt = self.receipt.lock().await;
        self.heartbeat.abort();
        // Deleting after losing the lease is safe: the photo is uploaded. Requeueing or releasing
        // is not: another worker owns the message.
        if self.lost.is_cancelled()
            && !matches!(settlement, Settlement::Delete | Settlement::Finish { .. })
        {
            let queue = self.messages.location().to_owned();
            return Err(Error::LeaseLost { queue });
        }
        self.messages.settle(&receipt, settlement).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.id).finish()
    }
}

/// What runs beside the work and renews the lease.
struct Heartbeat {
    messages: Arc<dyn Messages>,
    receipt: Arc<Mutex<Receipt>>,
    visibility_timeout: Duration,
    lost: CancellationToken,
}

impl Heartbeat {
    /// Beats until aborted, or until the lease is lost: at `deadline`, unless it is extended.
    async fn run(self, mut deadline: Instant) {
        let pause = self.visibility_timeout / BEATS_IN_A_TIMEOUT;
        let mut next = pause;
        loop {
            sleep(next).await;
            let began = Instant::now();
            match timeout_at(deadline, self.extend()).await {
                Ok(Ok(())) => (deadline, next) = (began + self.visibility_timeout, pause),
                Ok(Err(error @ (Error::LeaseLost { .. } | Error::Gone { .. }))) => {
                    tracing::debug!(%error, "a lease was lost");
                    return self.lost.cancel();
                }
                // The network, or credentials that are just being renewed: the lease lasts on.
                Ok(Err(error)) if Instant::now() < deadline => {
                    tracing::debug!(%error, "a lease was not extended, trying again");
                    next = (pause / TRIES_IN_A_BEAT).min(deadline - Instant::now());
                }
                Ok(Err(_)) | Err(_) => return self.lost.cancel(),
            }
        }
    }

    async fn extend(&self) -> Result<(), Error> {
        let mut receipt = self.receipt.lock().await;
        *receipt = self
            .messages
            .extend(&receipt, self.visibility_timeout)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
