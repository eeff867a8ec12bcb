//! What may have happened to a job before this attempt: so what must be looked for on the target
//! before a file is written, and what the next attempt has to know.
//!
//! Machines' clocks differ, by an hour at times. What is written into messages and asked of the
//! target is by the target's clock; what is waited for is by a clock that nobody sets.

use std::time::Duration;

use tokio::time::Instant;

use super::transfer::Attempt;
use crate::clock;
use crate::model::Job;
use crate::model::outcome::Outcome;
use crate::queue::Lease;
use crate::store::PriorAttempt;

/// A job that a repeated `populate` marked is looked for in a listing no older than this: the
/// copy that the first `populate` sent may be under way at the same time.
const FRESH: Duration = Duration::from_secs(30);

/// How far a queue's word about the time may be off beside its clock.
const ROUNDED: Duration = Duration::from_secs(5);

/// How far the clock of the machine that ran `populate` may be off: it never asked the target.
const FOREIGN_CLOCK: i64 = 2 * 3600;

/// What decides about the past of every job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    /// Whether the target had files when the queue was bound to it: any job's may be among them.
    pub had_files: bool,
    /// How long the target's lists may lag behind what is written to it.
    pub lag: Duration,
    /// How far the target's clock is ahead of ours, in seconds.
    pub seconds_ahead: i64,
}

impl Past {
    /// What must be looked for before this message's upload; `None` where there can be nothing.
    pub(super) fn prior_attempt(&self, job: &Job, lease: &Lease) -> Option<PriorAttempt> {
        let now = Instant::now();
        let sent = lease.sent_at_millis();
        let age = sent.map_or(Duration::ZERO, |sent| self.age(sent));
        let sent = now.checked_sub(age).unwrap_or(now);
        let (since, after) = self.marked(job, lease, now, age)?;
        let since = if self.had_files { 0 } else { since };
        Some(PriorAttempt { since, after, sent })
    }

    fn marked(
        &self,
        job: &Job,
        lease: &Lease,
        now: Instant,
        age: Duration,
    ) -> Option<(i64, Option<Instant>)> {
        let lag = self.lag;
        if lease.receive_count() > 1 {
            // The worker that had it before may have uploaded it until just now.
            let since = self.since_first_received(job, lease).unwrap_or_default();
            return Some((since, Some(now + lag)));
        }
        let since = match job.since {
            Some(since) if job.attempts > 0 => since,
            Some(since) => since.saturating_sub(FOREIGN_CLOCK),
            None if self.had_files => return Some((0, None)),
            None => return None,
        };
        // It was put back, or given back, after its attempt had ended, or a `populate` marked it.
        let Some(past) = age.checked_sub(lag) else {
            return Some((since, Some(now + (lag - age))));
        };
        let most = if job.attempts > 0 { past } else { FRESH };
        let after = now.checked_sub(past.saturating_sub(ROUNDED).min(most));
        Some((since, after.or(Some(now))))
    }

    /// Since when a worker that had this message before may have uploaded its photo, by the target's
    /// clock.
    pub(super) fn since_first_received(&self, job: &Job, lease: &Lease) -> Option<i64> {
        // The queue's clock may be ours or a right one: the earlier of both readings is safe.
        let known = lease.first_received_at().or(lease.sent_at());
        job.since
            .or(known.map(|at| at.min(at.saturating_add(self.seconds_ahead))))
    }

    /// How long ago a time of the queue's is, at the least. In milliseconds since 1970.
    fn age(&self, at: i64) -> Duration {
        let now = clock::unix_millis();
        let ahead = self.seconds_ahead.saturating_mul(1_000);
        let least = now.min(now.saturating_add(ahead)).saturating_sub(at);
        Duration::from_millis(u64::try_from(least).unwrap_or_default())
    }
}

/// What must be looked for when a job is tried again without leaving this worker's hand.
pub(super) fn before_retry(
    attempt: &Attempt,
    before: Option<PriorAttempt>,
    lag: Duration,
) -> Option<PriorAttempt> {
    let now = Instant::now();
    let throttled = attempt
        .began
        .filter(|_| attempt.outcome == Outcome::Throttled);
    let since = maybe_sent_since(&attempt.outcome, &attempt.job, attempt.began, before);
    Some(PriorAttempt {
        since: since
            .or(throttled)?
            .min(before.map_or(i64::MAX, |prior| prior.since)),
        after: Some(now + lag),
        sent: before.map_or(now, |prior| prior.sent),
    })
}

/// Since when an upload of the job may have happened, for the worker that tries it next.
pub(super) fn maybe_sent_since(
    outcome: &Outcome,
    job: &Job,
    began: Option<i64>,
    prior: Option<PriorAttempt>,
) -> Option<i64> {
    // One that only looks for what others left in the account has no past of its own.
    let prior = prior.filter(|prior| prior.after.is_some());
    let before = job.since.or(prior.map(|prior| prior.since));
    if outcome.is_ambiguous() {
        before.or(began)
    } else {
        before
    }
}

#[cfg(test)]
mod tests;
