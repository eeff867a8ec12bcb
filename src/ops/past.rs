//! What may have happened to a job before this attempt: so what must be looked for on Flickr
//! before an upload, and what the next attempt has to know.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::looking::{Look, unix};
use super::transfer::Attempt;
use crate::model::Job;
use crate::model::retry::Outcome;
use crate::queue::Lease;

/// A job that a repeated `populate` marked is looked for in a listing no older than this: the
/// copy that the first `populate` sent may be under way at the same time.
const FRESH: Duration = Duration::from_secs(30);

/// What is added to the time at which a message was put back, because SQS tells whole seconds.
const PUT_BACK: Duration = Duration::from_secs(2);

/// What must be looked for before this message's upload; `None` for a first attempt.
pub(super) fn look(job: &Job, lease: &Lease, now: SystemTime) -> Option<Look> {
    if lease.received() > 1 {
        // Whoever had it before may have uploaded it until just now.
        let since = since_first_sent(job, lease).unwrap_or_default();
        return Some(Look { since, after: now });
    }
    // It was put back, or given back, after its attempt had ended.
    let sent = lease.sent_at().and_then(|sent| u64::try_from(sent).ok());
    let sent = sent.map(|sent| UNIX_EPOCH + Duration::from_secs(sent) + PUT_BACK);
    let after = match sent {
        Some(sent) if job.attempts > 0 => sent,
        Some(sent) => sent.clamp(now - FRESH, now),
        None => now - FRESH,
    };
    job.since.map(|since| Look { since, after })
}

/// What must be looked for when a job is tried again without leaving this worker's hand.
pub(super) fn look_again(attempt: &Attempt, look: Option<Look>) -> Option<Look> {
    let since = since(&attempt.outcome, &attempt.job, attempt.began, look)?;
    let after = SystemTime::now();
    Some(Look { since, after })
}

/// Since when an upload of the job may have happened, for whoever tries it next.
pub(super) fn since(
    outcome: &Outcome,
    job: &Job,
    began: Option<SystemTime>,
    look: Option<Look>,
) -> Option<i64> {
    let before = job.since.or(look.map(|look| look.since));
    if outcome.is_ambiguous() {
        before.or(began.map(unix))
    } else {
        before
    }
}

/// Since when whoever had a message before may have uploaded its photo.
pub(super) fn since_first_sent(job: &Job, lease: &Lease) -> Option<i64> {
    job.since.or(lease.sent_at())
}
