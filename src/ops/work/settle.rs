//! What the queue is told of a message after its attempt: delete it, requeue it, dead-letter it,
//! or release it.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::attempt::Tried;
use super::prior_attempt::maybe_sent_since;
use super::transfer::Attempt;
use super::worker::Worker;
use crate::error_chain;
use crate::model::Job;
use crate::model::breaker::Ruling;
use crate::model::flickr::accepts::Kind;
use crate::model::job::{Unreadable, UnreadableMessage};
use crate::model::outcome::{FailureClass, Outcome, Step, next_step};
use crate::monitor::Event;
use crate::queue::{Error, Lease};

impl Worker {
    /// Settles a message. Only [`Ruling::Charge`] costs the job a retry.
    pub(super) async fn settle(&self, tried: Tried, ruling: Ruling) -> Result<(), Error> {
        match (&tried.attempt.outcome, ruling) {
            (Outcome::StopEverything(reason), _) => self.stop_all(reason.clone()),
            (Outcome::Away(outage), Ruling::GiveUp) => self.stop_all(format!(
                "no file may be read, and every photo stays queued: {}",
                outage.reason
            )),
            _ => {}
        }
        let is_fatal = self.stop_reason.is_fatal();
        if let Some(delay) = spared(&tried.attempt.outcome, ruling, is_fatal) {
            return self.requeue_uncharged(tried, delay).await;
        }
        let Tried {
            lease,
            attempt,
            prior,
        } = tried;
        let (mut job, outcome) = (attempt.job, attempt.outcome.charged());
        let attempts = job.attempts + 1;
        let step = next_step(&outcome, job.retries, attempts, &self.options.backoff);
        if matches!(step, Step::Requeue { .. } | Step::DeadLetter { .. }) {
            job.attempts = attempts;
            job.since = maybe_sent_since(&outcome, &job, attempt.began, prior);
        }
        match (step, outcome) {
            (Step::Requeue { retries, delay }, Outcome::Failed(_, reason)) => {
                job.retries = retries;
                self.requeue(lease, job, reason, delay).await
            }
            (Step::DeadLetter { class, reason }, _) => {
                self.dead_letter_job(lease, job, class, reason).await
            }
            (_, Outcome::Uploaded(photo)) => self.finish_uploaded(lease, job, photo).await,
            (_, Outcome::AlreadyThere(photo)) => {
                self.count(|tally| tally.already_there += 1);
                let key = job.key;
                self.monitor.event(Event::AlreadyThere { key, photo });
                lease.finish(job.run.as_deref().unwrap_or_default()).await
            }
            (_, _) => {
                self.monitor.event(Event::Released { key: job.key });
                self.release(lease).await
            }
        }
    }

    async fn finish_uploaded(&self, lease: Lease, job: Job, photo: String) -> Result<(), Error> {
        self.count(|tally| {
            tally.uploaded += 1;
            tally.videos += u64::from(Kind::from_key(&job.key) == Some(Kind::Video));
            tally.bytes += job.size;
        });
        self.stats.count_photo();
        self.monitor.event(Event::Uploaded {
            key: job.key,
            photo,
            bytes: job.size,
        });
        lease.finish(job.run.as_deref().unwrap_or_default()).await
    }

    /// Sends a failed job to the queue again; it has lost a retry already.
    async fn requeue(
        &self,
        lease: Lease,
        job: Job,
        reason: String,
        delay: Duration,
    ) -> Result<(), Error> {
        self.count(|tally| tally.retried += 1);
        self.monitor.event(Event::Requeued {
            key: job.key.clone(),
            reason,
            retries: job.retries,
        });
        lease.replace(job.write(), delay).await
    }

    /// Sends a failed job to the queue again as it was, with what is known of an upload that may
    /// have happened.
    async fn requeue_uncharged(&self, tried: Tried, delay: Duration) -> Result<(), Error> {
        let Attempt {
            outcome,
            mut job,
            began,
            ..
        } = tried.attempt;
        self.count(|tally| tally.retried += 1);
        job.since = maybe_sent_since(&outcome, &job, began, tried.prior);
        self.monitor.event(Event::Released {
            key: job.key.clone(),
        });
        tried.lease.replace(job.write(), delay).await
    }

    async fn dead_letter_job(
        &self,
        lease: Lease,
        mut job: Job,
        class: FailureClass,
        reason: String,
    ) -> Result<(), Error> {
        let event = Event::Failed {
            key: job.key.clone(),
            class,
            reason: reason.clone(),
        };
        job.retries = 0;
        self.dead_letter(lease, job.failed(class, reason), event)
            .await
    }

    /// Moves a message that is no job to the failed queue, whole.
    pub(super) async fn dead_letter_unreadable(
        &self,
        lease: Lease,
        error: &Unreadable,
    ) -> Result<(), Error> {
        let body = UnreadableMessage::write(lease.body(), error);
        let event = Event::UnreadableMessage {
            reason: error_chain::whole(&error),
        };
        self.dead_letter(lease, body, event).await
    }

    /// Puts `body` on the failed queue, or ends the run where the user allows no more failures.
    async fn dead_letter(&self, lease: Lease, body: String, event: Event) -> Result<(), Error> {
        let most = self.options.max_errors.unwrap_or(u64::MAX);
        let one_more = |failed| (failed < most).then_some(failed + 1);
        let Ok(before) = self.failed.fetch_update(Relaxed, Relaxed, one_more) else {
            // Another lane is just ending the run.
            return self.release(lease).await;
        };
        if let Err(error) = lease.dead_letter(body).await {
            self.failed.fetch_sub(1, Relaxed);
            return Err(error);
        }
        self.count(|tally| tally.failed += 1);
        self.monitor.event(event);
        if before + 1 == most {
            self.stop_all(format!(
                "{most} of this run's photos failed, and --max-errors allows no more: \
                 see `s3flickr failed list`, then start again"
            ));
        }
        Ok(())
    }

    /// Makes a message visible again at once, its job untouched.
    ///
    /// The queue dead-letters a message after some receives, and every lane of a worker that stops
    /// may hold the same one for a moment. Only crashes should count, so a message that was received
    /// before is sent again, and its count starts anew. An unreadable one stays as it is: the lane
    /// that takes it next dead-letters it.
    pub(super) async fn release(&self, lease: Lease) -> Result<(), Error> {
        match Job::read(lease.body()) {
            Ok(mut job) if lease.receive_count() > 1 => {
                job.since = self.past().since_first_received(&job, &lease);
                lease.replace(job.write(), Duration::ZERO).await
            }
            _ => lease.release().await,
        }
    }
}

/// After which time a failed job is tried again with its retries untouched; `None` where it is to
/// pay, or did not fail. A run that ends for good has met something that no photo can survive: what
/// fails then may have met the same in another form.
fn spared(outcome: &Outcome, ruling: Ruling, is_fatal: bool) -> Option<Duration> {
    match (outcome, ruling) {
        (Outcome::Away(_) | Outcome::Failed(..), _) if is_fatal => Some(Duration::ZERO),
        (Outcome::Away(_), Ruling::Spare(delay)) => Some(delay),
        (Outcome::Away(_), Ruling::GiveUp) => Some(Duration::ZERO),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outage::{Outage, Service};

    #[test]
    fn a_failure_is_spared_in_an_outage_and_in_a_run_that_no_photo_can_survive() {
        let away = Outcome::Away(Outage {
            service: Service::Uploads,
            class: FailureClass::Ambiguous,
            is_denial: false,
            way: String::new(),
            reason: String::new(),
        });
        let own = Outcome::Failed(FailureClass::Gone, String::new());
        let soon = Duration::from_secs(5);
        let spare = Ruling::Spare(soon);
        assert_eq!(spared(&away, spare, false), Some(soon));
        assert_eq!(spared(&away, Ruling::Charge, false), None);
        assert_eq!(spared(&own, Ruling::Charge, false), None);
        for halted in [&away, &own] {
            assert_eq!(spared(halted, Ruling::Charge, true), Some(Duration::ZERO));
        }
        let done = Outcome::Uploaded("1".into());
        assert_eq!(spared(&done, Ruling::Charge, true), None);
    }
}
