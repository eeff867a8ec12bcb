//! What `work` can be told.

use std::time::Duration;

use crate::model::Location;
use crate::model::outcome::Backoff;
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
    pub visibility_timeout: Duration,
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
    /// Sixteen lanes hide the latency of a typical upload at a pace of one photo a second;
    /// a message held for two minutes outlasts a
    /// hiccup of the network, yet a dead worker's jobs come back soon.
    fn default() -> Options {
        Options {
            transfers: Transfers::Fixed(16),
            most_lanes: usize::MAX,
            throttle: Throttle::unlimited(),
            forever: false,
            visibility_timeout: Duration::from_secs(120),
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
    /// This many.
    Fixed(usize),
    /// As many as still make it faster, eight at first.
    Auto,
}
