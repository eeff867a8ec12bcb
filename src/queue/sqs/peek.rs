//! Looking at messages without taking them. SQS has no such call, so they are received, hidden for
//! a moment, and made visible again.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message};

use super::BATCH;
use super::queue::SqsQueue;
use crate::queue::Error;

/// How long a message is hidden, at least: long enough that it is not seen twice in one look, and
/// if the look is killed it comes back after this. The more there are, the longer.
const HIDDEN: Duration = Duration::from_secs(60);
/// At least this many messages are received in a second.
const A_SECOND: u64 = 50;
/// SQS asks only some of its servers at a time, so one empty answer is not the end.
const EMPTY_ANSWERS: u32 = 2;

impl SqsQueue {
    /// The bodies of up to `limit` messages.
    pub(super) async fn peek(&self, limit: usize) -> Result<Vec<String>, Error> {
        let mut seen = HashMap::new();
        let read = self.receive_until(limit, &mut seen).await;
        self.make_visible(seen.values()).await;
        read?;
        let bodies = seen.into_values().filter_map(|message| message.body);
        Ok(bodies.take(limit).collect())
    }

    /// Receives until there are `limit`, or as many as SQS says there are, or it has no more.
    async fn receive_until(
        &self,
        limit: usize,
        seen: &mut HashMap<String, Message>,
    ) -> Result<(), Error> {
        let there = self.counts().await?.waiting;
        let wanted = there.min(limit as u64);
        let hidden = HIDDEN + Duration::from_secs(wanted / A_SECOND);
        let mut empty = 0;
        while seen.len() < limit && empty < EMPTY_ANSWERS {
            // To wait a second asks all servers; when the count says all are seen, a look is enough.
            let wait = match seen.len() as u64 >= there {
                true => Duration::ZERO,
                false => Duration::from_secs(1),
            };
            let messages = match self.receive_some(limit - seen.len(), hidden, wait).await {
                Ok(messages) => messages,
                // SQS lets 120,000 messages of a queue be hidden at a time, and no more be seen.
                Err(error) if error.code().is_some_and(|code| code.ends_with("OverLimit")) => {
                    return Err(self.too_many(seen.len()));
                }
                Err(error) => return Err(self.errors.of_sdk("look into", error)),
            };
            let before = seen.len();
            for message in messages {
                let id = message.message_id.clone().unwrap_or_default();
                seen.insert(id, message);
            }
            empty = if seen.len() == before { empty + 1 } else { 0 };
        }
        Ok(())
    }

    fn too_many(&self, seen: usize) -> Error {
        self.errors.unfit(format!(
            "has more messages than SQS shows at a time ({seen} were seen): put them back with \
             `s3flickr failed retry`, or look again when there are fewer"
        ))
    }

    /// Makes messages visible again. What fails here becomes visible by itself a minute later.
    async fn make_visible(&self, messages: impl Iterator<Item = &Message>) {
        let entry = |(number, message): (usize, &Message)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(number.to_string())
                .set_receipt_handle(message.receipt_handle.clone())
                .visibility_timeout(0)
                .build()
                .ok()
        };
        let entries: Vec<_> = messages.enumerate().filter_map(entry).collect();
        for batch in entries.chunks(BATCH) {
            let call = self.clients.quick.change_message_visibility_batch();
            let call = call.queue_url(&self.url).set_entries(Some(batch.to_vec()));
            if let Err(error) = call.send().await {
                tracing::debug!(%error, "messages that were looked at come back in a minute");
            }
        }
    }
}
