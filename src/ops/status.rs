//! `status`: how far a queue is.

use std::time::Duration;

use serde::Serialize;

use super::Error;
use crate::clock;
use crate::monitor::Limit;
use crate::queue::{Counts, Queue, Rate, RunHistory};

/// How far a queue is. Its names are those of the JSON result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Which queue.
    pub queue: String,
    /// Jobs that a worker could take now.
    pub waiting: u64,
    /// Jobs that a worker has in hand.
    pub in_flight: u64,
    /// Jobs that were put back and wait for their time.
    pub delayed: u64,
    /// Jobs on the failed queue.
    pub failed: u64,
    /// Jobs that `populate` queued.
    pub total: u64,
    /// Jobs that were finished, as the workers counted them.
    pub done: u64,
    /// Jobs that are neither finished nor failed, nor in the queue any more.
    pub missing: u64,
    /// Runs of `populate` that have not ended: they go on, or were cut short.
    pub populating: u64,
    /// Whether the counts can be trusted by now: those of SQS lag behind what was sent.
    pub settled: bool,
    /// The id of the Flickr account that the queue is bound to; none until its first worker.
    pub account: Option<String>,
    /// The name of that account.
    #[serde(skip)]
    pub account_name: Option<String>,
}

impl Status {
    /// Jobs that are neither done nor failed.
    pub fn open(&self) -> u64 {
        self.waiting + self.in_flight + self.delayed
    }

    /// What is to be done about photos that are missing, one line each; empty where none are.
    pub fn advice(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match (self.missing, self.settled) {
            (0, _) => {}
            (n, false) => lines.push(format!(
                "{n} photos are not seen on the queue yet: its counts lag by a minute, look again then"
            )),
            (n, true) => lines.push(format!(
                "{n} photos are neither done nor waiting, nor failed: {}; what is on Flickr \
                 already is not uploaded again",
                self.again()
            )),
        }
        if self.populating > 0 {
            lines.push(
                "a populate has not ended, so photos may not be queued yet: where none is \
                 running, run the same populate again"
                    .to_owned(),
            );
        }
        lines
    }

    /// How to have photos queued that were on this queue before.
    fn again(&self) -> &'static str {
        // A SQLite queue takes no job that it ever had.
        match self.queue.starts_with("sqlite:") {
            true => "run the same populate with a new queue",
            false => "run the same populate again",
        }
    }

    /// The limit, as far as the queue can tell: that of the workers themselves only they know.
    pub fn limit(&self, per_second: f64, pace: Option<Rate>) -> Option<Limit> {
        let calls_a_second = pace
            .filter(|pace| pace.calls > 0)
            .map(|pace| f64::from(pace.calls) / pace.per.as_secs_f64());
        if self.waiting == 0 {
            Some(Limit::QueueEmpty)
        } else if calls_a_second.is_some_and(|calls| per_second >= calls * NEARLY) {
            Some(Limit::Calls)
        } else {
            None
        }
    }
}

/// At this part of the fleet's pace the pace is what binds: not every call is an upload.
const NEARLY: f64 = 0.85;

/// For how long what SQS counts may be less than what was sent, in seconds.
const LAG_SECONDS: i64 = 60;

/// Where messages seem to be missing, so often is looked at the counts of SQS.
const LOOKS: u32 = 3;

/// The time between two of these looks.
const BETWEEN: Duration = Duration::from_secs(1);

/// What became of the messages that `populate` sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub total: u64,
    pub done: u64,
    pub missing: u64,
    pub populating: u64,
}

impl Tally {
    pub(super) fn of(notes: &RunHistory, counts: &Counts) -> Tally {
        let noted: u64 = notes.runs.iter().map(|record| record.total).sum();
        let populating = notes.runs.iter().filter(|r| r.ended.is_none()).count() as u64;
        let there = counts.waiting + counts.in_flight + counts.delayed + counts.failed;
        let finished = notes.finished();
        // A run notes its total now and then only: until it ends, what is there tells more.
        let total = match populating {
            0 => noted,
            _ => noted.max(finished + there),
        };
        // A message that was sent or handed out twice may be finished twice.
        let done = finished.min(total);
        Tally {
            total,
            done,
            missing: total.saturating_sub(done + there),
            populating,
        }
    }
}

/// Reads how far a queue is. The counts of SQS lag by up to a minute, so that where messages seem
/// to be missing it is looked at again, and the best look counts.
pub async fn status(queue: &Queue) -> Result<Status, Error> {
    let mut best = look(queue).await?;
    for _ in 1..LOOKS {
        if best.missing == 0 || queue.exact() {
            break;
        }
        tokio::time::sleep(BETWEEN).await;
        let next = look(queue).await?;
        if next.missing <= best.missing {
            best = next;
        }
    }
    Ok(best)
}

/// One look at a queue.
pub async fn look(queue: &Queue) -> Result<Status, Error> {
    let counts = queue.counts().await?;
    // After the counts: what is finished between the two is in both, never in neither.
    let notes = queue.run_history().await?;
    let tally = Tally::of(&notes, &counts);
    let now = clock::unix_seconds();
    let sent_lately = notes.runs.iter().any(|record| {
        let last = record.ended.unwrap_or(record.started);
        (now - last).abs() < LAG_SECONDS
    });
    let account = notes.account;
    Ok(Status {
        queue: queue.location().to_owned(),
        waiting: counts.waiting,
        in_flight: counts.in_flight,
        delayed: counts.delayed,
        failed: counts.failed,
        total: tally.total,
        done: tally.done,
        missing: tally.missing,
        populating: tally.populating,
        settled: queue.exact() || !sent_lately,
        account_name: account.as_ref().map(|account| account.name.clone()),
        account: account.map(|account| account.nsid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::PopulateRun;

    #[test]
    fn the_queue_tells_of_its_own_limits_only() {
        let status = |waiting| Status {
            queue: String::new(),
            waiting,
            in_flight: 3,
            delayed: 0,
            failed: 0,
            total: 100,
            done: 50,
            missing: 0,
            populating: 0,
            settled: true,
            account: None,
            account_name: None,
        };
        let hourly = Some(Rate::per_hour(3600));
        assert_eq!(status(0).limit(0.1, hourly), Some(Limit::QueueEmpty));
        assert_eq!(status(9).limit(0.95, hourly), Some(Limit::Calls));
        assert_eq!(status(9).limit(0.5, hourly), None);
        assert_eq!(status(9).limit(5.0, Some(Rate::per_hour(0))), None);
        assert_eq!(status(9).limit(5.0, None), None);
    }

    #[test]
    fn what_is_neither_finished_nor_there_is_missing() {
        let record = |total, ended: bool| PopulateRun {
            id: format!("{total}"),
            started: 1,
            ended: ended.then_some(2),
            total,
            bytes: 0,
            store: String::new(),
        };
        let tally = |records: &[(u64, bool)], finished, waiting, failed| {
            let notes = RunHistory {
                runs: records
                    .iter()
                    .map(|(n, ended)| record(*n, *ended))
                    .collect(),
                finished: [("run".to_owned(), finished)].into(),
                account: None,
            };
            let counts = Counts {
                waiting,
                failed,
                ..Counts::default()
            };
            let Tally {
                total,
                done,
                missing,
                populating,
            } = Tally::of(&notes, &counts);
            (total, done, missing, populating)
        };
        assert_eq!(tally(&[(12, true)], 8, 0, 0), (12, 8, 4, 0));
        assert_eq!(tally(&[(12, true)], 8, 3, 1), (12, 8, 0, 0));
        // Finished twice, or counts that lag: never below nothing.
        assert_eq!(tally(&[(12, true)], 13, 3, 1), (12, 12, 0, 0));
        // What was cut short sent more than it could note.
        assert_eq!(tally(&[(5, true), (0, false)], 6, 7, 1), (14, 6, 0, 1));
        assert_eq!(tally(&[(50, false)], 6, 7, 1), (50, 6, 36, 1));
        assert_eq!(tally(&[], 0, 2, 0), (0, 0, 0, 0));
    }
}
