//! What a lane does with one message: attempts until one has an end, then the settlement.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::breaker::Pass;
use super::lane::Lane;
use super::lane_stats::LaneState;
use super::prior_attempt::before_retry;
use super::transfer::{Attempt, Services, transfer};
use crate::model::Job;
use crate::model::outcome::{FailureClass, Outcome};
use crate::monitor::Event;
use crate::queue::{self, Lease};
use crate::store::PriorAttempt;

/// A job after an attempt, its message still in hand.
pub(super) struct Tried {
    pub lease: Lease,
    pub attempt: Attempt,
    /// What had to be looked for before the attempt.
    pub prior: Option<PriorAttempt>,
}

impl Lane {
    /// One message, from its lease to its end.
    pub(super) async fn process(&mut self, lease: Lease, pass: Pass) -> Result<(), queue::Error> {
        let worker = self.worker.clone();
        let job = match Job::read(lease.body()) {
            Ok(job) => job,
            Err(error) => return worker.dead_letter_unreadable(lease, &error).await,
        };
        worker.monitor.event(Event::Started {
            key: job.key.clone(),
            bytes: job.size,
        });
        let prior = worker.past().prior_attempt(&job, &lease);
        let state = worker.stats.enter(LaneState::Transferring);
        let attempt = self.while_leased(&lease, job, prior).await;
        let tried = Tried {
            lease,
            attempt,
            prior,
        };
        let tried = self.retry_trial(tried, &pass).await;
        let settled = worker.judge(tried, pass).await;
        drop(state);
        settled
    }

    /// An attempt that ends with the lease on its message, and with an abort.
    async fn while_leased(
        &mut self,
        lease: &Lease,
        job: Job,
        prior: Option<PriorAttempt>,
    ) -> Attempt {
        let lost = lease.lost();
        let stop = self.worker.stop.clone();
        let kept = job.clone();
        tokio::select! {
            biased;
            () = lost.cancelled() => not_sent(Outcome::Abandoned, kept),
            () = stop.aborting() => not_sent(Outcome::Abandoned, kept),
            attempt = self.catch_panic(job, prior) => attempt,
        }
    }

    /// While the other lanes wait for the target: tries the one job once more, after a pause, if
    /// its photo may be there.
    async fn retry_trial(&mut self, tried: Tried, pass: &Pass) -> Tried {
        let Outcome::Away(outage) = &tried.attempt.outcome else {
            return tried;
        };
        let Some(pause) = pass.retry_pause(outage) else {
            return tried;
        };
        let lost = tried.lease.lost();
        tokio::select! {
            () = lost.cancelled() => return tried,
            () = self.worker.stop.draining() => return tried,
            () = tokio::time::sleep(pause) => {}
        }
        if !pass.begin() {
            return tried;
        }
        let prior = self.prior_of_retry(&tried.attempt, tried.prior);
        let Tried { lease, attempt, .. } = tried;
        let attempt = self.while_leased(&lease, attempt.job, prior).await;
        Tried {
            lease,
            attempt,
            prior,
        }
    }

    /// An attempt whose panic costs this job alone.
    async fn catch_panic(&mut self, job: Job, prior: Option<PriorAttempt>) -> Attempt {
        let attempt = AssertUnwindSafe(self.attempt(job.clone(), prior)).catch_unwind();
        attempt.await.unwrap_or_else(|_| {
            let reason = "s3flickr panicked over this file; please report it".to_owned();
            // It may have happened after the upload.
            Attempt {
                began: Some(self.worker.target.now()),
                ..not_sent(Outcome::Failed(FailureClass::Ambiguous, reason), job)
            }
        })
    }

    /// Tries until the target takes the file: to be asked to wait is no failure of a photo.
    async fn attempt(&mut self, job: Job, mut prior: Option<PriorAttempt>) -> Attempt {
        let worker = self.worker.clone();
        let source = match worker.sources.of_job(&job).await {
            Ok(source) => source,
            Err(outcome) => return not_sent(outcome, job),
        };
        let services = Services {
            source: &source,
            target: &worker.target,
            throttle: &worker.options.throttle,
            read: worker.stats.bytes_read(),
        };
        loop {
            let attempt = transfer(services, job.clone(), self.slot.take(), prior).await;
            if attempt.outcome != Outcome::Throttled {
                return attempt;
            }
            // The target may ask to wait and have taken the photo all the same.
            if attempt.began.is_some() {
                prior = self.prior_of_retry(&attempt, prior);
            }
            worker.stats.count_throttled();
            worker.monitor.event(Event::Throttled);
            // The pause may be long; a drain does not wait for it.
            let taken = tokio::select! {
                () = worker.stop.draining() => return attempt,
                taken = worker.target.slot() => taken,
            };
            match taken {
                Ok(slot) => self.slot = Some(slot),
                // The queue, where the shared budget lives, does not answer: the lane will notice.
                Err(_) => return attempt,
            }
        }
    }

    fn prior_of_retry(
        &self,
        attempt: &Attempt,
        prior: Option<PriorAttempt>,
    ) -> Option<PriorAttempt> {
        before_retry(attempt, prior, self.worker.options.backoff.first)
    }
}

/// An attempt that ended before anything was sent.
fn not_sent(outcome: Outcome, job: Job) -> Attempt {
    Attempt {
        outcome,
        job,
        began: None,
        was_sent: false,
    }
}
