//! `status`: how far a queue is.

use serde::Serialize;

use super::Error;
use crate::monitor::Limit;
use crate::queue::{Pace, Queue};

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
    /// Jobs that are finished.
    pub done: u64,
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

    /// The limit, as far as the queue can tell: that of the workers themselves only they know.
    pub fn limit(&self, per_second: f64, pace: Option<Pace>) -> Option<Limit> {
        let calls_a_second = pace
            .filter(|pace| pace.calls_per_hour > 0)
            .map(|pace| f64::from(pace.calls_per_hour) / pace.window.as_secs_f64());
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

/// Reads a queue's counts. On SQS they lag by up to a minute.
pub async fn status(queue: &Queue) -> Result<Status, Error> {
    let counts = queue.counts().await?;
    let total = queue
        .records()
        .await?
        .iter()
        .map(|record| record.total)
        .sum();
    let account = queue.account().await?;
    let open = counts.waiting + counts.in_flight + counts.delayed + counts.failed;
    Ok(Status {
        queue: queue.location().to_owned(),
        waiting: counts.waiting,
        in_flight: counts.in_flight,
        delayed: counts.delayed,
        failed: counts.failed,
        total,
        done: u64::saturating_sub(total, open),
        account_name: account.as_ref().map(|account| account.name.clone()),
        account: account.map(|account| account.nsid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            account: None,
            account_name: None,
        };
        let hourly = Some(Pace::per_hour(3600));
        assert_eq!(status(0).limit(0.1, hourly), Some(Limit::QueueEmpty));
        assert_eq!(status(9).limit(0.95, hourly), Some(Limit::Calls));
        assert_eq!(status(9).limit(0.5, hourly), None);
        assert_eq!(status(9).limit(5.0, Some(Pace::per_hour(0))), None);
        assert_eq!(status(9).limit(5.0, None), None);
    }
}
