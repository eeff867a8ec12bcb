//! `populate`: lists the source and puts one job a photo on the queue, in constant memory.

use std::collections::BTreeMap;
use std::pin::pin;

use futures_util::stream::{FuturesUnordered, StreamExt};
use globset::GlobSet;

use super::Error;
use crate::clock;
use crate::model::flickr::accepts::{Skip, accepts};
use crate::model::{Job, Key};
use crate::monitor::{Event, Monitor};
use crate::queue::{self, Outgoing, PopulateRun, Queue, Sent};
use crate::stop::Stop;
use crate::store::{Object, Page, Passed, Source, is_excluded};

/// Batches on their way to the queue at once: enough to hide the latency of SQS.
const SENDS_AT_ONCE: usize = 16;

/// After how many jobs the running total is noted with the queue, for `status` to show.
const NOTE_EVERY: u64 = 20_000;

/// What to queue.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only keys that begin with this.
    pub prefix: String,
    /// Attempts that each job has; at least 1.
    pub retries: u32,
    /// Only keys that one of these matches; empty for all.
    pub include: GlobSet,
    /// No key that one of these matches, or a folder that it is in; wins over `include`.
    pub exclude: GlobSet,
}

impl Default for Options {
    /// Everything, with five attempts each: Flickr's bad spells rarely last through five.
    fn default() -> Options {
        Options {
            prefix: String::new(),
            retries: 5,
            include: GlobSet::empty(),
            exclude: GlobSet::empty(),
        }
    }
}

/// What was queued, and what was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Jobs put on the queue.
    pub queued: u64,
    /// The bytes of their files.
    pub bytes: u64,
    /// Files passed over, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// Whether an earlier `populate` of this queue was found, so that the workers will look
    /// on Flickr before they upload what this one sent.
    pub again: bool,
    /// Whether it was asked to stop before the end of the listing.
    pub stopped: bool,
}

impl Summary {
    /// Whether the listing came to its end and everything in the source could be looked into.
    pub fn is_whole(&self) -> bool {
        !self.stopped && !self.skipped.contains_key(&Skip::Unreadable)
    }
}

/// Queues all photos of `source`; with no queue, only says what it would queue.
///
/// A queue that an earlier `populate` filled refuses the jobs that it has (SQLite), or gets
/// them marked, so that a worker looks on Flickr before it uploads them (SQS).
///
/// When it is asked to stop, what was listed is sent and recorded, and the summary says so.
pub async fn populate(
    source: &Source,
    queue: Option<&Queue>,
    options: &Options,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<Summary, Error> {
    let mut run = Run {
        source,
        options,
        monitor,
        summary: Summary::default(),
        noted: 0,
        refused: (0, String::new()),
        queue,
        target: None,
        stop,
    };
    let ended = tokio::select! {
        ended = run.list_and_send() => ended,
        () = stop.aborting() => {
            run.summary.stopped = true;
            Ok(())
        }
    };
    match ended {
        Ok(()) => Ok(run.summary),
        Err(cause) if run.summary.queued == 0 => Err(cause),
        Err(cause) => Err(Error::Midway {
            done: format!(
                "{} jobs are queued; run the same populate again for the rest",
                run.summary.queued
            ),
            cause: Box::new(cause),
        }),
    }
}

struct Target<'a> {
    queue: &'a Queue,
    record: PopulateRun,
    /// When the first earlier `populate` began. What is queued now may have been copied then: a queue
    /// that cannot refuse jobs takes each again, any queue a file whose time alone changed.
    earlier: Option<i64>,
}

impl<'a> Target<'a> {
    /// RunHistory this run with the queue *before* it looks for others: of two that begin at once,
    /// at least one sees the other.
    async fn new(queue: &'a Queue, source: &Source) -> Result<Target<'a>, queue::Error> {
        for line in queue.check(true).await? {
            tracing::warn!("{line}");
        }
        let record = PopulateRun {
            id: format!("{:x}-{:x}", clock::unix_millis(), std::process::id()),
            started: clock::unix_seconds(),
            ended: None,
            total: 0,
            bytes: 0,
            store: source.location().to_string(),
        };
        queue.save_run(&record).await?;
        let records = queue.runs().await?;
        let others = records.iter().filter(|other| other.id != record.id);
        let first = others.map(|other| other.started).min();
        Ok(Target {
            queue,
            record,
            earlier: first,
        })
    }
}

struct Run<'a> {
    source: &'a Source,
    options: &'a Options,
    monitor: &'a dyn Monitor,
    summary: Summary,
    noted: u64,
    /// How many messages the queue refused for what they say, and why the first of them.
    refused: (u64, String),
    queue: Option<&'a Queue>,
    /// The queue, once there is something to send.
    target: Option<Target<'a>>,
    stop: &'a Stop,
}

impl Run<'_> {
    async fn list_and_send(&mut self) -> Result<(), Error> {
        let listed = self.send_pages().await.and_then(|()| self.all_taken());
        if listed.is_ok()
            && !self.summary.stopped
            && let Some(target) = &mut self.target
        {
            target.record.ended = Some(clock::unix_seconds());
        }
        // What was queued counts, whatever ended the listing.
        let noted = self.note().await;
        listed.and(noted)
    }

    /// Fails where the queue refused a message: its photo would be missing without a word.
    fn all_taken(&self) -> Result<(), Error> {
        match &self.refused {
            (0, _) => Ok(()),
            (n, why) => Err(Error::Invalid(format!(
                "{n} photos are not queued, because the queue refuses their messages: {why}"
            ))),
        }
    }

    async fn send_pages(&mut self) -> Result<(), Error> {
        let options = self.options;
        let mut pages = pin!(self.source.list(&options.prefix, &options.exclude));
        let size = self.queue.map_or(1, Queue::batch_size);
        let mut batch: Vec<(u64, Outgoing)> = Vec::with_capacity(size);
        let mut sending = FuturesUnordered::new();
        loop {
            let page = tokio::select! {
                biased;
                () = self.stop.draining() => {
                    self.summary.stopped = true;
                    break;
                }
                page = pages.next() => page,
            };
            let Some(Page {
                objects,
                passed_over,
            }) = page.transpose()?
            else {
                break;
            };
            self.monitor.event(Event::Listed {
                files: objects.len(),
            });
            for (path, why) in passed_over {
                self.pass_over(path, why);
            }
            for object in objects {
                let Some(job) = self.job(object).await? else {
                    continue;
                };
                let Some(target) = &self.target else {
                    self.queued(&[(job.size, Sent::Taken)]);
                    continue;
                };
                batch.push((job.size, outgoing(&job)));
                if batch.len() == size {
                    sending.push(send(target.queue.clone(), std::mem::take(&mut batch)));
                }
                if sending.len() == SENDS_AT_ONCE
                    && let Some(sent) = sending.next().await
                {
                    self.queued(&sent?);
                }
            }
            if self.summary.queued - self.noted >= NOTE_EVERY {
                self.note().await?;
            }
        }
        if let Some(target) = &self.target
            && !batch.is_empty()
        {
            sending.push(send(target.queue.clone(), batch));
        }
        while let Some(sent) = sending.next().await {
            self.queued(&sent?);
        }
        Ok(())
    }

    /// The job for a file, or `None` for one that is passed over and counted.
    async fn job(&mut self, object: Object) -> Result<Option<Job>, Error> {
        let key = match self.filter(&object) {
            Ok(key) => key,
            Err(reason) => {
                let unnamed = || "(a name that is no UTF-8)".to_owned();
                self.skip(object.path.unwrap_or_else(unnamed), reason);
                return Ok(None);
            }
        };
        if self.target.is_none()
            && let Some(queue) = self.queue
        {
            let target = Target::new(queue, self.source).await?;
            self.summary.again = target.earlier.is_some();
            self.target = Some(target);
        }
        let url = self.source.location().url_of(&key);
        let mut job = Job::new(
            url,
            key,
            self.options.retries.max(1),
            object.size,
            &object.etag,
        );
        if let Some(target) = &self.target {
            job.since = target.earlier;
            job.run = Some(target.record.id.clone());
        }
        Ok(Some(job))
    }

    fn filter(&self, object: &Object) -> Result<Key, Skip> {
        let path = object.path.as_deref().ok_or(Skip::Name)?;
        if path.is_empty() || path.ends_with('/') {
            return Err(Skip::Folder);
        }
        let key = Key::new(path).map_err(|_| Skip::Name)?;
        let Options {
            include, exclude, ..
        } = self.options;
        let wanted = include.is_empty() || include.is_match(path);
        if !wanted || is_excluded(exclude, path) {
            return Err(Skip::Filtered);
        }
        accepts(&key, object.size, object.archived).map(|_| key)
    }

    /// Counts what the listing itself passed over.
    fn pass_over(&mut self, path: String, why: Passed) {
        match why {
            Passed::Excluded => self.skip(path, Skip::Filtered),
            Passed::NotAFile => self.skip(path, Skip::Type),
            Passed::Unreadable(why) => {
                *self.summary.skipped.entry(Skip::Unreadable).or_default() += 1;
                self.monitor.event(Event::CannotRead { path, reason: why });
            }
        }
    }

    fn skip(&mut self, path: String, reason: Skip) {
        *self.summary.skipped.entry(reason).or_default() += 1;
        self.monitor.event(Event::Skipped { path, reason });
    }

    /// Counts a batch: each job's bytes, and what became of its message.
    fn queued(&mut self, sent: &[(u64, Sent)]) {
        let (mut jobs, mut bytes) = (0, 0);
        for (size, sent) in sent {
            match sent {
                Sent::Taken => (jobs, bytes) = (jobs + 1, bytes + size),
                Sent::Known => *self.summary.skipped.entry(Skip::AlreadyQueued).or_default() += 1,
                Sent::Refused(why) => {
                    tracing::warn!(why, "the queue refuses a message");
                    if self.refused.0 == 0 {
                        self.refused.1.clone_from(why);
                    }
                    self.refused.0 += 1;
                }
            }
        }
        self.summary.queued += jobs as u64;
        self.summary.bytes += bytes;
        self.monitor.event(Event::Queued { jobs, bytes });
    }

    async fn note(&mut self) -> Result<(), Error> {
        if let Some(target) = &mut self.target {
            target.record.total = self.summary.queued;
            target.record.bytes = self.summary.bytes;
            target.queue.save_run(&target.record).await?;
        }
        self.noted = self.summary.queued;
        Ok(())
    }
}

fn outgoing(job: &Job) -> Outgoing {
    Outgoing {
        body: job.write(),
        // Another version of the same file is another photo.
        unique: Some(format!("{} {}", job.url, job.etag)),
        delay: std::time::Duration::ZERO,
    }
}

/// Sends a batch of jobs, each with its file's size in bytes; tells what became of each.
async fn send(queue: Queue, batch: Vec<(u64, Outgoing)>) -> Result<Vec<(u64, Sent)>, Error> {
    let (sizes, outgoing): (Vec<u64>, Vec<Outgoing>) = batch.into_iter().unzip();
    let sent = queue.send(&outgoing).await?;
    Ok(sizes.into_iter().zip(sent).collect())
}
