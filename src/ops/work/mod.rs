//! `work`: N identical lanes, one job in hand each, until the queue is drained or the run is
//! asked to stop.

pub mod allowed_sources;
mod attempt;
mod autoscale;
mod breaker;
mod idle;
mod judge;
mod lane;
mod lane_stats;
mod options;
mod outage;
mod pool;
mod prior_attempt;
mod probe;
mod scout;
mod settle;
mod stall;
mod summary;
mod transfer;
mod worker;

use std::sync::Arc;
use std::time::Instant;

pub use self::options::{Options, Transfers};
use self::pool::Pool;
pub use self::summary::{StopReason, Summary, Tally};
use self::worker::Worker;
use super::{Error, account};
use crate::error_chain::whole;
use crate::monitor::{Event, Monitor};
use crate::queue::{BoundAccount, Queue};
use crate::stop::Stop;
use crate::store::{self, Target};

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
                stopped: StopReason::Signal,
            });
        }
        bound => bound?,
    };
    let had_files = account.had_photos;
    let worker = Worker::new((queue, target), had_files, options, stop, monitor).await?;
    let worker = Arc::new(worker);
    run_lanes(&worker).await?;
    let tally = *worker.tally.lock();
    Ok(Summary {
        tally,
        elapsed: began.elapsed(),
        stopped: worker.stop_reason.get(stop),
    })
}

/// Runs the lanes until the last has ended and every message is settled. The first lane that fails
/// has the others end.
async fn run_lanes(worker: &Arc<Worker>) -> Result<(), Error> {
    let mut lanes = Pool::start(Arc::clone(worker));
    let mut failure = None;
    while let Some(ended) = lanes.next_ended().await {
        // A panic over one job is caught there; this one is the lane's own.
        let ended = ended
            .unwrap_or_else(|error| Err(Error::Invalid(format!("a lane ended early: {error}"))));
        if let Err(error) = ended {
            worker.monitor.event(Event::Stopping {
                reason: whole(&error),
            });
            worker.stop.drain();
            failure.get_or_insert(error);
        }
    }
    worker.undecided.close();
    worker.undecided.wait().await;
    failure.map_or(Ok(()), Err)
}

/// What must be right of a queue before a worker takes anything from it: it loses no message that
/// a dead worker had, and it is this target's. What is only worth knowing is logged.
async fn prepare(queue: &Queue, target: &Target) -> Result<BoundAccount, Error> {
    for line in queue.check(false).await? {
        tracing::warn!("{line}");
    }
    account::bind(queue, target).await
}
