//! How a queue is found by its name, or made.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;

use super::clients::Clients;
use super::errors::Errors;
use super::queue::SqsQueue;
use crate::queue::Error;

/// What a queue is made with.
pub(super) type Settings = HashMap<QueueAttributeName, String>;

impl Clients {
    /// The queue of this name, if there is one.
    pub(super) async fn find(&self, name: &str) -> Result<Option<SqsQueue>, Error> {
        let errors = Errors::new(name);
        match self.quick.get_queue_url().queue_name(name).send().await {
            Ok(found) => {
                let url = found.queue_url.unwrap_or_default();
                Ok(Some(SqsQueue::new(self.clone(), url, errors)))
            }
            Err(error) => match errors.from_sdk("open", error) {
                Error::Gone { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// The queue of this name; made if there is none. When several make it at once with the same
    /// settings, SQS gives all of them the same queue.
    pub(super) async fn find_or_create(
        &self,
        name: &str,
        settings: Settings,
    ) -> Result<SqsQueue, Error> {
        if let Some(found) = self.find(name).await? {
            return Ok(found);
        }
        let errors = Errors::new(name);
        let call = self.quick.create_queue().queue_name(name);
        match call.set_attributes(Some(settings)).send().await {
            Ok(made) => {
                let url = made.queue_url.unwrap_or_default();
                Ok(SqsQueue::new(self.clone(), url, errors))
            }
            Err(error) => Err(errors.from_sdk("make", error)),
        }
    }
}
