//! `status`: how far a queue is.

use serde::Serialize;

use super::Error;
use crate::queue::Queue;

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
}

/// Reads a queue's counts. On SQS they lag by up to a minute.
pub async fn status(queue: &Queue) -> Result<Status, Error> {
    let counts = queue.counts().await?;
    let total = queue
        .records()
        .await?
        .iter()
        .map(|record| record.total)
        .sum();
    let open = counts.waiting + counts.in_flight + counts.delayed + counts.failed;
    Ok(Status {
        queue: queue.location().to_owned(),
        waiting: counts.waiting,
        in_flight: counts.in_flight,
        delayed: counts.delayed,
        failed: counts.failed,
        total,
        done: u64::saturating_sub(total, open),
    })
}
