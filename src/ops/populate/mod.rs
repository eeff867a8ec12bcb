//! `populate`: lists the source and puts one job a photo on the queue, in constant memory.

mod files;
mod filter;
mod hint;
mod listing;
mod queued_run;
mod sender;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::filter::Filter;
use self::listing::Listing;
use super::Error;
use crate::model::flickr::accepts::Skip;
use crate::monitor::Monitor;
use crate::queue::{Counts, Queue};
use crate::stop::Stop;
use crate::store::Source;

/// What to queue.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Attempts that each job has; at least 1.
    pub retries: u32,
    /// Which of them are wanted.
    pub filter: Filter,
    /// The names of the files, in place of a listing of the source.
    pub files: Option<Vec<String>>,
}

impl Default for Options {
    /// Everything, with five attempts each: Flickr's bad spells rarely last through five.
    fn default() -> Options {
        Options {
            prefix: String::new(),
            retries: 5,
            filter: Filter::default(),
            files: None,
        }
    }
}

/// Where the jobs go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Onto this queue.
    Queue(Queue),
    /// Onto a queue that is made at this location once there is a first job for it.
    New(String),
    /// Nowhere: it is only said what would be queued. A queue that is there is asked what it has.
    Nowhere(Option<Queue>),
}

/// What was queued, and what was passed over. Serialized, it is the JSON result of `populate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Jobs put on the queue.
    pub queued: u64,
    /// The bytes of their files.
    pub bytes: u64,
    /// What the source showed: files, and what else was passed over.
    pub listed: u64,
    /// The albums that these jobs make: how many folders they are in.
    pub albums: u64,
    /// What was on the queue before; `None` where there was no queue, or nothing for it.
    #[serde(skip)]
    pub found: Option<Counts>,
    /// Files passed over, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Whether an earlier `populate` of this queue was found, so that the workers will look
    /// on Flickr before they upload what this one sent.
    #[serde(skip)]
    pub again: bool,
    /// Whether it was asked to stop before the end of the listing.
    #[serde(skip)]
    pub stopped: bool,
}

impl Summary {
    /// Whether the listing came to its end and everything in the source could be looked into.
    pub fn is_whole(&self) -> bool {
        !self.stopped && !self.skipped.contains_key(&Skip::Unreadable)
    }
}

/// Queues all photos of `source`, or only says what it would queue.
///
/// A queue that an earlier `populate` filled refuses the jobs that it has (SQLite), or gets
/// them marked, so that a worker looks on Flickr before it uploads them (SQS).
///
/// When it is asked to stop, what was listed is sent and recorded, and the summary says so.
pub async fn populate(
    source: &Source,
    destination: Destination,
    options: &Options,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<Summary, Error> {
    let mut listing = Listing::new(source, destination, options, stop, monitor);
    let ended = tokio::select! {
        ended = listing.list_and_send() => ended,
        () = stop.aborting() => {
            listing.summary.stopped = true;
            Ok(())
        }
    };
    match ended {
        Ok(()) => match listing.nothing_found().await {
            Some(error) => Err(error),
            None => Ok(listing.summary),
        },
        Err(cause) if listing.summary.queued == 0 => Err(listing.explained(cause).await),
        Err(cause) => Err(Error::Midway {
            done: format!(
                "{} jobs are queued; run the same populate again for the rest",
                listing.summary.queued
            ),
            cause: Box::new(cause),
        }),
    }
}
