//! Sending in batches, entry by entry: SQS answers 200 to a batch of which it took only a part.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use tokio::time::sleep;

use super::BATCH;
use super::queue::{SqsQueue, whole_seconds};
use crate::queue::{Error, Outgoing};

/// SQS takes 1 MiB in a batch; stand-ins and other accounts still have the older 256 KiB.
const BATCH_BYTES: usize = 240 * 1024;
/// SQS delays a message by at most 15 minutes.
const LONGEST_DELAY: Duration = Duration::from_secs(900);
/// How often what SQS did not take, through no fault of its own, is sent.
const TRIES: u32 = 5;
/// The pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) type Entry = SendMessageBatchRequestEntry;

/// A message as a batch has it. Its number only has to differ from the others in the batch.
pub(super) fn entry((number, message): (usize, &Outgoing)) -> Entry {
    let entry = Entry::builder()
        .id(number.to_string())
        .message_body(&message.body)
        .delay_seconds(whole_seconds(message.delay.min(LONGEST_DELAY)));
    built(entry)
}

/// A message of a FIFO queue: one of a group is handed out at a time, and of those that say the
/// same `once` within five minutes SQS keeps the first.
pub(super) fn fifo_entry(number: usize, body: String, group: String, once: String) -> Entry {
    let entry = Entry::builder()
        .id(number.to_string())
        .message_body(body)
        .message_group_id(group)
        .message_deduplication_id(once);
    built(entry)
}

fn built(entry: aws_sdk_sqs::types::builders::SendMessageBatchRequestEntryBuilder) -> Entry {
    // The builder only fails when the id or the body was not set.
    #[allow(clippy::expect_used)]
    entry.build().expect("an id and a body")
}

/// The entries that SQS did not take and never will, by their ids: why.
pub(super) type Refusals = HashMap<String, String>;

impl SqsQueue {
    /// Sends all entries, in as many calls as it takes; [`Error::Refused`] where SQS refuses one.
    pub(super) async fn send(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), Error> {
        let refused = self.send_each(entries).await?;
        match refused.into_values().next() {
            Some(reason) => Err(self.errors.refused(reason)),
            None => Ok(()),
        }
    }

    /// Sends all entries; those that SQS refuses stop no other.
    pub(super) async fn send_each(
        &self,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Refusals, Error> {
        let mut refused = Refusals::new();
        for batch in divide(entries.into_iter().collect()) {
            match self.send_batch(batch.clone()).await {
                Ok(more) => refused.extend(more),
                Err(Error::Refused { reason, .. }) if batch.len() == 1 => {
                    refused.insert(batch[0].id.clone(), reason);
                }
                // The whole call was refused for what one of its messages says.
                Err(Error::Refused { .. }) => {
                    for entry in batch {
                        refused.extend(self.send_alone(entry).await?);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn send_alone(&self, entry: Entry) -> Result<Refusals, Error> {
        let id = entry.id.clone();
        match self.send_batch(vec![entry]).await {
            Err(Error::Refused { reason, .. }) => Ok(Refusals::from([(id, reason)])),
            sent => sent,
        }
    }

    /// One call, and again for what SQS did not say that it took: an entry that its answer leaves
    /// out may be lost, and twice is better than never.
    async fn send_batch(&self, mut entries: Vec<Entry>) -> Result<Refusals, Error> {
        let mut refused = Refusals::new();
        let mut tries = 0;
        loop {
            let call = self.clients.quick.send_message_batch().queue_url(&self.url);
            let answer = call.set_entries(Some(entries.clone())).send().await;
            let answer = answer.map_err(|error| self.errors.of_sdk("send to", error))?;
            let open = sort(&answer, entries, &mut refused);
            if open.is_empty() {
                return Ok(refused);
            }
            let why = open.iter().find_map(|entry| failure(&answer, entry));
            let why = why.map(BatchResultErrorEntry::code);
            let why = why.unwrap_or("it did not say so");
            tries += 1;
            if tries == TRIES {
                return Err(self.errors.not_taken(open.len(), why));
            }
            tracing::debug!(why, "SQS did not take all of a batch, sending the rest");
            sleep(PAUSE * 2_u32.pow(tries - 1)).await;
            entries = open;
        }
    }
}

/// What an answer says of an entry that was not taken.
fn failure<'a>(
    answer: &'a SendMessageBatchOutput,
    entry: &Entry,
) -> Option<&'a BatchResultErrorEntry> {
    answer.failed().iter().find(|failed| failed.id == entry.id)
}

/// Sorts entries by what an answer says of them: adds those that are refused for what they say to
/// `refused`, and returns those that are to be sent again.
fn sort(
    answer: &SendMessageBatchOutput,
    entries: Vec<Entry>,
    refused: &mut Refusals,
) -> Vec<Entry> {
    let taken = |entry: &Entry| answer.successful().iter().any(|taken| taken.id == entry.id);
    let mut open = Vec::new();
    for entry in entries {
        match failure(answer, &entry) {
            Some(failed) if failed.sender_fault() => {
                let why = failed.message().unwrap_or_default();
                refused.insert(entry.id, format!("{}: {why}", failed.code()));
            }
            None if taken(&entry) => {}
            _ => open.push(entry),
        }
    }
    open
}

/// Divides entries into batches of at most ten and `BATCH_BYTES`. A larger entry is alone in its
/// batch, for SQS to judge.
fn divide(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.message_body().len();
        match batches.last_mut() {
            Some(last) if last.len() < BATCH && bytes + size <= BATCH_BYTES => {
                bytes += size;
                last.push(entry);
            }
            _ => {
                bytes = size;
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(bodies: &[usize]) -> Vec<usize> {
        let message = |size: &usize| Outgoing {
            body: "x".repeat(*size),
            ..Outgoing::default()
        };
        let messages: Vec<_> = bodies.iter().map(message).collect();
        let batches = divide(messages.iter().enumerate().map(entry).collect());
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_at_most_ten_messages_and_its_share_of_bytes() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 10]), [10]);
        assert_eq!(sizes(&[1; 23]), [10, 10, 3]);
        assert_eq!(sizes(&[100_000, 100_000, 100_000]), [2, 1]);
        assert_eq!(sizes(&[1, 300_000, 1, 1]), [1, 1, 2]);
    }
}
