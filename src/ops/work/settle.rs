//! What becomes of a message after its attempt: who pays for a failure, and what the queue is told.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::breaker::{Pass, Undecided, Verdict};
use super::lane::{Lane, Tried};
use super::options::{Stopped, Tally};
use super::outage;
use super::prior_attempt::since;
use super::probe;
use super::transfer::Attempt;
use crate::model::breaker::Ruling;
use crate::model::flickr::accepts::Kind;
use crate::model::job::{Unreadable, UnreadableMessage};
use crate::model::outage::{Outage, Service};
use crate::model::outcome::{Outcome, Step, next_step};
use crate::model::{Job, Location};
use crate::monitor::Event;
use crate::queue::{self, Lease};

impl Lane {
    /// Finds out who pays for a failure, and settles the message. Where that is not known yet the
    /// lane does not wait for it.
    pub(super) async fn judge(
        self: &Arc<Lane>,
        mut tried: Tried,
        pass: Pass,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let attempt = &mut tried.attempt;
        let job = &attempt.job;
        let source = Location::of_file(&job.url, &job.key).map(|source| source.to_string());
        let source = Service::Source(source.unwrap_or_default());
        let outage = match &mut attempt.outcome {
            Outcome::Away(outage) => outage.at_source(source),
            _ => {
                match outage::passed(attempt, source) {
                    Some(services) => pass.passed(&services),
                    None => drop(pass),
                }
                return self.settle(tried, Ruling::Charge, tally).await;
            }
        };
        let to_blame = self.is_to_blame(&pass, job, outage).await;
        match pass.failed(&job.url, outage, to_blame) {
            Verdict::Now(ruling) => self.settle(tried, ruling, tally).await,
            Verdict::Later(undecided) => {
                let lane = Arc::clone(self);
                self.undecided
                    .spawn(async move { lane.settle_later(tried, undecided).await });
                Ok(())
            }
        }
    }

    /// Whether the service that failed for the one job that is being tried answers otherwise.
    async fn is_to_blame(&self, pass: &Pass, job: &Job, outage: &Outage) -> bool {
        let Some(proof) = pass.proof(&job.url) else {
            return false;
        };
        let Ok(source) = self.sources.of_job(job).await else {
            return false;
        };
        tokio::select! {
            () = self.stop.draining() => false,
            answers = probe::answers(&outage.service, proof, &self.target, &source, job) => answers,
        }
    }

    /// Settles a failed job once it is known who pays; a drain does not wait for that.
    async fn settle_later(&self, tried: Tried, undecided: Undecided) {
        let lost = tried.lease.lost();
        let ruling = tokio::select! {
            biased;
            // Another worker has the message.
            () = lost.cancelled() => return,
            () = self.stop.draining() => Ruling::Spare(Duration::ZERO),
            ruling = undecided.ruling() => ruling,
        };
        let mut tally = Tally::default();
        if let Err(error) = self.settle(tried, ruling, &mut tally).await {
            // The message comes back by itself. What ends the lanes they will meet themselves.
            let _ = self.trouble(error, None);
        }
        self.late.lock().add(&tally);
    }

    /// Settles a message. Only [`Ruling::Charge`] costs the job a retry.
    async fn settle(
        &self,
        tried: Tried,
        ruling: Ruling,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        match (&tried.attempt.outcome, ruling) {
            (Outcome::StopEverything(why), _) => self.halt(why.clone()),
            (Outcome::Away(outage), Ruling::GiveUp) => self.halt(format!(
                "no file may be read, and every photo stays queued: {}",
                outage.reason
            )),
            _ => {}
        }
        if let Some(delay) = spared(&tried.attempt.outcome, ruling, self.verdict.is_halted()) {
            return self.spare(tried, delay, tally).await;
        }
        let Attempt {
            outcome,
            mut job,
            began,
            ..
        } = tried.attempt;
        let (lease, outcome) = (tried.lease, outcome.charged());
        let attempts = job.attempts + 1;
        let step = next_step(&outcome, job.retries, attempts, &self.options.backoff);
        if matches!(step, Step::PutBack { .. } | Step::Bury { .. }) {
            job.attempts = attempts;
            job.since = since(&outcome, &job, began, tried.look);
        }
        match (step, outcome) {
            (Step::PutBack { retries, delay }, Outcome::Failed(_, reason)) => {
                tally.retried += 1;
                self.monitor.event(Event::Requeued {
                    key: job.key.clone(),
                    reason,
                    retries,
                });
                job.retries = retries;
                lease.replace(job.write(), delay).await
            }
            (Step::Bury { class, reason }, _) => {
                let event = Event::Failed {
                    key: job.key.clone(),
                    class,
                    reason: reason.clone(),
                };
                job.retries = 0;
                let body = job.failed(class, reason);
                self.dead_letter(lease, body, event, tally).await
            }
            (_, Outcome::Uploaded(photo)) => {
                tally.uploaded += 1;
                tally.videos += u64::from(Kind::from_key(&job.key) == Some(Kind::Video));
                tally.bytes += job.size;
                self.activity.photo();
                self.monitor.event(Event::Uploaded {
                    key: job.key,
                    photo,
                    bytes: job.size,
                });
                lease.finish(job.run.as_deref().unwrap_or_default()).await
            }
            (_, Outcome::AlreadyThere(photo)) => {
                tally.already_there += 1;
                self.monitor.event(Event::AlreadyThere {
                    key: job.key,
                    photo,
                });
                lease.finish(job.run.as_deref().unwrap_or_default()).await
            }
            (_, _) => {
                self.monitor.event(Event::Released { key: job.key });
                self.give_back(lease).await
            }
        }
    }

    /// Sends a failed job back as it was, but for what is known of an upload that may have been.
    async fn spare(
        &self,
        tried: Tried,
        delay: Duration,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let Attempt {
            outcome,
            mut job,
            began,
            ..
        } = tried.attempt;
        tally.retried += 1;
        job.since = since(&outcome, &job, began, tried.look);
        self.monitor.event(Event::Released {
            key: job.key.clone(),
        });
        tried.lease.replace(job.write(), delay).await
    }

    /// Puts a message that is no job on the failed queue, whole.
    pub(super) async fn put_aside(
        &self,
        lease: Lease,
        why: &Unreadable,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let body = UnreadableMessage::write(lease.body(), why);
        let event = Event::UnreadableMessage {
            reason: why.to_string(),
        };
        self.dead_letter(lease, body, event, tally).await
    }

    /// Puts `body` on the failed queue, or ends the run where the user allows no more failures.
    async fn dead_letter(
        &self,
        lease: Lease,
        body: String,
        event: Event,
        tally: &mut Tally,
    ) -> Result<(), queue::Error> {
        let most = self.options.max_errors.unwrap_or(u64::MAX);
        let one_more = |failed| (failed < most).then_some(failed + 1);
        let Ok(before) = self.failed.fetch_update(Relaxed, Relaxed, one_more) else {
            // Another lane is just ending the run.
            return self.give_back(lease).await;
        };
        if let Err(error) = lease.dead_letter(body).await {
            self.failed.fetch_sub(1, Relaxed);
            return Err(error);
        }
        tally.failed += 1;
        self.monitor.event(event);
        if before + 1 == most {
            self.halt(format!(
                "{most} of this run's photos failed, and --max-errors allows no more: \
                 see `s3flickr failed list`, then start again"
            ));
        }
        Ok(())
    }

    /// Makes a message visible again at once, its job untouched.
    ///
    /// The queue buries what it handed out often, and every lane of a worker that stops may have the
    /// same message in hand for a moment. Only deaths shall count: one that was given back in good
    /// order, again, begins anew. One that cannot be read stays as it is, for whoever buries it.
    pub(super) async fn give_back(&self, lease: Lease) -> Result<(), queue::Error> {
        match Job::read(lease.body()) {
            Ok(mut job) if lease.receive_count() > 1 => {
                job.since = self.past().since_first_received(&job, &lease);
                lease.replace(job.write(), Duration::ZERO).await
            }
            _ => lease.release().await,
        }
    }

    /// Ends the run with this message; what is in hand is finished or goes back.
    fn halt(&self, why: String) {
        self.monitor.event(Event::Stopping {
            reason: why.clone(),
        });
        self.verdict.say(Stopped::Halted(why));
        self.stop.drain();
    }
}

/// After which time a failed job is tried again with its retries untouched; `None` where it is to
/// pay, or did not fail. A run that was halted has met something that no photo can survive: what
/// fails then may have met the same in another form.
fn spared(outcome: &Outcome, ruling: Ruling, is_halted: bool) -> Option<Duration> {
    match (outcome, ruling) {
        (Outcome::Away(_) | Outcome::Failed(..), _) if is_halted => Some(Duration::ZERO),
        (Outcome::Away(_), Ruling::Spare(delay)) => Some(delay),
        (Outcome::Away(_), Ruling::GiveUp) => Some(Duration::ZERO),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::FailureClass;

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
