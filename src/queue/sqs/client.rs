//! The two clients, and the calls that several files here make.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{Builder, Config};
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

use super::{Faults, LONGEST_WAIT, whole_seconds};
use crate::queue::{Counts, Error};

/// How long one attempt of a call may take, beyond the wait that it asks for. Without a bound, a
/// long poll on a connection that died stays for ever (aws-sdk-rust issue 1094).
const ANSWER: Duration = Duration::from_secs(10);
/// The retries of a client together. The SDK's own 500 tokens are shared by all clients of a
/// process and region, and a storm of errors over many lanes empties them at once.
const RETRY_TOKENS: usize = 10_000;
/// And so many come back each second.
const RETRY_TOKENS_A_SECOND: f32 = 20.0;

/// The client for calls that answer at once.
pub(super) fn quick(config: &SdkConfig) -> Client {
    Client::from_conf(
        settings(config, "s3flickr-queue")
            .timeout_config(within(ANSWER))
            .build(),
    )
}

/// The client for calls that wait for a message; each sets its own time.
pub(super) fn polling(config: &SdkConfig) -> Client {
    Client::from_conf(settings(config, "s3flickr-queue-polling").build())
}

fn settings(config: &SdkConfig, partition: &'static str) -> Builder {
    let bucket = TokenBucket::builder()
        .capacity(RETRY_TOKENS)
        .refill_rate(RETRY_TOKENS_A_SECOND)
        .build();
    let partition = RetryPartition::custom(partition).token_bucket(bucket);
    Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .retry_partition(partition.build())
}

fn within(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .build()
}

/// Takes one message, waiting up to `wait` or as long as SQS lets one.
pub(super) async fn receive(
    polling: &Client,
    url: &str,
    hold: Duration,
    wait: Duration,
) -> Result<Option<Message>, SdkError<ReceiveMessageError>> {
    let messages = receive_some(polling, url, 1, hold, wait).await?;
    Ok(messages.into_iter().next())
}

/// Takes up to `most` messages, ten at most.
pub(super) async fn receive_some(
    polling: &Client,
    url: &str,
    most: i32,
    hold: Duration,
    wait: Duration,
) -> Result<Vec<Message>, SdkError<ReceiveMessageError>> {
    let wait = wait.min(LONGEST_WAIT);
    let received = polling
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(most)
        .visibility_timeout(whole_seconds(hold))
        .wait_time_seconds(whole_seconds(wait))
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .message_system_attribute_names(
            MessageSystemAttributeName::ApproximateFirstReceiveTimestamp,
        )
        .customize()
        .config_override(Config::builder().timeout_config(within(wait + ANSWER)))
        .send()
        .await?;
    Ok(received.messages.unwrap_or_default())
}

/// The address of the queue of this name, if there is one.
pub(super) async fn find(
    client: &Client,
    faults: &Faults,
    name: &str,
) -> Result<Option<String>, Error> {
    match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => Ok(found.queue_url),
        Err(error) => match faults.general("open", error) {
            Error::Gone { .. } => Ok(None),
            error => Err(error),
        },
    }
}

/// The address of the queue of this name; made if there is none. When several make it at once
/// with the same settings, SQS gives all of them the same queue.
pub(super) async fn make(
    client: &Client,
    faults: &Faults,
    name: &str,
    settings: Vec<(QueueAttributeName, String)>,
) -> Result<String, Error> {
    if let Some(url) = find(client, faults, name).await? {
        return Ok(url);
    }
    let made = client
        .create_queue()
        .queue_name(name)
        .set_attributes(Some(settings.into_iter().collect()))
        .send()
        .await
        .map_err(|error| faults.general("make", error))?;
    Ok(made.queue_url.unwrap_or_default())
}

/// One attribute of a queue, if it is set.
pub(super) async fn attribute(
    client: &Client,
    faults: &Faults,
    url: &str,
    name: &QueueAttributeName,
) -> Result<Option<String>, Error> {
    let answer = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(name.clone())
        .send()
        .await
        .map_err(|error| faults.general("read the settings of", error))?;
    Ok(answer.attributes.and_then(|mut all| all.remove(name)))
}

/// How many messages a queue has; `failed` is left at 0.
pub(super) async fn counts(client: &Client, faults: &Faults, url: &str) -> Result<Counts, Error> {
    let waiting = QueueAttributeName::ApproximateNumberOfMessages;
    let in_flight = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
    let answer = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(waiting.clone())
        .attribute_names(in_flight.clone())
        .attribute_names(delayed.clone())
        .send()
        .await
        .map_err(|error| faults.general("count", error))?;
    let count = |name| -> u64 {
        let value = answer.attributes().and_then(|all| all.get(name));
        value.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok(Counts {
        waiting: count(&waiting),
        in_flight: count(&in_flight),
        delayed: count(&delayed),
        failed: 0,
    })
}
