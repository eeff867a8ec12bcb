//! Jobs on their way to the queue, in whole batches and several batches at once.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::model::{Job, Key};
use crate::queue::{Error, Outgoing, Queue, Sent};

/// Batches on their way at once: enough to hide the latency of SQS.
const SENDS_AT_ONCE: usize = 16;
/// Jobs in a batch where there is no queue to name a size.
const BATCH: usize = 1_000;

/// A job, and what the queue said to it.
pub(super) struct Answer {
    /// The file.
    pub(super) key: Key,
    /// Its size in bytes.
    pub(super) size: u64,
    /// What became of its message.
    pub(super) sent: Sent,
}

/// Gathers jobs and sends them; or only asks whether the queue would take them.
pub(super) struct Sender {
    queue: Option<Queue>,
    dry_run: bool,
    batch: Vec<(Key, u64, Outgoing)>,
    sending: FuturesUnordered<BoxFuture<'static, Result<Vec<Answer>, Error>>>,
}

impl Sender {
    /// Sends to this queue.
    pub(super) fn new(queue: &Queue) -> Sender {
        Sender {
            queue: Some(queue.clone()),
            dry_run: false,
            batch: Vec::with_capacity(queue.batch_size()),
            sending: FuturesUnordered::new(),
        }
    }

    /// Sends nothing: says what this queue would take, or a new one if there is none.
    pub(super) fn dry_run(queue: Option<&Queue>) -> Sender {
        Sender {
            queue: queue.cloned(),
            dry_run: true,
            batch: Vec::new(),
            sending: FuturesUnordered::new(),
        }
    }

    /// Takes a job. Returns what became of earlier ones, once there are enough on their way.
    pub(super) async fn push(&mut self, job: &Job) -> Result<Vec<Answer>, Error> {
        let job = (job.key.clone(), job.size, outgoing(job));
        self.batch.push(job);
        if self.batch.len() == self.queue.as_ref().map_or(BATCH, Queue::batch_size) {
            self.send_batch();
        }
        if self.sending.len() < SENDS_AT_ONCE {
            return Ok(Vec::new());
        }
        self.sending.next().await.unwrap_or(Ok(Vec::new()))
    }

    /// Sends what is gathered. Returns what became of some jobs; `None` once all are sent.
    pub(super) async fn drain(&mut self) -> Option<Result<Vec<Answer>, Error>> {
        if !self.batch.is_empty() {
            self.send_batch();
        }
        self.sending.next().await
    }

    fn send_batch(&mut self) {
        let (queue, dry_run) = (self.queue.clone(), self.dry_run);
        let batch = std::mem::take(&mut self.batch);
        self.sending.push(Box::pin(async move {
            let messages: Vec<_> = batch.iter().map(|(.., message)| message.clone()).collect();
            let sent = match queue {
                Some(queue) if dry_run => foreseen(queue.known(&messages).await?),
                Some(queue) => queue.send(&messages).await?,
                None => vec![Sent::Taken; messages.len()],
            };
            let answers = batch.into_iter().zip(sent);
            let answer = |((key, size, _), sent)| Answer { key, size, sent };
            Ok(answers.map(answer).collect())
        }));
    }
}

fn foreseen(known: Vec<bool>) -> Vec<Sent> {
    let foreseen = |known| if known { Sent::Known } else { Sent::Taken };
    known.into_iter().map(foreseen).collect()
}

fn outgoing(job: &Job) -> Outgoing {
    Outgoing {
        body: job.write(),
        // Another version of the same file is another photo.
        unique: Some(format!("{} {}", job.url, job.etag)),
        delay: Duration::ZERO,
    }
}
