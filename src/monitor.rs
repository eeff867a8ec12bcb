//! [`Monitor`]: what is said while an operation runs.
//!
//! Operations report events by name; a progress bar, log lines or a test's list come of them.
//! Nothing of an operation depends on what a monitor does.

use std::fmt;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use crate::model::Key;
use crate::model::flickr::accepts::Skip;
use crate::model::outage::Service;
use crate::model::outcome::Class;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A page of the source's listing arrived, with so many files.
    Listed(usize),
    /// A file was passed over.
    Skipped(String, Skip),
    /// Something in the source could not be looked into: its path, and why. There may be photos in it.
    CannotRead(String, String),
    /// So many jobs, of so many bytes in all, were put on the queue.
    Queued(usize, u64),
    /// A worker looked at the account, and this is worth knowing.
    Account(String),
    /// The transfer of a file began.
    Started(Key, u64),
    /// A file is on Flickr: its photo's id and its bytes.
    Uploaded(Key, String, u64),
    /// A file was on Flickr already: its photo's id.
    AlreadyThere(Key, String),
    /// An attempt failed and the job was put back: the reason, and how many attempts are left.
    PutBack(Key, String, u32),
    /// A job ended on the failed queue: the kind of failure and the reason.
    Failed(Key, Class, String),
    /// A message that is no job was put aside: why.
    Unreadable(String),
    /// A job was given back untouched.
    Released(Key),
    /// Flickr asked for fewer calls; the pace was lowered.
    Throttled,
    /// What holds the lanes up is another thing now.
    Limited(Limit),
    /// There are so many lanes now.
    Lanes(usize),
    /// A service fails for every photo, or the queue does not answer: the lanes wait.
    Outage {
        /// The service.
        service: Service,
        /// What was seen last, such as `HTTP 503`.
        way: String,
        /// Since when it fails.
        since: SystemTime,
        /// How long until one job is tried.
        next_try: Duration,
    },
    /// The outage is over: the lanes go on.
    Recovered {
        /// The service that is well again.
        service: Service,
        /// How long the outage lasted.
        lasted: Duration,
    },
    /// The run is being ended: why.
    Stopping(String),
    /// A photo is about to be deleted: a later copy of this file, and its id.
    Deleting(Key, String),
    /// So many photos, or members of sets, of the account were read.
    Read(usize),
    /// A set was not made or not changed: its title, and why.
    SetRefused(String, String),
    /// Something is waited for that takes long: what.
    Waiting(String),
    /// An edit of the plan was carried out: its row, its number and how many there are.
    Edited(String, usize, usize),
}

/// What a worker waits for most: lifting any other limit would not make it faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The right to make a call to Flickr: the budget, or Flickr's own "too many".
    Calls,
    /// The answers of the store and of Flickr; more lanes may help.
    Latency,
    /// The bytes a second: `--bwlimit`, or all that more lanes could not speed up.
    Bandwidth,
    /// The queue has nothing to take.
    QueueEmpty,
    /// A service that fails for every photo.
    Outage,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Calls => "calls",
            Limit::Latency => "latency",
            Limit::Bandwidth => "bandwidth",
            Limit::QueueEmpty => "queue empty",
            Limit::Outage => "outage",
        })
    }
}

/// Who is told.
pub trait Monitor: Send + Sync {
    /// Something happened. Must return at once.
    fn event(&self, event: Event);
}

/// Tells nobody.
#[derive(Debug, Default)]
pub struct Silent;

impl Monitor for Silent {
    fn event(&self, _: Event) {}
}

/// Keeps what it is told, for tests and for callers that want to look afterwards.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    /// All that it was told so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().clone()
    }
}

impl Monitor for Recorder {
    fn event(&self, event: Event) {
        self.0.lock().push(event);
    }
}
