//! How a queue is found by its name, or made.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;

use super::clients::Clients;
use super::errors::Errors;
use super::queue::SqsQueue;
use crate::queue::{Error, SqsLocation};

/// What a queue is made with.
pub(super) type Settings = HashMap<QueueAttributeName, String>;

/// Finds and makes the queues that belong to one: itself, that of the failed, that of the calls.
#[derive(Clone)]
pub(super) struct Finder {
    clients: Clients,
    /// What stands before a name in the location of a queue.
    prefix: String,
    /// The account to look in, where it was named.
    account: Option<String>,
    /// Whether queues may be made in that account: it is our own.
    may_create: bool,
}

impl Finder {
    /// A finder of the queues that belong to the one at `location`, within `region`.
    pub(super) async fn new(
        clients: Clients,
        location: &SqsLocation,
        region: Option<&str>,
    ) -> Result<Finder, Error> {
        let mut finder = Finder {
            clients,
            prefix: "sqs://".to_owned(),
            account: None,
            may_create: true,
        };
        let Some(url) = &location.url else {
            return Ok(finder);
        };
        // Whose account is at hand is known by a queue of the same name in it.
        let own = finder.find(&location.name).await;
        let own = own.is_ok_and(|own| own.is_some_and(|own| own.account() == Some(&url.account)));
        if !own || url.region().is_some_and(|named| region != Some(named)) {
            let whole = url.as_str();
            finder.prefix = whole[..whole.len() - location.name.len()].to_owned();
        }
        finder.account = Some(url.account.clone());
        finder.may_create = own;
        Ok(finder)
    }

    /// Where the queue of this name is, as one would type it.
    pub(super) fn location(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The same queues, found with other clients.
    pub(super) fn with(&self, clients: Clients) -> Finder {
        Finder {
            clients,
            ..self.clone()
        }
    }

    /// The clients that calls are made with.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The queue of this name, if there is one.
    pub(super) async fn find(&self, name: &str) -> Result<Option<SqsQueue>, Error> {
        let errors = Errors::new(self.location(name));
        let call = self.clients.quick.get_queue_url().queue_name(name);
        let call = call.set_queue_owner_aws_account_id(self.account.clone());
        let found = match call.send().await {
            Ok(found) => self.queue(found.queue_url, errors),
            Err(error) => match errors.of_sdk("open", error) {
                Error::Gone { .. } => return Ok(None),
                error => return Err(error),
            },
        };
        // A service that knows no accounts but one answers with a queue of that one.
        let right = self.account.is_none() || found.account() == self.account.as_deref();
        Ok(Some(found).filter(|_| right))
    }

    /// The queue of this name; made if there is none. When several make it at once with the same
    /// settings, SQS gives all of them the same queue. Nothing is made in another's account:
    /// [`Error::NotFound`].
    pub(super) async fn find_or_create(
        &self,
        name: &str,
        settings: Settings,
    ) -> Result<SqsQueue, Error> {
        if let Some(found) = self.find(name).await? {
            return Ok(found);
        }
        if !self.may_create {
            return Err(self.not_found(name, name));
        }
        let errors = Errors::new(self.location(name));
        let call = self.clients.quick.create_queue().queue_name(name);
        match call.set_attributes(Some(settings)).send().await {
            Ok(made) => Ok(self.queue(made.queue_url, errors)),
            Err(error) => Err(errors.of_sdk("make", error)),
        }
    }

    /// The queue of this name, which must be there; it belongs to the queue `base`.
    pub(super) async fn existing(&self, name: &str, base: &str) -> Result<SqsQueue, Error> {
        let found = self.find(name).await?;
        found.ok_or_else(|| self.not_found(name, base))
    }

    fn not_found(&self, name: &str, base: &str) -> Error {
        Error::NotFound {
            queue: self.location(name),
            base: self.location(base),
        }
    }

    fn queue(&self, url: Option<String>, errors: Errors) -> SqsQueue {
        SqsQueue::new(self.clients.clone(), url.unwrap_or_default(), errors)
    }
}
