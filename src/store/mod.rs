//! Where photos are: a [`Source`] that they are read from, a [`Target`] that they are written to.
//!
//! Both are concrete types over a private trait, with a folder for each kind of store. They are two
//! and not one, so that what is read from is never written to: a source has no method for it.
//!
//! Listing comes in pages, so that a store of any size is walked in constant memory; a file is
//! read as a stream from any offset, so that a body that breaks off can be taken up again. A target
//! takes a file as [`Content`], which it may open more than once.

mod content;
mod error;
mod etag_trust;
mod file_type;
pub mod flickr;
mod folder;
mod globs;
mod hasher;
mod idle;
mod inventory;
mod listing;
mod s3;
mod source;
mod target;
mod throttle;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::time::Instant;

pub use self::content::{Body, ByteCount, Content, ReadErrorSlot};
pub use self::error::{Cause, Error};
pub use self::etag_trust::EtagTrust;
pub use self::file_type::extension_of;
pub use self::globs::{Globs, InvalidGlob};
pub use self::hasher::Hasher;
use self::idle::idle;
pub use self::listing::{Object, Page, Passed};
pub use self::source::{Source, locate};
pub use self::target::{Target, TargetOptions};
pub use self::throttle::Throttle;
use crate::model::breaker::Proof;
use crate::model::outage::Service;
use crate::model::{Digest, Key};

/// A file that is being read, as the store says before the first byte. Servers lie:
/// [`Content`] judges it.
pub struct Reading {
    /// Where the body begins in the file, in bytes: what the answer says, not what was asked for.
    pub start: u64,
    /// The size of the whole file in bytes; `None` where the store does not tell.
    pub size: Option<u64>,
    /// The version that is being read.
    pub version: Version,
    /// The ETag as the MD5 of the whole file, where it looks like one and may be one.
    pub etag_md5: Option<Digest>,
    /// The checksum of the whole file that the store keeps beside it.
    pub checksum: Option<Digest>,
    /// What the store says the file is, such as `image/jpeg`; anybody may have set it.
    pub content_type: Option<String>,
    /// The bytes from `start` on.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

/// Which version of a file an answer is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The store's mark of it, without quotes; empty where the store has none.
    pub etag: String,
    /// When it was changed, where the store tells.
    pub modified: Option<String>,
    /// What else tells it from others: S3's version id, a file's device and inode.
    pub id: Option<String>,
}

impl Version {
    /// Whether the bytes of both answers are of one file. Not without an ETag.
    pub fn is_same(&self, other: &Version) -> bool {
        !self.etag.is_empty() && self == other
    }
}

#[async_trait]
trait Read: Send + Sync {
    fn list(&self, prefix: &str, exclude: &Globs) -> BoxStream<'static, Result<Page, Error>>;
    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error>;
    /// The beginning of a file, or all of it: what more than the head costs is up to the store.
    async fn read_head(&self, key: &Key) -> Result<Reading, Error>;
    async fn stat(&self, key: &Key) -> Result<Object, Error>;
    /// The files directly in a folder (`""`, or ending in a slash), and its folders with a slash;
    /// a thousand at most.
    async fn names(&self, folder: &str) -> Result<Vec<String>, Error>;
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
    fn from_flickr(permit: flickr::Permit) -> Slot {
        Slot(Some(permit))
    }

    fn into_flickr(self) -> Option<flickr::Permit> {
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
trait Write: Send + Sync {
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
    fn paused_for(&self) -> Option<Duration>;
    fn seconds_ahead(&self) -> i64;
    fn now(&self) -> i64;
}
