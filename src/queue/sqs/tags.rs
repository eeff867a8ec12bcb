//! The tags that workers write: on the queue itself, or on `NAME-calls.fifo`, which is the one
//! queue whose tags a worker needs to write anyway. A policy that lets it write no others is right.

use super::find::Finder;
use super::queue::{SqsQueue, Tags};
use crate::queue::Error;

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

/// The two queues that workers write tags of.
#[derive(Clone)]
pub(super) struct TwoQueues {
    main: SqsQueue,
    finder: Finder,
    calls: String,
}

impl TwoQueues {
    /// The queue itself, and that of the fleet's calls, which may be missing.
    pub(super) fn new(main: &SqsQueue, finder: &Finder, calls: &str) -> TwoQueues {
        TwoQueues {
            main: main.clone(),
            finder: finder.clone(),
            calls: calls.to_owned(),
        }
    }

    /// The tags of one place; none where its queue is missing, or may not be read.
    pub(super) async fn at(&self, place: Place) -> Result<Tags, Error> {
        if place == Place::Queue {
            return self.main.tags().await;
        }
        let read = async {
            match self.finder.find(&self.calls).await? {
                Some(calls) => calls.tags().await,
                None => Ok(Tags::new()),
            }
        };
        match read.await {
            Err(Error::Gone { .. } | Error::Denied { .. }) => Ok(Tags::new()),
            tags => tags,
        }
    }

    /// The tags of both; those of the queue itself where both have one of a name.
    pub(super) async fn all(&self) -> Result<Tags, Error> {
        let (queue, calls) = tokio::try_join!(self.at(Place::Queue), self.at(Place::Calls))?;
        let mut all = calls;
        all.extend(queue);
        Ok(all)
    }

    /// Writes tags in one call.
    pub(super) async fn put(&self, place: Place, tags: Tags) -> Result<(), Error> {
        let queue = self.queue(place).await?;
        queue.set_tags("write the tags of", tags).await
    }

    /// Writes tags at the first place where that is allowed.
    pub(super) async fn put_where_allowed(&self, tags: Tags) -> Result<Place, Error> {
        match self.put(Place::Queue, tags.clone()).await {
            Ok(()) => Ok(Place::Queue),
            Err(Error::Denied { .. }) => self.put(Place::Calls, tags).await.map(|()| Place::Calls),
            Err(error) => Err(error),
        }
    }

    /// Removes tags that count for nothing any more; where that fails they are left.
    pub(super) async fn remove(&self, place: Place, keys: Vec<String>) {
        let Ok(queue) = self.queue(place).await else {
            return;
        };
        if let Err(error) = queue.remove_tags(keys).await {
            tracing::debug!(%error, "some tags of a queue were left");
        }
    }

    async fn queue(&self, place: Place) -> Result<SqsQueue, Error> {
        if place == Place::Queue {
            return Ok(self.main.clone());
        }
        let found = self.finder.find(&self.calls).await?;
        found.ok_or_else(|| Error::Gone {
            queue: self.finder.location(&self.calls),
        })
    }
}
