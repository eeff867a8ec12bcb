//! What all lanes of a worker share: its services, what it was told, and what is known so far.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use super::Error;
use super::allowed_sources::Sources;
use super::breaker::{Breaker, Pass};
use super::idle::IdleCheck;
use super::lane_stats::LaneStats;
use super::options::Options;
use super::prior_attempt::Past;
use super::scout::Scout;
use super::summary::{StopReason, StopReasonSlot, Tally};
use crate::error_chain::innermost;
use crate::model::outage::Service;
use crate::monitor::{Event, Monitor};
use crate::queue::{self, Queue};
use crate::stop::Stop;
use crate::store::Target;

/// How long one request waits for a message of SQS: long enough to be cheap, short enough to
/// stop soon.
const WAIT: Duration = Duration::from_secs(2);

/// The same for a queue on this machine, which costs nothing to ask again.
const LOCAL_WAIT: Duration = Duration::from_millis(200);

/// The lanes of a worker share one.
pub(super) struct Worker {
    pub queue: Queue,
    pub sources: Sources,
    pub target: Target,
    /// Whether the target had files when the queue was bound to it.
    pub had_files: bool,
    pub idle: IdleCheck,
    pub scout: Scout,
    pub stats: LaneStats,
    /// How many lanes there are.
    pub running: AtomicUsize,
    /// How many lanes there should be.
    pub wanted: AtomicUsize,
    pub options: Options,
    pub stop: Stop,
    pub stop_reason: StopReasonSlot,
    pub monitor: Arc<dyn Monitor>,
    pub breaker: Breaker,
    /// The jobs whose lane went on before it was known who pays for their failure.
    pub undecided: TaskTracker,
    pub tally: Mutex<Tally>,
    /// How many jobs ended on the failed queue, those included that are being moved there.
    pub failed: AtomicU64,
}

impl Worker {
    /// A worker without a lane. `had_files` tells whether the target had files when the queue was
    /// bound to it.
    pub(super) async fn new(
        (queue, target): (&Queue, &Target),
        had_files: bool,
        options: &Options,
        stop: &Stop,
        monitor: Arc<dyn Monitor>,
    ) -> Result<Worker, Error> {
        let sources = Sources::new(queue, &options.allow).await?;
        Ok(Worker {
            queue: queue.clone(),
            sources: sources.ignoring_etag_md5(options.ignore_etag_md5),
            target: target.clone(),
            had_files,
            idle: IdleCheck::new(queue.exact()),
            scout: Scout::default(),
            stats: LaneStats::default(),
            running: AtomicUsize::new(0),
            wanted: AtomicUsize::new(0),
            options: options.clone(),
            stop: stop.clone(),
            stop_reason: StopReasonSlot::default(),
            breaker: Breaker::new(&options.backoff, Arc::clone(&monitor)),
            monitor,
            undecided: TaskTracker::new(),
            tally: Mutex::default(),
            failed: AtomicU64::new(0),
        })
    }

    /// Counts the end of one attempt.
    pub(super) fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock());
    }

    /// Whether no lane may take another job.
    pub(super) fn is_finished(&self) -> bool {
        self.stop.is_draining() || self.stop_reason.is_drained()
    }

    /// Takes one lane off the count where there are more than wanted; that lane must end.
    pub(super) fn retires_lane(&self) -> bool {
        let wanted = self.wanted.load(Relaxed);
        let fewer = |running| (running > wanted).then(|| running - 1);
        self.running.fetch_update(Relaxed, Relaxed, fewer).is_ok()
    }

    /// How long one request for a message waits for one to come.
    pub(super) fn receive_wait(&self) -> Duration {
        if self.queue.is_local() {
            LOCAL_WAIT
        } else {
            WAIT
        }
    }

    /// What decides whether a job may have been uploaded before.
    pub(super) fn past(&self) -> Past {
        Past {
            had_files: self.had_files,
            lag: self.options.backoff.first,
            seconds_ahead: self.target.seconds_ahead(),
        }
    }

    /// How long until a lane may have a slot, as far as the target and the queue tell.
    pub(super) fn next_slot(&self) -> Option<Duration> {
        self.target.paused_for().max(self.queue.next_permit())
    }

    /// Ends the run with this message. Jobs in hand are finished or go back to the queue.
    pub(super) fn stop_all(&self, reason: String) {
        self.monitor.event(Event::Stopping {
            reason: reason.clone(),
        });
        self.stop_reason.set(StopReason::Fatal(reason));
        self.stop.drain();
    }

    /// Has the lanes wait where the queue does not answer. Any other error is returned, and ends
    /// the run.
    pub(super) fn retry_later(
        &self,
        error: queue::Error,
        pass: Option<&Pass>,
    ) -> Result<(), Error> {
        if !matches!(error, queue::Error::Unreachable { .. }) {
            return Err(error.into());
        }
        self.queue_failed(&error, pass);
        Ok(())
    }

    /// The queue did not answer the lane that has this pass.
    pub(super) fn queue_failed(&self, error: &dyn std::error::Error, pass: Option<&Pass>) {
        let queue = Service::Queue(self.queue.location().to_owned());
        self.breaker.queue_failed(pass, &queue, &innermost(error));
    }
}
