//! A run of `populate`, as the queue remembers it while it goes on.

use crate::clock;
use crate::model::Job;
use crate::queue::{Error, PopulateRun, Queue};
use crate::store::Source;

/// The run that is under way, saved with the queue.
pub(super) struct QueuedRun {
    queue: Queue,
    run: PopulateRun,
    /// When the first earlier `populate` began. What is queued now may have been copied then: a queue
    /// that cannot refuse jobs takes each again, any queue a file whose time alone changed.
    earlier: Option<i64>,
}

impl QueuedRun {
    /// Saves this run with the queue *before* it looks for others: of two that begin at once, at
    /// least one sees the other.
    pub(super) async fn begin(queue: Queue, source: &Source) -> Result<QueuedRun, Error> {
        for line in queue.check(true).await? {
            tracing::warn!("{line}");
        }
        let run = PopulateRun {
            id: format!("{:x}-{:x}", clock::unix_millis(), std::process::id()),
            started: clock::unix_seconds(),
            ended: None,
            total: 0,
            bytes: 0,
            store: source.location().to_string(),
        };
        queue.save_run(&run).await?;
        let runs = queue.runs().await?;
        let others = runs.iter().filter(|other| other.id != run.id);
        let earlier = others.map(|other| other.started).min();
        Ok(QueuedRun {
            queue,
            run,
            earlier,
        })
    }

    /// Whether the queue was populated before.
    pub(super) fn is_repeated(&self) -> bool {
        self.earlier.is_some()
    }

    /// Says in a job which run it is of, and since when its photo may be on Flickr.
    pub(super) fn mark(&self, job: &mut Job) {
        job.since = self.earlier;
        job.run = Some(self.run.id.clone());
    }

    /// From the next [`QueuedRun::save`] on, the run has ended: all was sent.
    pub(super) fn end(&mut self) {
        self.run.ended = Some(clock::unix_seconds());
    }

    /// Saves how much was sent so far.
    pub(super) async fn save(&mut self, total: u64, bytes: u64) -> Result<(), Error> {
        (self.run.total, self.run.bytes) = (total, bytes);
        self.queue.save_run(&self.run).await
    }
}
