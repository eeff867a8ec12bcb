//! One queue of SQS, and the calls on it.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageError;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

use super::clients::{Clients, within};
use super::errors::Errors;
use super::{LONGEST_TIMEOUT, LONGEST_WAIT};
use crate::queue::{Counts, Error};

/// The tags of one queue.
pub(super) type Tags = HashMap<String, String>;

/// A queue: its address, and who calls it. Cheap to clone.
#[derive(Clone)]
pub(super) struct SqsQueue {
    pub(super) clients: Clients,
    pub(super) url: String,
    pub(super) errors: Errors,
}

impl SqsQueue {
    /// The queue at `url`, of which `errors` speaks.
    pub(super) fn new(clients: Clients, url: String, errors: Errors) -> SqsQueue {
        SqsQueue {
            clients,
            url,
            errors,
        }
    }

    /// The account that it is in, as its URL says: `https://HOST/ACCOUNT/NAME`.
    pub(super) fn account(&self) -> Option<&str> {
        let mut parts = self.url.rsplit('/');
        parts.nth(1).filter(|account| !account.is_empty())
    }

    /// Takes one message, waiting up to `wait` or as long as SQS lets one.
    pub(super) async fn receive(
        &self,
        action: &'static str,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Message>, Error> {
        let received = self.receive_some(1, visibility_timeout, wait).await;
        let messages = received.map_err(|error| self.errors.of_sdk(action, error))?;
        Ok(messages.into_iter().next())
    }

    /// Takes up to `most` messages, ten at most.
    pub(super) async fn receive_some(
        &self,
        most: usize,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Vec<Message>, SdkError<ReceiveMessageError>> {
        use MessageSystemAttributeName as Attribute;
        let wait = wait.min(LONGEST_WAIT);
        let received = self
            .clients
            .polling
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(most.min(super::BATCH) as i32)
            .visibility_timeout(whole_seconds(visibility_timeout))
            .wait_time_seconds(whole_seconds(wait))
            .message_system_attribute_names(Attribute::ApproximateReceiveCount)
            .message_system_attribute_names(Attribute::SentTimestamp)
            .message_system_attribute_names(Attribute::ApproximateFirstReceiveTimestamp)
            .customize()
            .config_override(Config::builder().timeout_config(within(wait)))
            .send()
            .await?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Hides a message that was received, for `visibility_timeout` from now.
    pub(super) async fn hide(
        &self,
        action: &'static str,
        receipt_handle: &str,
        visibility_timeout: Duration,
    ) -> Result<(), Error> {
        let call = self.clients.quick.change_message_visibility();
        let call = call.queue_url(&self.url).receipt_handle(receipt_handle);
        let hidden = call.visibility_timeout(whole_seconds(visibility_timeout));
        let hidden = hidden.send().await;
        hidden
            .map(drop)
            .map_err(|error| self.errors.of_receipt(action, error))
    }

    /// Deletes a message that was received.
    pub(super) async fn delete(
        &self,
        action: &'static str,
        receipt_handle: &str,
    ) -> Result<(), Error> {
        let call = self.clients.quick.delete_message().queue_url(&self.url);
        let deleted = call.receipt_handle(receipt_handle).send().await;
        deleted
            .map(drop)
            .map_err(|error| self.errors.of_receipt(action, error))
    }

    /// One attribute, if it is set.
    pub(super) async fn attribute(
        &self,
        name: &QueueAttributeName,
    ) -> Result<Option<String>, Error> {
        let mut all = self.attributes("read the settings of", [name]).await?;
        Ok(all.remove(name))
    }

    /// Sets one attribute.
    pub(super) async fn set_attribute(
        &self,
        name: QueueAttributeName,
        value: String,
    ) -> Result<(), Error> {
        let call = self.clients.quick.set_queue_attributes();
        let set = call.queue_url(&self.url).attributes(name, value).send();
        set.await
            .map(drop)
            .map_err(|error| self.errors.of_sdk("set up", error))
    }

    /// How many messages it has; `failed` is left at 0.
    pub(super) async fn counts(&self) -> Result<Counts, Error> {
        let waiting = QueueAttributeName::ApproximateNumberOfMessages;
        let in_flight = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let all = self.attributes("count", [&waiting, &in_flight, &delayed]);
        let all = all.await?;
        let count = |name| -> u64 {
            let value = all.get(name);
            value.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        Ok(Counts {
            waiting: count(&waiting),
            in_flight: count(&in_flight),
            delayed: count(&delayed),
            failed: 0,
        })
    }

    /// Whether it has no message at all. The counts lag: one just sent may not be seen.
    pub(super) async fn is_empty(&self) -> Result<bool, Error> {
        let counts = self.counts().await?;
        Ok(counts.waiting + counts.in_flight + counts.delayed == 0)
    }

    async fn attributes<const N: usize>(
        &self,
        action: &'static str,
        names: [&QueueAttributeName; N],
    ) -> Result<HashMap<QueueAttributeName, String>, Error> {
        let call = self.clients.quick.get_queue_attributes();
        let names = names.into_iter().cloned().collect();
        let call = call.queue_url(&self.url).set_attribute_names(Some(names));
        match call.send().await {
            Ok(answer) => Ok(answer.attributes.unwrap_or_default()),
            Err(error) => Err(self.errors.of_sdk(action, error)),
        }
    }

    /// Its tags.
    pub(super) async fn tags(&self) -> Result<Tags, Error> {
        let call = self.clients.quick.list_queue_tags().queue_url(&self.url);
        match call.send().await {
            Ok(answer) => Ok(answer.tags.unwrap_or_default()),
            Err(error) => Err(self.errors.of_sdk("read the tags of", error)),
        }
    }

    /// Writes tags in one call.
    pub(super) async fn set_tags(&self, action: &'static str, tags: Tags) -> Result<(), Error> {
        let call = self.clients.quick.tag_queue().queue_url(&self.url);
        let tagged = call.set_tags(Some(tags)).send().await;
        tagged
            .map(drop)
            .map_err(|error| self.errors.of_sdk(action, error))
    }

    /// Removes tags.
    pub(super) async fn remove_tags(&self, keys: Vec<String>) -> Result<(), Error> {
        let call = self.clients.quick.untag_queue().queue_url(&self.url);
        let removed = call.set_tag_keys(Some(keys)).send().await;
        removed
            .map(drop)
            .map_err(|error| self.errors.of_sdk("remove tags of", error))
    }
}

/// SQS counts in whole seconds: a part of one is a whole one.
pub(super) fn whole_seconds(time: Duration) -> i32 {
    let time = time.min(LONGEST_TIMEOUT);
    // At most 43,200.
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)) as i32
}

/// The number in an attribute of a message.
pub(super) fn number(message: &Message, name: &MessageSystemAttributeName) -> Option<i64> {
    message.attributes()?.get(name)?.parse().ok()
}
