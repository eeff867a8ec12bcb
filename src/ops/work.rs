//! `work`: N identical lanes, one job in hand each, until the queue is drained or the run is
//! asked to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Error;
use super::drained::Drained;
use super::lane::{Lane, Tally, Verdict};
use super::looking::Uploads;
use super::sources::Sources;
use crate::flickr::{Client, Visibility};
use crate::model::Location;
use crate::model::retry::Backoff;
use crate::monitor::{Event, Monitor};
use crate::queue::Queue;
use crate::stop::Stop;

/// How to work.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many photos are under way at once.
    pub transfers: usize,
    /// Whether to wait for more when the queue is drained.
    pub forever: bool,
    /// How long a message stays invisible to others, unless renewed.
    pub hold: Duration,
    /// Who may see the photos.
    pub visibility: Visibility,
    /// The stores that may be read; empty for those recorded with the queue.
    pub allow: Vec<Location>,
    /// The wait before another attempt at a job.
    pub backoff: Backoff,
}

impl Default for Options {
    /// Sixteen lanes hide the latency of a typical upload at Flickr's pace of a call a second;
    /// two minutes of hold outlast a hiccup of the network, yet a dead worker's jobs come back soon.
    fn default() -> Options {
        Options {
            transfers: 16,
            forever: false,
            hold: Duration::from_secs(120),
            visibility: Visibility::Private,
            allow: Vec::new(),
            backoff: Backoff::default(),
        }
    }
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

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What its lanes did.
    pub tally: Tally,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it ended.
    pub stopped: Stopped,
}

/// Drains the queue into the account.
///
/// Every lane is joined before this returns, so nothing is cut off by an error of another.
pub async fn work(
    queue: &Queue,
    flickr: &Client,
    options: &Options,
    stop: &Stop,
    monitor: Arc<dyn Monitor>,
) -> Result<Summary, Error> {
    let began = Instant::now();
    let verdict = Verdict::default();
    let lane = Arc::new(Lane {
        sources: Sources::new(queue, &options.allow).await?,
        uploads: Uploads::new(flickr),
        drained: Drained::new(queue.exact()),
        queue: queue.clone(),
        flickr: flickr.clone(),
        options: options.clone(),
        stop: stop.clone(),
        verdict: verdict.clone(),
        monitor: Arc::clone(&monitor),
    });
    let mut lanes = JoinSet::new();
    for _ in 0..options.transfers.max(1) {
        let lane = Arc::clone(&lane);
        lanes.spawn(async move { lane.run().await });
    }
    let mut tally = Tally::default();
    let mut failure = None;
    while let Some(ended) = lanes.join_next().await {
        match ended {
            Ok(Ok(of_lane)) => tally.add(&of_lane),
            Ok(Err(error)) => {
                monitor.event(Event::Stopping(error.to_string()));
                stop.drain();
                failure.get_or_insert(error);
            }
            // A job's panic is caught where it is one job's; this is a lane's own.
            Err(error) => {
                stop.drain();
                failure.get_or_insert(Error::Invalid(format!("a lane ended early: {error}")));
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(Summary {
            tally,
            elapsed: began.elapsed(),
            stopped: verdict.stopped(stop),
        }),
    }
}
