//! `failed`: looks at the failed queue, and puts its jobs back for another round.

use std::time::Duration;

use serde::Serialize;

use super::Error;
use crate::model::Job;
use crate::model::job::{Failure, Refuse};
use crate::queue::Queue;

/// How long a failed message is held while it is moved.
const HOLD: Duration = Duration::from_secs(60);

/// One failed job. Its names are those of the JSON result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where the file is; for a message that is no job, the message itself.
    pub url: String,
    /// What happened at the last attempt.
    pub reason: String,
    /// What kind of failure it was.
    pub class: String,
    /// How many attempts were made.
    pub attempts: u32,
}

impl Entry {
    fn of_body(body: &str) -> Entry {
        if let Ok(Refuse {
            unreadable,
            failure,
        }) = serde_json::from_str::<Refuse>(body)
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
                    class: "crashed".to_owned(),
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
                class: "unreadable".to_owned(),
                attempts: 0,
            },
        }
    }
}

/// Looks at up to `limit` failed jobs without taking them.
pub async fn list(queue: &Queue, limit: usize) -> Result<Vec<Entry>, Error> {
    let bodies = queue.failed(limit).await?;
    let mut entries: Vec<Entry> = bodies.iter().map(|body| Entry::of_body(body)).collect();
    entries.sort_by(|a, b| a.url.cmp(&b.url));
    Ok(entries)
}

/// Puts every failed job back with this many retries; returns how many. Messages that are no
/// jobs stay where they are.
pub async fn retry(queue: &Queue, retries: u32) -> Result<u64, Error> {
    let mut requeued = 0;
    let mut unreadable = Vec::new();
    while let Some(lease) = queue.take_failed(HOLD).await? {
        let Ok(mut job) = Job::read(lease.body()) else {
            // Held until the end, so that it does not come again and again.
            unreadable.push(lease);
            continue;
        };
        job.retries = retries.max(1);
        // The queue moves a message here whose workers died; one of them may have uploaded it.
        if job.failure.take().is_none() && job.since.is_none() {
            job.since = Some(lease.sent_at().unwrap_or_default());
        }
        lease.replace(job.write(), Duration::ZERO).await?;
        requeued += 1;
    }
    for lease in unreadable {
        lease.release().await?;
    }
    Ok(requeued)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;

    #[test]
    fn every_body_on_the_failed_queue_becomes_an_entry() {
        let job = Job::new("s3://b/a.jpg".into(), Key::new("a.jpg").unwrap(), 1, 1, "e");
        let entry = Entry::of_body(&job.clone().failed("refused", "why".into()));
        assert_eq!(
            (entry.class.as_str(), entry.reason.as_str()),
            ("refused", "why")
        );
        assert_eq!(Entry::of_body(&job.write()).class, "crashed");
        let why = Job::read("nonsense").unwrap_err();
        let entry = Entry::of_body(&Refuse::write("nonsense", &why));
        assert_eq!(
            (entry.class.as_str(), entry.url.as_str()),
            ("unreadable", "nonsense")
        );
        assert_eq!(Entry::of_body("nonsense").class, "unreadable");
    }
}
