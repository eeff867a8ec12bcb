//! One lane of a worker: takes a message, copies its photo, has the message settled, and again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio_util::task::TaskTracker;

use super::Error;
use super::allowed_sources::Sources;
use super::breaker::{Breaker, Pass};
use super::idle::Drained;
use super::lane_stats::{Activity, Doing};
use super::options::{Options, Stopped, Tally, Verdict};
use super::prior_attempt::{Past, look_again};
use super::scout::Scout;
use super::transfer::{Attempt, Services, transfer};
use crate::error_chain::innermost;
use crate::model::Job;
use crate::model::outage::Service;
use crate::model::outcome::{FailureClass, Outcome};
use crate::monitor::{Event, Monitor};
use crate::queue::{self, Lease, Queue};
use crate::stop::Stop;
use crate::store::{self, PriorAttempt, Slot, Target};

/// How long one request waits for a message of SQS: long enough to be cheap, short enough to
/// stop soon.
const WAIT: Duration = Duration::from_secs(2);

/// The same for a queue on this machine, which costs nothing to ask again.
const LOCAL_WAIT: Duration = Duration::from_millis(200);

/// All that a lane needs; the lanes of a worker share one.
pub(super) struct Lane {
    pub queue: Queue,
    pub sources: Sources,
    pub target: Target,
    /// Whether the target had files when the queue was bound to it.
    pub had_files: bool,
    pub drained: Drained,
    pub scout: Scout,
    pub activity: Arc<Activity>,
    /// How many lanes there are, and how many there shall be.
    pub running: AtomicUsize,
    pub wanted: AtomicUsize,
    pub options: Options,
    pub stop: Stop,
    pub verdict: Verdict,
    pub monitor: Arc<dyn Monitor>,
    pub breaker: Breaker,
    /// The jobs whose lane went on before it was known who pays for their failure.
    pub undecided: TaskTracker,
    /// What became of these.
    pub late: Mutex<Tally>,
    /// How many jobs ended on the failed queue.
    pub failed: AtomicU64,
}

impl Lane {
    /// Works until the queue is drained or the run stops; an error is the queue's own end.
    pub(super) async fn run(self: Arc<Lane>) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        // The call is asked for before the message is leased, so that no message waits in hand.
        let mut permit = None;
        while let Some((lease, pass)) = self.next(&mut permit).await? {
            let settled = self.one(lease, pass, &mut permit, &mut tally).await;
            match settled {
                // Someone else has the message, or will have it, and will look before uploading.
                // And a message that the queue does not take as it should become is handed out
                // again, until the queue itself puts it among the failed.
                Ok(()) | Err(queue::Error::LeaseLost { .. } | queue::Error::Refused { .. }) => {}
                Err(error) => self.trouble(error, None)?,
            }
        }
        Ok(tally)
    }

    /// The next message, and the breaker's leave to try it; `None` when there is to be no more.
    async fn next(&self, permit: &mut Option<Slot>) -> Result<Option<(Lease, Pass)>, Error> {
        let wait = if self.queue.is_local() {
            LOCAL_WAIT
        } else {
            WAIT
        };
        let mut pass = None;
        loop {
            if self.over() || self.is_one_too_many() {
                return Ok(None);
            }
            let Some(leave) = pass.take() else {
                pass = self.enter().await;
                continue;
            };
            if permit.is_none() && !self.scout.is_needed() {
                *permit = self.permit(&leave).await?;
                pass = permit.is_some().then_some(leave);
                continue;
            }
            let Some(received) = self.ask(permit, wait).await else {
                continue;
            };
            match received {
                Ok(Some(lease)) => {
                    self.breaker.queue_answered();
                    self.drained.not_yet().await;
                    if !self.over() && leave.begin() {
                        return Ok(Some((lease, leave)));
                    }
                    // A drain or an outage began while this request waited. Not given back, it
                    // comes back late.
                    let _ = self.give_back(lease).await;
                }
                Ok(None) => {
                    self.breaker.queue_answered();
                    pass = Some(leave);
                    self.see_whether_it_is_drained(&pass).await?;
                }
                Err(error) => self.trouble(error, Some(&leave))?,
            }
        }
    }

    /// The breaker's leave to take a job; `None` where it had better be asked again.
    async fn enter(&self) -> Option<Pass> {
        tokio::select! {
            () = self.stop.draining() => None,
            pass = self.breaker.enter() => pass,
        }
    }

    /// No message came: perhaps there is to be no more.
    async fn see_whether_it_is_drained(&self, pass: &Option<Pass>) -> Result<(), Error> {
        if self.options.forever {
            return Ok(());
        }
        match self.drained.look(&self.queue).await {
            Ok(true) => {
                self.verdict.say(Stopped::Drained);
                // The lanes that wait are to see it.
                self.breaker.wake();
            }
            Ok(false) => {}
            Err(error) => self.trouble(error, pass.as_ref())?,
        }
        Ok(())
    }

    /// Asks the queue for a message. An idle lane keeps no call, and asks only when it is its turn:
    /// `None` where a message came before that, or the run is to end.
    async fn ask(
        &self,
        permit: &mut Option<Slot>,
        wait: Duration,
    ) -> Option<Result<Option<Lease>, queue::Error>> {
        let _awaiting = self.activity.begin(Doing::AwaitingJob);
        let mut turn = None;
        if self.scout.is_needed() {
            *permit = None;
            turn = tokio::select! {
                () = self.stop.draining() => None,
                turn = self.scout.turn() => turn,
            };
            if turn.is_none() || self.over() {
                return None;
            }
        }
        let received = self.queue.receive(self.options.hold, wait).await;
        if let Ok(message) = &received {
            self.scout.asked(message.is_some());
        }
        drop(turn);
        Some(received)
    }

    /// The right to make an upload; `None` where the run is to end, or the budget cannot be asked.
    async fn permit(&self, pass: &Pass) -> Result<Option<Slot>, Error> {
        let _awaiting = self.activity.begin(Doing::AwaitingCall);
        let taken = tokio::select! {
            () = self.stop.draining() => return Ok(None),
            taken = self.target.slot() => taken,
        };
        match taken {
            Ok(permit) => Ok(Some(permit)),
            Err(store::Error::Draining) => Ok(None),
            Err(error) => {
                // The shared budget lives in the queue, so ask the queue for the typed error.
                match self.queue.counts().await {
                    Ok(_) => self.queue_failed(&error, Some(pass)),
                    Err(cause) => self.trouble(cause, Some(pass))?,
                }
                Ok(None)
            }
        }
    }

    /// Whether this lane is to end because fewer are wanted.
    fn is_one_too_many(&self) -> bool {
        let wanted = self.wanted.load(Relaxed);
        let fewer = |running| (running > wanted).then(|| running - 1);
        self.running.fetch_update(Relaxed, Relaxed, fewer).is_ok()
    }

    /// Whether no lane is to take a job any more.
    pub(super) fn over(&self) -> bool {
        self.stop.is_draining() || self.verdict.is_drained()
    }

    /// Has the lanes wait for a queue that does not answer; any other error ends them.
    pub(super) fn trouble(&self, error: queue::Error, pass: Option<&Pass>) -> Result<(), Error> {
        if !matches!(error, queue::Error::Unreachable { .. }) {
            return Err(error.into());
        }
        self.queue_failed(&error, pass);
        Ok(())
    }

    fn queue_failed(&self, error: &dyn std::error::Error, pass: Option<&Pass>) {
        let queue = Service::Queue(self.queue.location().to_owned());
        self.breaker.queue_failed(pass, &queue, &innermost(error));
    }

    /// One message, from its hold to its end.
    async fn one(
        self: &Arc<Lane>,
        lease: Lease,
        pass: Pass,
        permit: &mut Option<Slot>,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let job = match Job::read(lease.body()) {
            Ok(job) => job,
            Err(why) => return self.put_aside(lease, &why, tally).await,
        };
        self.monitor.event(Event::Started {
            key: job.key.clone(),
            bytes: job.size,
        });
        let look = self.past().prior_attempt(&job, &lease);
        let _transferring = self.activity.begin(Doing::Transferring);
        let attempt = self.in_hand(&lease, job, look, permit).await;
        let tried = Tried {
            lease,
            attempt,
            look,
        };
        let tried = self.same_again(tried, &pass, permit).await;
        self.judge(tried, pass, tally).await
    }

    /// What decides about the past of a job.
    pub(super) fn past(&self) -> Past {
        Past {
            had_files: self.had_files,
            lag: self.options.backoff.first,
            seconds_ahead: self.target.seconds_ahead(),
        }
    }

    /// An attempt that ends with the hold on its message, and with an abort.
    async fn in_hand(
        &self,
        lease: &Lease,
        job: Job,
        look: Option<PriorAttempt>,
        permit: &mut Option<Slot>,
    ) -> Attempt {
        let lost = lease.lost();
        tokio::select! {
            biased;
            () = lost.cancelled() => abandoned(job),
            () = self.stop.aborting() => abandoned(job),
            attempt = self.caught(job.clone(), look, permit) => attempt,
        }
    }

    /// While the other lanes wait for Flickr: tries the one job once more, after a pause, if its
    /// photo may be there.
    async fn same_again(&self, tried: Tried, pass: &Pass, permit: &mut Option<Slot>) -> Tried {
        let Outcome::Away(outage) = &tried.attempt.outcome else {
            return tried;
        };
        let Some(pause) = pass.same_again(outage) else {
            return tried;
        };
        let lost = tried.lease.lost();
        tokio::select! {
            () = lost.cancelled() => return tried,
            () = self.stop.draining() => return tried,
            () = tokio::time::sleep(pause) => {}
        }
        if !pass.begin() {
            return tried;
        }
        let look = look_again(&tried.attempt, tried.look, self.options.backoff.first);
        let Tried { lease, attempt, .. } = tried;
        let attempt = self.in_hand(&lease, attempt.job, look, permit).await;
        Tried {
            lease,
            attempt,
            look,
        }
    }

    /// An attempt whose panic costs this job alone.
    async fn caught(
        &self,
        job: Job,
        look: Option<PriorAttempt>,
        permit: &mut Option<Slot>,
    ) -> Attempt {
        let attempt = AssertUnwindSafe(self.attempt(job.clone(), look, permit));
        attempt.catch_unwind().await.unwrap_or_else(|_| {
            let reason = "s3flickr panicked over this file; please report it".to_owned();
            // It may have happened after the upload.
            let outcome = Outcome::Failed(FailureClass::Ambiguous, reason);
            Attempt {
                outcome,
                job,
                began: Some(self.target.now()),
                was_sent: false,
            }
        })
    }

    /// Tries until Flickr takes the call: to be asked to wait is no failure of a photo.
    async fn attempt(
        &self,
        job: Job,
        look: Option<PriorAttempt>,
        permit: &mut Option<Slot>,
    ) -> Attempt {
        let source = match self.sources.of_job(&job).await {
            Ok(source) => source,
            Err(outcome) => {
                return Attempt {
                    outcome,
                    job,
                    began: None,
                    was_sent: false,
                };
            }
        };
        let services = Services {
            source: &source,
            target: &self.target,
            throttle: &self.options.throttle,
            read: self.activity.bytes_read(),
        };
        let mut look = look;
        loop {
            let attempt = transfer(services, job.clone(), permit.take(), look).await;
            if attempt.outcome != Outcome::Throttled {
                return attempt;
            }
            // Flickr may ask to wait and have taken the photo all the same.
            if attempt.began.is_some() {
                look = look_again(&attempt, look, self.options.backoff.first);
            }
            self.activity.throttled();
            self.monitor.event(Event::Throttled);
            // The pause may be long; a drain does not wait for it.
            let taken = tokio::select! {
                () = self.stop.draining() => return attempt,
                taken = self.target.slot() => taken,
            };
            match taken {
                Ok(taken) => *permit = Some(taken),
                // The queue, where the shared budget lives, does not answer: the lane will see.
                Err(_) => return attempt,
            }
        }
    }
}

/// A job after an attempt, its message still in hand.
pub(super) struct Tried {
    pub lease: Lease,
    pub attempt: Attempt,
    pub look: Option<PriorAttempt>,
}

fn abandoned(job: Job) -> Attempt {
    Attempt {
        outcome: Outcome::Abandoned,
        job,
        began: None,
        was_sent: false,
    }
}
