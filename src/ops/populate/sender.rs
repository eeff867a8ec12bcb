//! Jobs on their way to the queue, in whole batches and several batches at once.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::model::Job;
use crate::queue::{Error, Outgoing, Queue, Sent};

/// Batches on their way at once: enough to hide the latency of SQS.
const SENDS_AT_ONCE: usize = 16;

/// What became of some jobs: the size of each one's file in bytes, and what the queue said.
pub(super) type Results = Vec<(u64, Sent)>;

/// Gathers jobs and sends them.
pub(super) struct Sender {
    queue: Queue,
    batch: Vec<(u64, Outgoing)>,
    sending: FuturesUnordered<BoxFuture<'static, Result<Results, Error>>>,
}

impl Sender {
    /// Nothing is sent yet.
    pub(super) fn new(queue: &Queue) -> Sender {
        Sender {
            batch: Vec::with_capacity(queue.batch_size()),
            queue: queue.clone(),
            sending: FuturesUnordered::new(),
        }
    }

    /// Takes a job. Returns what became of earlier ones, once there are enough on their way.
    pub(super) async fn push(&mut self, job: &Job) -> Result<Results, Error> {
        self.batch.push((job.size, outgoing(job)));
        if self.batch.len() == self.queue.batch_size() {
            self.send_batch();
        }
        if self.sending.len() < SENDS_AT_ONCE {
            return Ok(Results::new());
        }
        self.sending.next().await.unwrap_or(Ok(Results::new()))
    }

    /// Sends what is gathered. Returns what became of some jobs; `None` once all are sent.
    pub(super) async fn drain(&mut self) -> Option<Result<Results, Error>> {
        if !self.batch.is_empty() {
            self.send_batch();
        }
        self.sending.next().await
    }

    fn send_batch(&mut self) {
        let (queue, batch) = (self.queue.clone(), std::mem::take(&mut self.batch));
        self.sending.push(Box::pin(async move {
            let (sizes, messages): (Vec<u64>, Vec<Outgoing>) = batch.into_iter().unzip();
            let sent = queue.send(&messages).await?;
            Ok(sizes.into_iter().zip(sent).collect())
        }));
    }
}

fn outgoing(job: &Job) -> Outgoing {
    Outgoing {
        body: job.write(),
        // Another version of the same file is another photo.
        unique: Some(format!("{} {}", job.url, job.etag)),
        delay: Duration::ZERO,
    }
}
