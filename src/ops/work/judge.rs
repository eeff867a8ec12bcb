//! Who pays for a failed attempt: the job, or a service that fails for every job.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::Tried;
use super::breaker::{Blame, Pass, Undecided};
use super::outage;
use super::probe;
use super::worker::Worker;
use crate::model::breaker::{Failure, Ruling};
use crate::model::outage::{Outage, Service};
use crate::model::outcome::Outcome;
use crate::model::{Job, Location};
use crate::queue;

impl Worker {
    /// Finds out who pays for a failure, and settles the message. Where that is not known yet the
    /// lane does not wait for it.
    pub(super) async fn judge(
        self: &Arc<Worker>,
        mut tried: Tried,
        pass: Pass,
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
                return self.settle(tried, Ruling::Charge).await;
            }
        };
        let to_blame = self.is_to_blame(&pass, job, outage).await;
        let failure = Failure {
            job: &job.url,
            outage,
            to_blame,
        };
        match pass.failed(failure) {
            Blame::Known(ruling) => self.settle(tried, ruling).await,
            Blame::Pending(undecided) => {
                let worker = Arc::clone(self);
                self.undecided
                    .spawn(async move { worker.settle_later(tried, undecided).await });
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
        if let Err(error) = self.settle(tried, ruling).await {
            // The message comes back by itself. An error that ends the run, the lanes meet too.
            let _ = self.retry_later(error, None);
        }
    }
}
