//! The stores that a worker may read. A message is untrusted: it opens nothing else.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::Error;
use crate::error_chain;
use crate::model::outcome::{FailureClass, Outcome};
use crate::model::{Job, Location, Scheme};
use crate::queue::Queue;
use crate::store::{Source, locate};

/// The allowed stores, opened once each.
pub struct Sources {
    queue: Queue,
    /// Whether the user named the stores, so that the queue's own record does not count.
    named: bool,
    ignore_etag_md5: bool,
    allowed: Mutex<Vec<Location>>,
    open: Mutex<HashMap<Location, Source>>,
}

impl Sources {
    /// The stores that the user allows, or else those that `populate` recorded with the queue.
    pub async fn new(queue: &Queue, named: &[Location]) -> Result<Sources, Error> {
        let sources = Sources {
            queue: queue.clone(),
            named: !named.is_empty(),
            ignore_etag_md5: false,
            allowed: Mutex::new(named.to_vec()),
            open: Mutex::default(),
        };
        if !sources.named {
            sources.read_record().await?;
        }
        Ok(sources)
    }

    /// The same stores; where `ignore`, their ETags are not taken for MD5s.
    #[must_use]
    pub fn ignoring_etag_md5(self, ignore: bool) -> Sources {
        Sources {
            ignore_etag_md5: ignore,
            ..self
        }
    }

    /// The store of a job, or the outcome that it has because it may not be read.
    pub async fn of_job(&self, job: &Job) -> Result<Source, Outcome> {
        let forbidden = |reason: String| Outcome::Failed(FailureClass::Forbidden, reason);
        let location = Location::of_file(&job.url, &job.key)
            .map_err(|error| forbidden(error_chain::whole(&error)))?;
        if location.scheme() == Scheme::File && !self.queue.is_local() {
            return Err(forbidden(format!(
                "{} is a file of this machine, and a queue on the network may not name one",
                job.url
            )));
        }
        let Some(allowed) = self.allowing(&location).await else {
            return Err(forbidden(format!(
                "{} is outside the stores that this worker may read; \
                 allow it with `--allow {location}`",
                job.url
            )));
        };
        let mut open = self.open.lock().await;
        if let Some(store) = open.get(&location) {
            return Ok(store.clone());
        }
        let mut store = Source::open_within(location.clone(), &allowed)
            .await
            .map_err(|error| Outcome::StopEverything(error_chain::whole(&error)))?;
        if self.ignore_etag_md5 {
            store = store.ignoring_etag_md5();
        }
        open.insert(location, store.clone());
        Ok(store)
    }

    /// The allowed store that a location lies in.
    async fn allowing(&self, location: &Location) -> Option<Location> {
        let covering = async || {
            let allowed = self.allowed.lock().await;
            allowed.iter().find(|store| store.covers(location)).cloned()
        };
        if let Some(allowed) = covering().await {
            return Some(allowed);
        }
        // A `populate` of another store may have come since.
        if self.named || self.read_record().await.is_err() {
            return None;
        }
        covering().await
    }

    async fn read_record(&self) -> Result<(), Error> {
        let records = self.queue.runs().await?;
        let stores = records
            .iter()
            .map(|record| Ok(Location::parse(&record.store)?));
        let stores: Result<Vec<Location>, crate::store::Error> = stores.collect();
        *self.allowed.lock().await = stores?;
        Ok(())
    }
}

/// Reads the stores of `--allow`.
pub fn locate_all(texts: &[String]) -> Result<Vec<Location>, Error> {
    texts.iter().map(|text| Ok(locate(text)?)).collect()
}
