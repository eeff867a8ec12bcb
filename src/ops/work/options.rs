//! What the lanes of a worker share: how to work, what was done, and why it ended.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::model::Location;
use crate::model::outcome::Backoff;
use crate::stop::Stop;
use crate::store::Throttle;

/// How to work.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many photos are under way at once.
    pub transfers: Transfers,
    /// The most lanes, whatever `transfers` says: as many as this process can have open files for.
    pub most_lanes: usize,
    /// How fast bytes may pass.
    pub throttle: Throttle,
    /// Whether to wait for more when the queue is drained.
    pub forever: bool,
    /// How long a message stays invisible to others, unless renewed.
    pub hold: Duration,
    /// The stores that may be read; empty for those recorded with the queue.
    pub allow: Vec<Location>,
    /// Whether no ETag is taken for an MD5.
    pub ignore_etag_md5: bool,
    /// The wait before another attempt at a job.
    pub backoff: Backoff,
    /// How many jobs may end on the failed queue before the run stops; `None` for no limit.
    pub max_errors: Option<u64>,
}

impl Default for Options {
    /// Sixteen lanes hide the latency of a typical upload at Flickr's pace of a call a second;
    /// two minutes of hold outlast a hiccup of the network, yet a dead worker's jobs come back soon.
    fn default() -> Options {
        Options {
            transfers: Transfers::Fixed(16),
            most_lanes: usize::MAX,
            throttle: Throttle::unlimited(),
            forever: false,
            hold: Duration::from_secs(120),
            allow: Vec::new(),
            ignore_etag_md5: false,
            backoff: Backoff::default(),
            max_errors: None,
        }
    }
}

/// How many photos are under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfers {
    /// So many.
    Fixed(usize),
    /// As many as still make it faster, eight at first.
    Auto,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing is waiting, delayed or in flight with anyone.
    Drained,
    /// It was asked to.
    Signal,
    /// No photo can succeed now: what to do next.
    Halted(String),
}

/// What a lane, or a whole run, did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Photos uploaded.
    pub uploaded: u64,
    /// How many of these are videos, which Flickr goes on to process, and may refuse then.
    pub videos: u64,
    /// Photos that were on Flickr already.
    pub already_there: u64,
    /// Attempts that failed and were put back.
    pub retried: u64,
    /// Jobs that ended on the failed queue.
    pub failed: u64,
    /// Bytes of the photos uploaded.
    pub bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        self.uploaded += other.uploaded;
        self.videos += other.videos;
        self.already_there += other.already_there;
        self.retried += other.retried;
        self.failed += other.failed;
        self.bytes += other.bytes;
    }
}

/// Why the lanes stop, once one of them knows: the first to say so is believed.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict(Arc<Mutex<Option<Stopped>>>);

impl Verdict {
    pub(super) fn say(&self, stopped: Stopped) {
        self.0.lock().get_or_insert(stopped);
    }

    pub(super) fn is_drained(&self) -> bool {
        *self.0.lock() == Some(Stopped::Drained)
    }

    pub(super) fn is_halted(&self) -> bool {
        let said = self.0.lock();
        matches!(*said, Some(Stopped::Halted(_)))
    }

    pub(super) fn stopped(&self, stop: &Stop) -> Stopped {
        let said = self.0.lock().clone();
        said.unwrap_or(if stop.is_draining() {
            Stopped::Signal
        } else {
            Stopped::Drained
        })
    }
}
