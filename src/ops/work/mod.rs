//! `work`: N identical lanes, one job in hand each, until the queue is drained or the run is
//! asked to stop.

pub mod allowed_sources;
mod autoscale;
mod breaker;
mod idle;
mod lane;
pub mod lane_stats;
mod options;
mod outage;
mod pool;
mod prior_attempt;
mod probe;
mod scout;
mod settle;
mod transfer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use self::allowed_sources::Sources;
use self::breaker::Breaker;
use self::idle::Drained;
use self::lane::Lane;
use self::options::Verdict;
pub use self::options::{Options, Stopped, Tally, Transfers};
use self::pool::Lanes;
use self::scout::Scout;
use super::{Error, account};
use crate::monitor::{Event, Monitor};
use crate::queue::{BoundAccount, Queue};
use crate::stop::Stop;
use crate::store::{self, Target};

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

/// Drains the queue into the target.
///
/// Every lane is joined before this returns, so nothing is cut off by an error of another.
pub async fn work(
    queue: &Queue,
    target: &Target,
    options: &Options,
    stop: &Stop,
    monitor: Arc<dyn Monitor>,
) -> Result<Summary, Error> {
    let began = Instant::now();
    let account = match prepare(queue, target).await {
        // Asked to end before it began.
        Err(Error::Store(store::Error::Draining)) => {
            return Ok(Summary {
                tally: Tally::default(),
                elapsed: began.elapsed(),
                stopped: Stopped::Signal,
            });
        }
        bound => bound?,
    };
    let verdict = Verdict::default();
    let lane = Arc::new(Lane {
        sources: Sources::new(queue, &options.allow)
            .await?
            .ignoring_etag_md5(options.ignore_etag_md5),
        had_files: account.had_photos,
        drained: Drained::new(queue.exact()),
        scout: Scout::default(),
        queue: queue.clone(),
        target: target.clone(),
        options: options.clone(),
        stop: stop.clone(),
        verdict: verdict.clone(),
        monitor: Arc::clone(&monitor),
        activity: Arc::default(),
        running: AtomicUsize::new(0),
        wanted: AtomicUsize::new(0),
        breaker: Breaker::new(&options.backoff, Arc::clone(&monitor)),
        undecided: TaskTracker::new(),
        late: Mutex::default(),
        failed: AtomicU64::new(0),
    });
    let mut lanes = Lanes::start(Arc::clone(&lane));
    let mut tally = Tally::default();
    let mut failure = None;
    while let Some(ended) = lanes.next_end().await {
        match ended {
            Ok(Ok(of_lane)) => tally.add(&of_lane),
            Ok(Err(error)) => {
                monitor.event(Event::Stopping {
                    reason: error.to_string(),
                });
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
    lane.undecided.close();
    lane.undecided.wait().await;
    tally.add(&lane.late.lock());
    match failure {
        Some(error) => Err(error),
        None => Ok(Summary {
            tally,
            elapsed: began.elapsed(),
            stopped: verdict.stopped(stop),
        }),
    }
}

/// What must be right of a queue before a worker takes anything from it: it loses no message that
/// a dead worker had, and it is this target's. What is only worth knowing is logged.
async fn prepare(queue: &Queue, target: &Target) -> Result<BoundAccount, Error> {
    for line in queue.check(false).await? {
        tracing::warn!("{line}");
    }
    account::bind(queue, target).await
}
