//! The messages of a queue on SQS.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use tokio::time::Instant;

use super::queue::{SqsQueue, number};
use super::{BATCH, Sqs, batches, failed_name, setup};
use crate::queue::messages::{Delivery, Messages, QueueKind, Receipt, Settlement};
use crate::queue::{Counts, Error, Outgoing, Sent};

impl Sqs {
    fn queue(&self, kind: QueueKind) -> &SqsQueue {
        match kind {
            QueueKind::Main => &self.main,
            QueueKind::Failed => &self.failed,
        }
    }

    /// Sends one message. Should someone have deleted the failed queue, it is made anew: what
    /// fails from now on has a place again.
    async fn send_one(&self, to: QueueKind, message: &Outgoing) -> Result<(), Error> {
        let entry = || [batches::entry((0, message))];
        let queue = self.queue(to);
        match queue.send(entry()).await {
            Err(Error::Gone { .. }) if to == QueueKind::Failed => {
                let name = failed_name(&self.name);
                tracing::warn!(queue = name, "was deleted; it is made anew");
                let made = self.finder.find_or_create(&name, setup::settings());
                made.await?;
                queue.send(entry()).await
            }
            sent => sent,
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        let queue = self.queue(receipt.queue);
        queue.delete("delete a message of", &receipt.handle).await
    }
}

fn delivery(queue: QueueKind, message: Message) -> Delivery {
    use MessageSystemAttributeName as Attribute;
    let receive_count = number(&message, &Attribute::ApproximateReceiveCount);
    let receive_count = receive_count.and_then(|n| u32::try_from(n).ok());
    Delivery {
        sent_at: number(&message, &Attribute::SentTimestamp),
        first_received_at: number(&message, &Attribute::ApproximateFirstReceiveTimestamp),
        receipt: Receipt {
            queue,
            id: message.message_id.unwrap_or_default(),
            handle: message.receipt_handle.unwrap_or_default(),
        },
        body: message.body.unwrap_or_default(),
        receive_count: receive_count.unwrap_or(1),
    }
}

/// What a call that changes how long a message is hidden does, for errors.
const HIDE: &str = "change the visibility timeout of a message of";

#[async_trait]
impl Messages for Sqs {
    fn location(&self) -> &str {
        &self.location
    }

    fn is_local(&self) -> bool {
        false
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        let entries = batch.iter().enumerate().map(batches::entry);
        let mut refused = self.main.send_each(entries).await?;
        let sent = |number: usize| match refused.remove(&number.to_string()) {
            Some(reason) => Sent::Refused(reason),
            None => Sent::Taken,
        };
        Ok((0..batch.len()).map(sent).collect())
    }

    async fn known(&self, batch: &[Outgoing]) -> Result<Vec<bool>, Error> {
        Ok(vec![false; batch.len()])
    }

    async fn receive(
        &self,
        queue: QueueKind,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let sqs = self.queue(queue);
            let message = sqs.receive("receive from", visibility_timeout, left);
            if let Some(message) = message.await? {
                return Ok(Some(delivery(queue, message)));
            }
            // What is left after a poll to the end is less than the second that SQS counts in.
            if until.saturating_duration_since(Instant::now()) < Duration::from_secs(1) {
                return Ok(None);
            }
        }
    }

    async fn extend(
        &self,
        receipt: &Receipt,
        visibility_timeout: Duration,
    ) -> Result<Receipt, Error> {
        let queue = self.queue(receipt.queue);
        let extended = queue.hide(HIDE, &receipt.handle, visibility_timeout);
        extended.await.map(|()| receipt.clone())
    }

    async fn settle(&self, receipt: &Receipt, settlement: Settlement) -> Result<(), Error> {
        match settlement {
            Settlement::Delete => self.delete(receipt).await,
            Settlement::Finish { run, redelivered } => {
                let (delete, id) = (self.delete(receipt), &receipt.id);
                self.finished.finish(&run, id, redelivered, delete).await
            }
            Settlement::Release => {
                let queue = self.queue(receipt.queue);
                queue.hide(HIDE, &receipt.handle, Duration::ZERO).await
            }
            Settlement::Requeue { to, body, delay } => {
                let unique = None;
                let message = Outgoing {
                    body,
                    unique,
                    delay,
                };
                self.send_one(to, &message).await?;
                self.delete(receipt).await
            }
        }
    }

    async fn counts(&self) -> Result<Counts, Error> {
        let (main, failed) = tokio::join!(self.main.counts(), self.failed.counts());
        let main = main?;
        let failed = match failed {
            // It is made anew when something fails.
            Err(Error::Gone { .. }) => Counts::default(),
            failed => failed?,
        };
        Ok(Counts {
            failed: failed.waiting + failed.in_flight + failed.delayed,
            ..main
        })
    }

    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        self.failed.peek(limit).await
    }

    async fn check(&self, repair: bool) -> Result<Vec<String>, Error> {
        self.check_settings(repair).await
    }
}
