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
pub mod flickr;
mod folder;
mod hasher;
mod idle;
mod inventory;
mod listing;
mod s3;
mod source;
mod target;
mod throttle;

pub use self::content::{Body, ByteCount, Content, ReadErrorSlot};
pub use self::error::{Cause, Error};
pub use self::etag_trust::EtagTrust;
pub use self::hasher::Hasher;
use self::idle::idle;
use self::listing::excludes_folder;
pub use self::listing::{Object, Page, Passed, is_excluded};
use self::source::Read;
pub use self::source::{Reading, Source, Version, locate};
pub use self::target::{Owner, PriorAttempt, Put, Slot, Stored, Target, TargetOptions};
pub use self::throttle::Throttle;
