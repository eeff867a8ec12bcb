//! Looking at messages without taking them. SQS has no such call, so they are received, kept for
//! a moment, and given back.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message};

use super::{BATCH, Faults, client};
use crate::queue::Error;

/// How long a message is kept: so long that it is not seen twice in one look, and if the look is
/// killed it comes back after this. The more there are, the longer.
const HOLD: Duration = Duration::from_secs(60);
/// At least so many messages are received in a second.
const A_SECOND: u64 = 50;
/// SQS asks only some of its servers at a time, so one empty answer is not the end.
const EMPTY_ANSWERS: u32 = 2;

/// The bodies of up to `limit` messages.
pub(super) async fn look(
    polling: &Client,
    client: &Client,
    faults: &Faults,
    url: &str,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let mut seen = HashMap::new();
    let read = read(polling, client, faults, url, limit, &mut seen).await;
    give_back(client, url, seen.values()).await;
    read?;
    let bodies = seen.into_values().filter_map(|message| message.body);
    Ok(bodies.take(limit).collect())
}

/// Receives until there are `limit`, or as many as SQS says there are, or it has no more.
async fn read(
    polling: &Client,
    client: &Client,
    faults: &Faults,
    url: &str,
    limit: usize,
    seen: &mut HashMap<String, Message>,
) -> Result<(), Error> {
    let there = client::counts(client, faults, url).await?.waiting;
    let wanted = there.min(limit as u64);
    let hold = HOLD + Duration::from_secs(wanted / A_SECOND);
    let mut empty = 0;
    while seen.len() < limit && empty < EMPTY_ANSWERS {
        let enough = seen.len() as u64 >= there;
        // To wait a second asks all servers; when the count says all are seen, a look is enough.
        let wait = if enough {
            Duration::ZERO
        } else {
            Duration::from_secs(1)
        };
        let most = (limit - seen.len()).min(BATCH) as i32;
        let messages = match client::receive_some(polling, url, most, hold, wait).await {
            Ok(messages) => messages,
            // SQS lets 120,000 messages of a queue be held at a time, and no more be looked at.
            Err(error) if error.code().is_some_and(|code| code.ends_with("OverLimit")) => {
                let many = format!(
                    "has more messages than SQS shows at a time ({} were seen): put them back with \
                     `s3flickr failed retry`, or look again when there are fewer",
                    seen.len()
                );
                return Err(faults.unfit(many));
            }
            Err(error) => return Err(faults.general("look into", error)),
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

/// Makes them visible again. What fails here does so by itself a minute later.
async fn give_back(client: &Client, url: &str, messages: impl Iterator<Item = &Message>) {
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
        let call = client
            .change_message_visibility_batch()
            .queue_url(url)
            .set_entries(Some(batch.to_vec()));
        if let Err(error) = call.send().await {
            tracing::debug!(%error, "messages that were looked at come back in a minute");
        }
    }
}
