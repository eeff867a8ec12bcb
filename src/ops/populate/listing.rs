//! The listing of a source: which files are photos, and their way to the queue.

use std::pin::pin;

use futures_util::stream::{Stream, StreamExt};

use super::queued_run::QueuedRun;
use super::sender::Sender;
use super::{Error, Options, Summary};
use crate::model::flickr::accepts::{Skip, accepts};
use crate::model::{Job, Key};
use crate::monitor::{Event, Monitor};
use crate::queue::{Queue, Sent};
use crate::stop::Stop;
use crate::store::{self, Object, Page, Passed, Source, is_excluded};

/// After how many jobs the running total is saved with the queue.
const SAVE_EVERY: u64 = 20_000;

/// A listing of the source, and what became of it so far.
pub(super) struct Listing<'a> {
    source: &'a Source,
    options: &'a Options,
    monitor: &'a dyn Monitor,
    pub(super) summary: Summary,
    /// How many jobs the queue knows that we sent.
    saved: u64,
    /// How many messages the queue refused for what they say, and why the first of them.
    refused: (u64, String),
    queue: Option<&'a Queue>,
    /// This run and its jobs, once there is something to send.
    run: Option<(QueuedRun<'a>, Sender)>,
    stop: &'a Stop,
}

impl<'a> Listing<'a> {
    /// Nothing is listed yet.
    pub(super) fn new(
        source: &'a Source,
        queue: Option<&'a Queue>,
        options: &'a Options,
        stop: &'a Stop,
        monitor: &'a dyn Monitor,
    ) -> Listing<'a> {
        Listing {
            source,
            options,
            monitor,
            summary: Summary::default(),
            saved: 0,
            refused: (0, String::new()),
            queue,
            run: None,
            stop,
        }
    }

    /// Queues what is listed, until the end of the listing or until it is asked to stop.
    pub(super) async fn list_and_send(&mut self) -> Result<(), Error> {
        let listed = self.send_pages().await.and_then(|()| self.all_taken());
        if listed.is_ok()
            && !self.summary.stopped
            && let Some((run, _)) = &mut self.run
        {
            run.end();
        }
        // What was queued counts, whatever ended the listing.
        let saved = self.save().await;
        listed.and(saved)
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
        while let Some(page) = self.next_page(&mut pages).await.transpose()? {
            self.monitor.event(Event::Listed {
                files: page.objects.len(),
            });
            for (path, why) in page.passed_over {
                self.pass_over(path, why);
            }
            for object in page.objects {
                if let Some(job) = self.job(object).await? {
                    self.send(&job).await?;
                }
            }
            if self.summary.queued - self.saved >= SAVE_EVERY {
                self.save().await?;
            }
        }
        while let Some((_, sender)) = &mut self.run
            && let Some(sent) = sender.drain().await
        {
            self.queued(&sent?);
        }
        Ok(())
    }

    /// The next page; `None` at the end, and where it is asked to stop.
    async fn next_page<S>(&mut self, pages: &mut S) -> Option<Result<Page, store::Error>>
    where
        S: Stream<Item = Result<Page, store::Error>> + Unpin,
    {
        tokio::select! {
            biased;
            () = self.stop.draining() => {
                self.summary.stopped = true;
                None
            }
            page = pages.next() => page,
        }
    }

    /// Sends a job; where there is no queue, it only counts it.
    async fn send(&mut self, job: &Job) -> Result<(), Error> {
        let sent = match &mut self.run {
            Some((_, sender)) => sender.push(job).await?,
            None => vec![(job.size, Sent::Taken)],
        };
        if !sent.is_empty() {
            self.queued(&sent);
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
        if self.run.is_none()
            && let Some(queue) = self.queue
        {
            let run = QueuedRun::begin(queue, self.source).await?;
            self.summary.again = run.is_repeated();
            self.run = Some((run, Sender::new(queue)));
        }
        let url = self.source.location().url_of(&key);
        let mut job = Job::new(
            url,
            key,
            self.options.retries.max(1),
            object.size,
            &object.etag,
        );
        if let Some((run, _)) = &self.run {
            run.mark(&mut job);
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

    /// Saves the running total with the queue, for `status` to show.
    async fn save(&mut self) -> Result<(), Error> {
        let (total, bytes) = (self.summary.queued, self.summary.bytes);
        if let Some((run, _)) = &mut self.run {
            run.save(total, bytes).await?;
        }
        self.saved = total;
        Ok(())
    }
}
