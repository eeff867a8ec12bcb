//! The tags that workers write: on the queue itself, or on `NAME-calls.fifo`, which is the one
//! queue whose tags a worker needs to write anyway. A policy that lets it write no others is right.

use std::collections::HashMap;

use aws_sdk_sqs::Client;

use super::{Faults, client, runs};
use crate::queue::Error;

/// The tags of one queue.
pub(super) type Tagged = HashMap<String, String>;

/// Which queue's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The queue itself: what is there lasts as long as the messages do.
    Queue,
    /// `NAME-calls.fifo`.
    Calls,
}

/// In the order in which they are tried.
pub(super) const PLACES: [Place; 2] = [Place::Queue, Place::Calls];

/// Where the tags of a queue are.
#[derive(Clone)]
pub(super) struct Tags {
    client: Client,
    faults: Faults,
    queue: String,
    calls: String,
    calls_faults: Faults,
}

impl Tags {
    /// Of the queue of this name and address.
    pub(super) fn new(client: &Client, name: &str, url: &str) -> Tags {
        let calls = format!("{name}-calls.fifo");
        Tags {
            client: client.clone(),
            faults: Faults::of(name),
            queue: url.to_owned(),
            calls_faults: Faults::of(&calls),
            calls,
        }
    }

    /// The tags of one place; none where its queue is missing, or may not be read.
    pub(super) async fn at(&self, place: Place) -> Result<Tagged, Error> {
        if place == Place::Queue {
            return runs::tags(&self.client, &self.faults, &self.queue).await;
        }
        let read = async {
            match client::find(&self.client, &self.calls_faults, &self.calls).await? {
                Some(url) => runs::tags(&self.client, &self.calls_faults, &url).await,
                None => Ok(Tagged::new()),
            }
        };
        match read.await {
            Err(Error::Gone { .. } | Error::Denied { .. }) => Ok(Tagged::new()),
            tags => tags,
        }
    }

    /// The tags of both; those of the queue itself where both have one of a name.
    pub(super) async fn all(&self) -> Result<Tagged, Error> {
        let (queue, calls) = tokio::try_join!(self.at(Place::Queue), self.at(Place::Calls))?;
        let mut all = calls;
        all.extend(queue);
        Ok(all)
    }

    /// Writes tags in one call.
    pub(super) async fn put(&self, place: Place, news: Tagged) -> Result<(), Error> {
        let (faults, url) = self.address(place).await?;
        let tag = self.client.tag_queue().queue_url(url).set_tags(Some(news));
        let tagged = tag.send().await;
        tagged
            .map(drop)
            .map_err(|error| faults.general("write the tags of", error))
    }

    /// Writes tags at the first place where that is allowed.
    pub(super) async fn put_where_allowed(&self, news: Tagged) -> Result<Place, Error> {
        match self.put(Place::Queue, news.clone()).await {
            Ok(()) => Ok(Place::Queue),
            Err(Error::Denied { .. }) => self.put(Place::Calls, news).await.map(|()| Place::Calls),
            Err(error) => Err(error),
        }
    }

    /// Removes tags that count for nothing any more; where that fails they are left.
    pub(super) async fn remove(&self, place: Place, keys: Vec<String>) {
        let Ok((_, url)) = self.address(place).await else {
            return;
        };
        let untag = self.client.untag_queue().queue_url(url);
        if let Err(error) = untag.set_tag_keys(Some(keys)).send().await {
            tracing::debug!(%error, "some tags of a queue were left");
        }
    }

    async fn address(&self, place: Place) -> Result<(&Faults, String), Error> {
        if place == Place::Queue {
            return Ok((&self.faults, self.queue.clone()));
        }
        let found = client::find(&self.client, &self.calls_faults, &self.calls).await?;
        let gone = || Error::Gone {
            queue: self.calls_faults.queue().to_owned(),
        };
        Ok((&self.calls_faults, found.ok_or_else(gone)?))
    }
}
