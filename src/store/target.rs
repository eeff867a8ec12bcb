//! [`Target`]: a place that files are written to, whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use super::flickr::{self, FlickrOptions};
use super::{Content, Error, Owner, PriorAttempt, Put, Slot, Write};
use crate::model::breaker::Proof;
use crate::model::outage::Service;

/// What a target is opened with; the kind says which one it is.
pub enum TargetOptions {
    /// A Flickr account.
    Flickr(FlickrOptions),
}

/// A place that files are written to. Cheap to clone.
#[derive(Clone)]
pub struct Target(Arc<dyn Write>);

impl Target {
    /// Opens a target; that it is really there shows when it is asked.
    pub fn open(options: TargetOptions) -> Target {
        match options {
            TargetOptions::Flickr(options) => Target(Arc::new(flickr::Flickr::new(options))),
        }
    }

    /// Whose it is; fails where the credentials are refused.
    pub async fn owner(&self) -> Result<Owner, Error> {
        self.0.owner().await
    }

    /// Whether files of ours are there, or may be.
    pub async fn has_files(&self) -> Result<bool, Error> {
        self.0.has_files().await
    }

    /// What a user should know before `queued` files are written: warnings, one line each.
    /// Fails where no file can be written.
    pub async fn preflight(&self, queued: u64) -> Result<Vec<String>, Error> {
        self.0.preflight(queued).await
    }

    /// Waits for the right to write one file. Asked for before a message is leased, so that no
    /// message waits in hand.
    ///
    /// [`Error::Draining`] where the run is ending and there is none at once; [`Error::Budget`]
    /// where the place that shares them out cannot be asked.
    pub async fn slot(&self) -> Result<Slot, Error> {
        self.0.slot().await
    }

    /// Writes a file, whole or not at all. With a `prior` attempt it is looked for first.
    ///
    /// Without a slot, or with one that is too old, it asks for one itself. One is given back while
    /// the file is looked for: another file may be written with it meanwhile.
    pub async fn put(
        &self,
        slot: Option<Slot>,
        content: &Content,
        prior: Option<PriorAttempt>,
    ) -> Result<Put, Error> {
        self.0.put(slot, content, prior).await
    }

    /// Whether a service of the target that failed for one file answers another request: then the
    /// file is to blame. Costs one call.
    pub async fn answers(&self, service: &Service, proof: Proof) -> bool {
        self.0.answers(service, proof).await
    }

    /// How long no file is written because the target asked for a pause; `None` where it did not.
    pub fn paused_for(&self) -> Option<Duration> {
        self.0.paused_for()
    }

    /// How many seconds the target's clock is ahead of this machine's (behind, where negative), as
    /// far as its answers told. Every time that the target sees must be by its own clock.
    pub fn seconds_ahead(&self) -> i64 {
        self.0.seconds_ahead()
    }

    /// This moment in seconds since 1970, by the target's clock.
    pub fn now(&self) -> i64 {
        self.0.now()
    }
}
