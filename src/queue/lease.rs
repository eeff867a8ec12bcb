//! The hold on a message, as a value: it beats while it lives and is consumed when it is settled.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{Backend, Delivery, End, Error, Part, Receipt};

/// A beat every third of the hold: two may fail before the hold is over.
const BEATS_IN_A_HOLD: u32 = 3;
/// An extension that failed is tried again this often within the time between two beats.
const TRIES_IN_A_BEAT: u32 = 4;

/// A message that this worker holds.
///
/// The hold is extended for as long as the value lives. Dropped unsettled, the message is handed
/// out again when what is left of the hold has passed.
pub struct Lease {
    backend: Arc<dyn Backend>,
    /// The receipt that counts now. Locked while it is being extended.
    receipt: Arc<Mutex<Receipt>>,
    id: String,
    body: String,
    received: u32,
    sent_at: Option<i64>,
    first_received_at: Option<i64>,
    lost: CancellationToken,
    beat: AbortOnDropHandle<()>,
}

impl Lease {
    /// Starts to beat for a message that was received just now.
    pub(super) fn start(backend: Arc<dyn Backend>, delivery: Delivery, hold: Duration) -> Lease {
        let id = delivery.receipt.id.clone();
        let receipt = Arc::new(Mutex::new(delivery.receipt));
        let lost = CancellationToken::new();
        let beat = Beat {
            backend: Arc::clone(&backend),
            receipt: Arc::clone(&receipt),
            hold,
            lost: lost.clone(),
        };
        Lease {
            backend,
            receipt,
            id,
            body: delivery.body,
            received: delivery.received,
            sent_at: delivery.sent_at,
            first_received_at: delivery.first_received_at,
            lost,
            beat: AbortOnDropHandle::new(tokio::spawn(beat.run(Instant::now() + hold))),
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
        self.received
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

    /// Is cancelled when the hold is over before its time: another worker may have the message,
    /// so whatever is being done for it must end.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// The job is done: the message never comes back, and is counted as finished for the run of
    /// `populate` that sent it (empty where that is not known).
    pub async fn finish(self, run: &str) -> Result<(), Error> {
        let (run, again) = (run.to_owned(), self.received > 1);
        self.settle(End::Finish { run, again }).await
    }

    /// The message never comes back.
    pub async fn delete(self) -> Result<(), Error> {
        self.settle(End::Delete).await
    }

    /// Puts it back with another body, to be handed out after `delay`. Sends first and deletes
    /// then, so a crash between the two leaves both.
    pub async fn replace(self, body: String, delay: Duration) -> Result<(), Error> {
        let to = Part::Main;
        self.settle(End::Send { to, body, delay }).await
    }

    /// Puts `body` into the failed queue in its place.
    pub async fn dead_letter(self, body: String) -> Result<(), Error> {
        let (to, delay) = (Part::Failed, Duration::ZERO);
        self.settle(End::Send { to, body, delay }).await
    }

    /// Gives it back as it is: anyone may receive it at once.
    pub async fn release(self) -> Result<(), Error> {
        self.settle(End::Release).await
    }

    async fn settle(self, end: End) -> Result<(), Error> {
        // An extension that is under way must land first: after the end it would undo it.
        let receipt = self.receipt.lock().await;
        self.beat.abort();
        // To delete is right even now, for the job is done, and the backend refuses where it
        // can tell; a copy, or a hold ended on someone else's account, would not be.
        if self.lost.is_cancelled() && !matches!(end, End::Delete | End::Finish { .. }) {
            let queue = self.backend.location().to_owned();
            return Err(Error::LeaseLost { queue });
        }
        self.backend.settle(&receipt, end).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.id).finish()
    }
}

/// What runs beside the work and renews the hold.
struct Beat {
    backend: Arc<dyn Backend>,
    receipt: Arc<Mutex<Receipt>>,
    hold: Duration,
    lost: CancellationToken,
}

impl Beat {
    /// Beats until aborted, or until the hold is lost; `deadline` is when that is.
    async fn run(self, mut deadline: Instant) {
        let pause = self.hold / BEATS_IN_A_HOLD;
        let mut next = pause;
        loop {
            sleep(next).await;
            let began = Instant::now();
            match timeout_at(deadline, self.extend()).await {
                Ok(Ok(())) => (deadline, next) = (began + self.hold, pause),
                Ok(Err(error @ (Error::LeaseLost { .. } | Error::Gone { .. }))) => {
                    tracing::debug!(%error, "the hold ended");
                    return self.lost.cancel();
                }
                // The network, or credentials that are just being renewed: the hold lasts on.
                Ok(Err(error)) if Instant::now() < deadline => {
                    tracing::debug!(%error, "a hold was not extended, trying again");
                    next = (pause / TRIES_IN_A_BEAT).min(deadline - Instant::now());
                }
                Ok(Err(_)) | Err(_) => return self.lost.cancel(),
            }
        }
    }

    async fn extend(&self) -> Result<(), Error> {
        let mut receipt = self.receipt.lock().await;
        *receipt = self.backend.extend(&receipt, self.hold).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
