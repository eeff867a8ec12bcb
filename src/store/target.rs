//! [`Target`]: a place that files are written to, whole or not at all.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::flickr::{self, FlickrOptions};
use super::{Content, Error};
use crate::model::breaker::Proof;
use crate::model::outage::Service;

/// What a target is opened with; the kind says which one it is.
pub enum TargetOptions {
    /// A Flickr account.
    Flickr(FlickrOptions),
}

/// Whose a target is. A queue is for one target alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// What tells it from every other.
    pub id: String,
    /// What a person knows it by; may be empty.
    pub name: String,
}

/// What a file has to be looked for on the target for, before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorAttempt {
    /// Since when it may have been written: seconds since 1970 by the target's clock.
    pub since: i64,
    /// Only a listing begun after this moment answers: it is waited for. The last attempt had
    /// ended by then, and the target's lists know what it left. `None` where there was no attempt.
    pub after: Option<Instant>,
    /// When the message was sent: a file that was listed earlier may be deleted since.
    pub sent: Instant,
}

/// The right to write one file, where a target makes writers wait for their turn. It goes back when
/// it is dropped unused.
#[must_use = "a slot is one call of the hour's budget"]
pub struct Slot(Option<flickr::Permit>);

impl Slot {
    pub(super) fn of_flickr(permit: flickr::Permit) -> Slot {
        Slot(Some(permit))
    }

    pub(super) fn into_flickr(self) -> Option<flickr::Permit> {
        self.0
    }
}

/// How a file came to be on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It was written now.
    Stored(Stored),
    /// It was there already.
    AlreadyThere(Stored),
}

/// A file that is on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The target's name for it.
    pub id: String,
    /// Whether its bytes were sent, be it only to learn that the target has them.
    pub was_sent: bool,
}

#[async_trait]
pub(super) trait Write: Send + Sync {
    async fn owner(&self) -> Result<Owner, Error>;
    async fn has_files(&self) -> Result<bool, Error>;
    async fn preflight(&self, queued: u64) -> Result<Vec<String>, Error>;
    async fn slot(&self) -> Result<Slot, Error>;
    async fn put(
        &self,
        slot: Option<Slot>,
        content: &Content,
        prior: Option<PriorAttempt>,
    ) -> Result<Put, Error>;
    async fn answers(&self, service: &Service, proof: Proof) -> bool;
    fn seconds_ahead(&self) -> i64;
    fn now(&self) -> i64;
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
