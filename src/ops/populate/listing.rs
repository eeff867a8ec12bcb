//! The listing of a source: which files are photos, and their way to the queue.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use futures_util::stream::{Stream, StreamExt, iter};

use super::filter::Checked;
use super::hint::hint;
use super::queued_run::QueuedRun;
use super::sender::{Answer, Sender};
use super::{Destination, Error, Options, Summary, files};
use crate::model::flickr::accepts::Skip;
use crate::model::{Job, Key, Scheme};
use crate::monitor::{Event, Monitor};
use crate::queue::{Queue, Sent};
use crate::stop::Stop;
use crate::store::{self, Object, Page, Passed, Source};

/// How many files whose names do not say what they are are looked into at once.
const LOOKED_INTO_AT_ONCE: usize = 16;

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
    destination: Destination,
    /// This run and its jobs, once there is something to send.
    sender: Option<Sender>,
    run: Option<QueuedRun>,
    /// Hashes of the folders that queued photos are in.
    albums: HashSet<u64>,
    hasher: RandomState,
    stop: &'a Stop,
    /// Whether a file was seen that `--include` matches.
    is_included: bool,
    /// How many files were left out only because the case of their names is another, and the first
    /// of them.
    differ_in_case: (u64, Option<String>),
}

impl<'a> Listing<'a> {
    /// Nothing is listed yet.
    pub(super) fn new(
        source: &'a Source,
        destination: Destination,
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
            destination,
            sender: None,
            run: None,
            albums: HashSet::new(),
            hasher: RandomState::new(),
            stop,
            is_included: false,
            differ_in_case: (0, None),
        }
    }

    /// The same error, with a hint where a folder is not there, or is no folder.
    pub(super) async fn explained(&self, error: Error) -> Error {
        let location = self.source.location();
        let is_wrong_name = match &error {
            Error::Store(store::Error::NoStore(_)) => true,
            Error::Store(store::Error::Unavailable { .. }) => self.summary.listed == 0,
            _ => false,
        };
        if !is_wrong_name || location.scheme() != Scheme::File {
            return error;
        }
        match hint(location, "").await {
            hint if hint.is_empty() => error,
            hint => Error::Invalid(format!("{error}{hint}")),
        }
    }

    /// What a user should know where nothing was found, or nothing was wanted of all that was:
    /// most likely something else was meant. `None` where that is as it should be.
    pub(super) async fn nothing_found(&self) -> Option<Error> {
        let (summary, location) = (&self.summary, self.source.location());
        let filtered = summary.skipped.get(&Skip::Filtered).copied().unwrap_or(0);
        if summary.stopped || summary.queued > 0 || filtered < summary.listed {
            return None;
        }
        if let (differ @ 1.., Some(first)) = &self.differ_in_case {
            return Some(Error::Invalid(format!(
                "no file of {location} matches --include as it is written; {differ} match where \
                 upper and lower case are the same, such as {first:?}: add --ignore-case"
            )));
        }
        if filtered > 0 {
            // That nothing is left may be what the other filters are for.
            return (!self.is_included).then(|| {
                let why = format!("no file of {location} matches --include; {filtered} are there");
                Error::Invalid(why)
            });
        }
        let prefix = &self.options.prefix;
        let is_whole_bucket = location.root().is_empty() && prefix.is_empty();
        if is_whole_bucket || self.options.files.is_some() {
            return None;
        }
        let hint = hint(location, prefix).await;
        let place = format!("{location}{prefix}");
        Some(match location.scheme() {
            // The folder is there, or the listing had failed.
            Scheme::File if prefix.is_empty() => return None,
            _ => Error::Invalid(format!("there is no file in {place}{hint}")),
        })
    }

    /// Queues what is listed, until the end of the listing or until it is asked to stop.
    pub(super) async fn list_and_send(&mut self) -> Result<(), Error> {
        let listed = self.send_pages().await.and_then(|()| self.all_taken());
        if listed.is_ok()
            && !self.summary.stopped
            && let Some(run) = &mut self.run
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
        let mut pages = match &options.files {
            Some(names) => files::pages(self.source, names, &options.prefix),
            None => self.source.list(&options.prefix, &options.filter.exclude),
        };
        while let Some(page) = self.next_page(&mut pages).await.transpose()? {
            self.monitor.event(Event::Listed {
                files: page.objects.len(),
            });
            self.summary.listed += (page.objects.len() + page.passed_over.len()) as u64;
            for (path, why) in page.passed_over {
                self.pass_over(path, why);
            }
            self.take(page.objects).await?;
            if self.summary.queued - self.saved >= SAVE_EVERY {
                self.save().await?;
            }
        }
        while let Some(sender) = &mut self.sender
            && let Some(answers) = sender.drain().await
        {
            self.queued(answers?);
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

    /// Sends a job.
    async fn send(&mut self, job: &Job) -> Result<(), Error> {
        if let Some(sender) = &mut self.sender {
            let answers = sender.push(job).await?;
            self.queued(answers);
        }
        Ok(())
    }

    /// Queues what of a page is wanted, and counts the rest.
    async fn take(&mut self, objects: Vec<Object>) -> Result<(), Error> {
        let (source, filter) = (self.source, &self.options.filter);
        let mut checked = iter(objects)
            .map(|object| filter.check(source, object))
            .buffered(LOOKED_INTO_AT_ONCE);
        while let Some(checked) = checked.next().await {
            match checked? {
                Checked::Wanted(key, object) => {
                    let job = self.job(key, &object).await?;
                    self.send(&job).await?;
                }
                Checked::Skipped(path, reason) => self.skip(path, reason),
                Checked::Unreadable(path, why) => self.pass_over(path, Passed::Unreadable(why)),
            }
        }
        Ok(())
    }

    /// Gets ready for the first job: looks at what the queue has, and makes it if it is missing.
    async fn begin(&mut self) -> Result<(), Error> {
        let queue = match &self.destination {
            Destination::Queue(queue) => queue.clone(),
            Destination::New(location) => Queue::create(location).await?,
            Destination::Nowhere(queue) => {
                self.summary.found = match queue {
                    Some(queue) => Some(queue.counts().await?),
                    None => None,
                };
                self.sender = Some(Sender::dry_run(queue.as_ref()));
                return Ok(());
            }
        };
        self.summary.found = Some(queue.counts().await?);
        self.sender = Some(Sender::new(&queue));
        let run = QueuedRun::begin(queue, self.source).await?;
        self.summary.again = run.is_repeated();
        self.run = Some(run);
        Ok(())
    }

    /// The job for a file that is wanted.
    async fn job(&mut self, key: Key, object: &Object) -> Result<Job, Error> {
        if self.sender.is_none() {
            self.begin().await?;
        }
        let url = self.source.location().url_of(&key);
        let mut job = Job::new(
            url,
            key,
            self.options.retries.max(1),
            object.size,
            &object.etag,
        );
        if let Some(run) = &self.run {
            run.mark(&mut job);
        }
        Ok(job)
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
        let filter = &self.options.filter;
        self.is_included |= filter.includes(&path);
        if reason == Skip::Filtered && filter.differs_in_case(&path) {
            self.differ_in_case.0 += 1;
            self.differ_in_case.1.get_or_insert_with(|| path.clone());
        }
        *self.summary.skipped.entry(reason).or_default() += 1;
        self.monitor.event(Event::Skipped { path, reason });
    }

    /// Counts jobs by what became of their messages.
    fn queued(&mut self, answers: Vec<Answer>) {
        let (mut jobs, mut bytes) = (0, 0);
        for Answer { key, size, sent } in answers {
            match sent {
                Sent::Taken => {
                    (jobs, bytes) = (jobs + 1, bytes + size);
                    self.count_album(&key);
                    if let Destination::Nowhere(_) = self.destination {
                        self.monitor.event(Event::WouldQueue { key, size });
                    }
                }
                Sent::Known => self.skip(key.into(), Skip::AlreadyQueued),
                Sent::Refused(why) => {
                    tracing::warn!(why, "the queue refuses a message");
                    if self.refused.0 == 0 {
                        self.refused.1 = why;
                    }
                    self.refused.0 += 1;
                }
            }
        }
        self.summary.queued += jobs as u64;
        self.summary.bytes += bytes;
        if jobs > 0 {
            self.monitor.event(Event::Queued { jobs, bytes });
        }
    }

    /// A file in no folder is in no album.
    fn count_album(&mut self, key: &Key) {
        if let Some(folder) = key.folder() {
            self.albums.insert(self.hasher.hash_one(folder));
            self.summary.albums = self.albums.len() as u64;
        }
    }

    /// Saves the running total with the queue, for `status` to show.
    async fn save(&mut self) -> Result<(), Error> {
        let (total, bytes) = (self.summary.queued, self.summary.bytes);
        if let Some(run) = &mut self.run {
            run.save(total, bytes).await?;
        }
        self.saved = total;
        Ok(())
    }
}
