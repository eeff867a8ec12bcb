//! One lane of a worker: takes a message, copies its photo, settles the message, and again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;

use super::Error;
use super::activity::{Activity, Doing};
use super::drained::Drained;
use super::looking::{Look, Uploads};
use super::past::{look, since, since_first_sent};
use super::shared::{Options, Stopped, Tally, Verdict};
use super::sources::Sources;
use super::transfer::{Attempt, Services, transfer};
use crate::flickr::{Client, Permit};
use crate::model::Job;
use crate::model::job::Refuse;
use crate::model::retry::{Class, Outcome, Step, next_step};
use crate::monitor::{Event, Monitor};
use crate::queue::{self, Lease, Queue};
use crate::stop::Stop;

/// How long one request waits for a message of SQS: long enough to be cheap, short enough to
/// stop soon.
const WAIT: Duration = Duration::from_secs(2);

/// The same for a queue on this machine, which costs nothing to ask again.
const LOCAL_WAIT: Duration = Duration::from_millis(200);

/// How long to wait before a queue that does not answer is asked again.
const QUEUE_PAUSE: Duration = Duration::from_secs(2);

/// All that a lane needs; the lanes of a worker share one.
pub(super) struct Lane {
    pub queue: Queue,
    pub sources: Sources,
    pub flickr: Client,
    pub uploads: Uploads,
    pub drained: Drained,
    pub activity: Arc<Activity>,
    /// How many lanes there are, and how many there shall be.
    pub running: AtomicUsize,
    pub wanted: AtomicUsize,
    pub options: Options,
    pub stop: Stop,
    pub verdict: Verdict,
    pub monitor: Arc<dyn Monitor>,
}

impl Lane {
    /// Works until the queue is drained or the run stops; an error is the queue's own end.
    pub(super) async fn run(&self) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        // The call is asked for before the message is leased, so that no message waits in hand.
        let mut permit = None;
        while let Some(lease) = self.next(&mut permit).await? {
            let settled = self.one(lease, &mut permit, &mut tally).await;
            match settled {
                // Someone else has the message, or will have it, and will look before uploading.
                Ok(()) | Err(queue::Error::LostHold { .. }) => {}
                Err(error) => self.trouble(error).await?,
            }
        }
        Ok(tally)
    }

    /// The next message, or `None` when there is to be no more.
    async fn next(&self, permit: &mut Option<Permit>) -> Result<Option<Lease>, Error> {
        let wait = if self.queue.is_local() {
            LOCAL_WAIT
        } else {
            WAIT
        };
        loop {
            if self.over() || self.is_one_too_many() {
                return Ok(None);
            }
            if permit.is_none() {
                *permit = self.permit().await?;
                continue;
            }
            let _awaiting = self.activity.begin(Doing::AwaitingJob);
            match self.queue.receive(self.options.hold, wait).await {
                Ok(Some(lease)) => {
                    self.drained.not_yet().await;
                    if !self.over() {
                        return Ok(Some(lease));
                    }
                    // A drain began while this request waited. Not given back, it comes back late.
                    let _ = give_back(lease).await;
                }
                Ok(None) if self.options.forever => {}
                Ok(None) => match self.drained.look(&self.queue).await {
                    Ok(true) => self.verdict.say(Stopped::Drained),
                    Ok(false) => {}
                    Err(error) => self.trouble(error).await?,
                },
                Err(error) => self.trouble(error).await?,
            }
        }
    }

    /// The right to make an upload; `None` where the run is to end, or the budget cannot be asked.
    async fn permit(&self) -> Result<Option<Permit>, Error> {
        let _awaiting = self.activity.begin(Doing::AwaitingCall);
        let taken = tokio::select! {
            () = self.stop.draining() => return Ok(None),
            taken = self.flickr.budget().take_upload() => taken,
        };
        match taken {
            Ok(permit) => Ok(Some(permit)),
            Err(error) => {
                // The budget is in the queue: what ails that, the queue itself tells better.
                match self.queue.counts().await {
                    Ok(_) => self.wait_out(error.to_string()).await,
                    Err(cause) => self.trouble(cause).await?,
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

    /// Waits out a queue that does not answer; any other error ends the lanes.
    async fn trouble(&self, error: queue::Error) -> Result<(), Error> {
        if !matches!(error, queue::Error::Unreachable { .. }) {
            return Err(error.into());
        }
        self.wait_out(error.to_string()).await;
        Ok(())
    }

    /// A pause before the queue is asked again, unless a drain begins.
    async fn wait_out(&self, trouble: String) {
        self.monitor.event(Event::QueueTrouble(trouble));
        tokio::select! {
            () = self.stop.draining() => {}
            () = tokio::time::sleep(QUEUE_PAUSE) => {}
        }
    }

    /// One message, from its hold to its end.
    async fn one(
        &self,
        lease: Lease,
        permit: &mut Option<Permit>,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let job = match Job::read(lease.body()) {
            Ok(job) => job,
            Err(why) => {
                self.monitor.event(Event::Unreadable(why.to_string()));
                tally.failed += 1;
                let body = Refuse::write(lease.body(), &why);
                return lease.bury(body).await;
            }
        };
        self.monitor
            .event(Event::Started(job.key.clone(), job.size));
        let look = look(&job, &lease, SystemTime::now());
        let _transferring = self.activity.begin(Doing::Transferring);
        let lost = lease.lost();
        let attempt = tokio::select! {
            biased;
            () = lost.cancelled() => abandoned(job),
            () = self.stop.aborting() => abandoned(job),
            attempt = self.caught(job.clone(), look, permit) => attempt,
        };
        self.settle(lease, attempt, look, tally).await
    }

    /// An attempt whose panic costs this job alone.
    async fn caught(&self, job: Job, look: Option<Look>, permit: &mut Option<Permit>) -> Attempt {
        let attempt = AssertUnwindSafe(self.attempt(job.clone(), look, permit));
        attempt.catch_unwind().await.unwrap_or_else(|_| {
            let reason = "s3flickr panicked over this file; please report it".to_owned();
            // It may have happened after the upload.
            let outcome = Outcome::Failed(Class::Ambiguous, reason);
            Attempt {
                outcome,
                job,
                began: Some(SystemTime::now()),
            }
        })
    }

    /// Tries until Flickr takes the call: to be asked to wait is no failure of a photo.
    async fn attempt(&self, job: Job, look: Option<Look>, permit: &mut Option<Permit>) -> Attempt {
        let source = match self.sources.of_job(&job).await {
            Ok(source) => source,
            Err(outcome) => {
                return Attempt {
                    outcome,
                    job,
                    began: None,
                };
            }
        };
        let to = Services {
            flickr: &self.flickr,
            uploads: &self.uploads,
            visibility: self.options.visibility,
            bandwidth: &self.options.bandwidth,
            activity: &self.activity,
        };
        loop {
            let attempt = transfer(&source, to, job.clone(), look, permit).await;
            if attempt.outcome != Outcome::Throttled {
                return attempt;
            }
            self.activity.throttled();
            self.monitor.event(Event::Throttled);
            // The pause may be long; a drain does not wait for it.
            match self.permit().await {
                Ok(Some(taken)) => *permit = Some(taken),
                Ok(None) if !self.stop.is_draining() => {}
                Ok(None) | Err(_) => return attempt,
            }
        }
    }

    async fn settle(
        &self,
        lease: Lease,
        attempt: Attempt,
        look: Option<Look>,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let Attempt {
            outcome,
            mut job,
            began,
        } = attempt;
        if let Outcome::StopEverything(why) = &outcome {
            self.monitor.event(Event::Stopping(why.clone()));
            self.verdict.say(Stopped::Halted(why.clone()));
            self.stop.drain();
        }
        let tried = job.attempts + 1;
        let step = next_step(&outcome, job.retries, tried, &self.options.backoff);
        if matches!(step, Step::PutBack { .. } | Step::Bury { .. }) {
            job.attempts = tried;
            job.since = since(&outcome, &job, began, look);
        }
        match (step, outcome) {
            (Step::PutBack { retries, delay }, Outcome::Failed(_, reason)) => {
                tally.retried += 1;
                self.monitor
                    .event(Event::PutBack(job.key.clone(), reason, retries));
                job.retries = retries;
                lease.replace(job.write(), delay).await
            }
            (Step::Bury { class, reason }, _) => {
                tally.failed += 1;
                self.monitor
                    .event(Event::Failed(job.key.clone(), class, reason.clone()));
                job.retries = 0;
                lease.bury(job.failed(class.name(), reason)).await
            }
            (_, Outcome::Uploaded(photo)) => {
                tally.uploaded += 1;
                tally.bytes += job.size;
                self.activity.photo();
                self.monitor
                    .event(Event::Uploaded(job.key, photo, job.size));
                lease.delete().await
            }
            (_, Outcome::AlreadyThere(photo)) => {
                tally.already_there += 1;
                self.monitor.event(Event::AlreadyThere(job.key, photo));
                lease.delete().await
            }
            (_, _) => {
                self.monitor.event(Event::Released(job.key));
                give_back(lease).await
            }
        }
    }
}

/// Makes a message visible again at once, its job untouched.
///
/// The queue buries what it handed out often, and every lane of a worker that stops may have the
/// same message in hand for a moment. Only deaths shall count: one that was given back in good
/// order, again, begins anew. One that cannot be read stays as it is, for whoever buries it.
async fn give_back(lease: Lease) -> Result<(), queue::Error> {
    match Job::read(lease.body()) {
        Ok(mut job) if lease.received() > 1 => {
            job.since = since_first_sent(&job, &lease);
            lease.replace(job.write(), Duration::ZERO).await
        }
        _ => lease.release().await,
    }
}

fn abandoned(job: Job) -> Attempt {
    Attempt {
        outcome: Outcome::Abandoned,
        job,
        began: None,
    }
}
