//! `failed`: looks at the failed queue, and puts its jobs back for another round.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde::Serialize;

use super::Error;
use crate::model::Job;
use crate::model::job::{Failure, UnreadableMessage};
use crate::model::outcome::FailureClass;
use crate::queue::{Lease, Queue};

/// How long a failed message is hidden while it is moved.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(60);

/// One failed job. Its names are those of the JSON result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where the file is; for a message that is no job, the message itself.
    pub url: String,
    /// What happened at the last attempt.
    pub reason: String,
    /// What kind of failure it was.
    pub class: FailureClass,
    /// How many attempts were made.
    pub attempts: u32,
}

impl Entry {
    /// Whether it is of this class; any is, where none is asked for.
    fn is_of(&self, class: Option<FailureClass>) -> bool {
        class.is_none_or(|class| class == self.class)
    }

    fn of_body(body: &str) -> Entry {
        if let Ok(UnreadableMessage {
            unreadable,
            failure,
        }) = serde_json::from_str::<UnreadableMessage>(body)
        {
            let Failure { reason, class } = failure;
            return Entry {
                url: unreadable,
                reason,
                class,
                attempts: 0,
            };
        }
        match Job::read(body) {
            Ok(job) => {
                // The queue itself moves a message that was handed out too often; it gives no reason.
                let failure = job.failure.unwrap_or_else(|| Failure {
                    reason:
                        "handed out many times and never finished: its workers died or were killed"
                            .to_owned(),
                    class: FailureClass::Crashed,
                });
                Entry {
                    url: job.url,
                    reason: failure.reason,
                    class: failure.class,
                    attempts: job.attempts,
                }
            }
            Err(why) => Entry {
                url: body.to_owned(),
                reason: why.to_string(),
                class: FailureClass::Unreadable,
                attempts: 0,
            },
        }
    }
}

/// Looks at failed jobs without taking them: all, or those of one class.
pub async fn list(queue: &Queue, class: Option<FailureClass>) -> Result<Vec<Entry>, Error> {
    let bodies = queue.peek_failed(usize::MAX).await?;
    let entries = bodies.iter().map(|body| Entry::of_body(body));
    let mut entries: Vec<Entry> = entries.filter(|entry| entry.is_of(class)).collect();
    entries.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(entries)
}

/// Puts failed jobs back with this many retries, all or those of one class; returns how many.
/// Those that fail (again) while this runs stay, as do messages that are no jobs.
pub async fn retry(queue: &Queue, retries: u32, class: Option<FailureClass>) -> Result<u64, Error> {
    let mut round = Round::begin(queue).await?;
    while !round.is_over() {
        let Some(lease) = queue.receive_failed(VISIBILITY_TIMEOUT).await? else {
            break;
        };
        if !Entry::of_body(lease.body()).is_of(class) {
            round.keep(lease);
            continue;
        }
        match Job::read(lease.body()) {
            Ok(job) if round.is_first(&job) => {
                let body = again(job, retries, lease.sent_at()).write();
                lease.replace(body, Duration::ZERO).await?;
                round.requeued += 1;
            }
            // It failed again meanwhile.
            Ok(_) => round.aside.push(lease),
            Err(_) => round.keep(lease),
        }
    }
    for lease in round.aside {
        lease.release().await?;
    }
    Ok(round.requeued)
}

/// One round of putting back.
struct Round {
    /// How many had failed when it began: the most that are taken, put back or not.
    there: u64,
    requeued: u64,
    /// How many stay that had failed before.
    kept: u64,
    /// What was put back: a job that comes a second time failed meanwhile.
    seen: HashSet<u64>,
    /// What stays is held until the end, so that it does not come again and again.
    aside: Vec<Lease>,
    hasher: RandomState,
}

impl Round {
    async fn begin(queue: &Queue) -> Result<Round, Error> {
        let there = queue.counts().await?.failed;
        Ok(Round {
            // Counts of SQS lag: that there are none may mean that they are not seen yet.
            there: if there == 0 && !queue.exact() {
                u64::MAX
            } else {
                there
            },
            requeued: 0,
            kept: 0,
            seen: HashSet::new(),
            aside: Vec::new(),
            hasher: RandomState::new(),
        })
    }

    fn is_over(&self) -> bool {
        self.requeued + self.kept >= self.there
    }

    /// Leaves a message where it is.
    fn keep(&mut self, lease: Lease) {
        self.kept += 1;
        self.aside.push(lease);
    }

    fn is_first(&mut self, job: &Job) -> bool {
        let file = (&job.url, &job.etag, &job.run);
        self.seen.insert(self.hasher.hash_one(file))
    }
}

/// A failed job as it is put back. `sent` is when its message was sent, in seconds since 1970.
fn again(mut job: Job, retries: u32, sent: Option<i64>) -> Job {
    job.retries = retries.max(1);
    // The queue moves a message here whose workers died; one of them may have uploaded it.
    if job.failure.take().is_none() && job.since.is_none() {
        job.since = Some(sent.unwrap_or_default());
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;

    #[test]
    fn a_job_that_is_put_back_is_looked_for_where_it_may_have_been_uploaded() {
        let job = || Job::new("s3://b/a.jpg".into(), Key::new("a.jpg").unwrap(), 0, 1, "e");
        // Its workers died: since when it was sent.
        assert_eq!(again(job(), 5, Some(77)).since, Some(77));
        assert_eq!(again(job(), 5, None).since, Some(0));
        // It failed in good order: since whenever its attempts say.
        let mut failed = Job::read(&job().failed(FailureClass::Transient, "why".into())).unwrap();
        assert_eq!(again(failed.clone(), 5, Some(77)).since, None);
        failed.since = Some(33);
        let put_back = again(failed, 0, Some(77));
        assert_eq!((put_back.since, put_back.retries), (Some(33), 1));
        assert_eq!(put_back.failure, None);
    }

    #[test]
    fn every_body_on_the_failed_queue_becomes_an_entry() {
        let job = Job::new("s3://b/a.jpg".into(), Key::new("a.jpg").unwrap(), 1, 1, "e");
        let entry = Entry::of_body(&job.clone().failed(FailureClass::Refused, "why".into()));
        assert_eq!(
            (entry.class, entry.reason.as_str()),
            (FailureClass::Refused, "why")
        );
        assert_eq!(Entry::of_body(&job.write()).class, FailureClass::Crashed);
        let why = Job::read("nonsense").unwrap_err();
        let entry = Entry::of_body(&UnreadableMessage::write("nonsense", &why));
        assert_eq!(
            (entry.class, entry.url.as_str()),
            (FailureClass::Unreadable, "nonsense")
        );
        assert_eq!(Entry::of_body("nonsense").class, FailureClass::Unreadable);
    }
}
