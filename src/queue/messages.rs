//! The messages of a queue: how one is sent, handed out and settled.

use std::time::Duration;

use async_trait::async_trait;

use super::{Counts, Error, Outgoing, Sent};

/// Which of its two queues a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueKind {
    /// What is to be done.
    Main,
    /// What failed for good.
    Failed,
}

/// The right to settle a message, from one handing out until the next.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    /// Where the message is.
    pub(super) queue: QueueKind,
    /// The message's own name: the same each time that it is handed out.
    pub(super) id: String,
    /// Differs each time that it is handed out, and with some services each time it is extended.
    pub(super) handle: String,
}

/// A message as it was handed out.
pub(super) struct Delivery {
    pub(super) receipt: Receipt,
    pub(super) body: String,
    /// How often it was handed out, this time included.
    pub(super) receive_count: u32,
    /// When it was sent: milliseconds since 1970.
    pub(super) sent_at: Option<i64>,
    /// When it was handed out for the first time: milliseconds since 1970, where the queue tells.
    pub(super) first_received_at: Option<i64>,
}

/// What becomes of a message that is held.
pub(super) enum Settlement {
    /// It never comes back.
    Delete,
    /// It is done: it never comes back, and is counted as finished for the run that sent it.
    Finish {
        /// The id of that run; empty where it is not known.
        run: String,
        /// Whether the message was handed out before.
        redelivered: bool,
    },
    /// It may be received again at once.
    Release,
    /// Another takes its place, in `to`.
    Requeue {
        to: QueueKind,
        body: String,
        delay: Duration,
    },
}

/// A service, or a file, that keeps messages. No method has a default, so that a backend cannot
/// forget one.
#[async_trait]
pub(super) trait Messages: Send + Sync + 'static {
    /// Where it is, as one would type it.
    fn location(&self) -> &str;
    /// Whether only this machine can use it. Then its counts are exact, too.
    fn is_local(&self) -> bool;
    /// How many messages it is best to send at a time.
    fn batch_size(&self) -> usize;
    /// Sends any number of messages; one answer each, in order.
    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error>;
    /// Which of these messages [`Messages::send`] would refuse, as [`Sent::Known`]: one answer each.
    async fn known(&self, batch: &[Outgoing]) -> Result<Vec<bool>, Error>;
    /// Hands out a message and hides it for `visibility_timeout`, waiting up to `wait` for one.
    async fn receive(
        &self,
        queue: QueueKind,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error>;
    /// Hides the message for `visibility_timeout` from now, and returns the receipt that counts
    /// from then on. [`Error::LeaseLost`] when the receipt is not good any more.
    async fn extend(
        &self,
        receipt: &Receipt,
        visibility_timeout: Duration,
    ) -> Result<Receipt, Error>;
    /// Ends a lease. A message that takes the place of another is sent before that is deleted: a
    /// crash between the two makes a copy, never a loss.
    async fn settle(&self, receipt: &Receipt, settlement: Settlement) -> Result<(), Error>;
    /// How many messages there are.
    async fn counts(&self) -> Result<Counts, Error>;
    /// The bodies of up to `limit` failed messages, which stay where they are.
    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error>;
    /// Whether the queue, as it is set up, keeps every message: one line for each doubt,
    /// [`Error::Unfit`] where some would be lost. With `repair`, what can be mended is mended first.
    async fn check(&self, repair: bool) -> Result<Vec<String>, Error>;
}
