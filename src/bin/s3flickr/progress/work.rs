//! How far the whole queue is, shown beside a worker, and what holds this worker up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use s3flickr::monitor::{Event, Limit, Monitor};
use s3flickr::ops::status::{Status, look};
use s3flickr::queue::Queue;
use tokio::time::sleep;

use super::stall::Stall;
use super::{Measure, Progress, Rate, count, fraction, limited, outage, speed, units};
use crate::console::Console;

/// Between two looks at a queue that knows its counts at once...
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// ... and at one whose counts lag and cost requests.
const RARE_LOOK_EVERY: Duration = Duration::from_secs(10);

/// Passes on what a worker says, and knows how far its queue is.
pub struct WorkProgress {
    console: Console,
    seen: Mutex<Seen>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    status: Option<Status>,
    /// What this worker finished: in all, and since the last look at the queue.
    done: u64,
    done_since: u64,
    /// Those that failed for good since the last look.
    failed_since: u64,
    /// Bytes that this worker uploaded.
    bytes: u64,
    photos_rate: Rate,
    bytes_rate: Rate,
    limit: Option<Limit>,
    /// The service that is away, in words.
    outage: Option<String>,
    /// What all lanes wait for.
    stall: Option<Stall>,
    /// What else is waited for, until something moves again.
    waiting: Option<String>,
    /// How many were done when this worker began.
    done_before: Option<u64>,
}

impl WorkProgress {
    /// Nothing is known yet.
    pub fn new(console: &Console) -> Arc<WorkProgress> {
        Arc::new(WorkProgress {
            console: console.clone(),
            seen: Mutex::default(),
        })
    }

    /// Looks at the queue now and then, for as long as the future is polled.
    pub async fn watch(self: Arc<WorkProgress>, queue: Queue) {
        loop {
            let before = self.seen.lock().done;
            if let Ok(status) = look(&queue).await {
                self.seen.lock().looked(status, before);
            }
            sleep(if queue.exact() {
                LOOK_EVERY
            } else {
                RARE_LOOK_EVERY
            })
            .await;
        }
    }
}

impl Seen {
    /// The queue was looked at, after this worker had done so many.
    fn looked(&mut self, status: Status, done_then: u64) {
        self.done_since = self.done - done_then;
        self.failed_since = 0;
        self.done_before
            .get_or_insert(status.done.saturating_sub(done_then));
        self.status = Some(status);
    }

    fn moved(&mut self) {
        self.waiting = None;
    }

    fn finished(&mut self, bytes: u64) {
        self.done += 1;
        self.done_since += 1;
        self.bytes += bytes;
        self.moved();
    }

    /// What is waited for, in words: what holds up everything comes first.
    fn waits_for(&self, now: Instant) -> Option<String> {
        let stall = self.stall.map(|stall| stall.text(now));
        let outage = self.outage.clone();
        outage.or(stall).or_else(|| self.waiting.clone())
    }

    fn progress(&mut self, now: Instant) -> Option<Progress> {
        let status = self.status.as_ref()?;
        let failed = status.failed + self.failed_since;
        let done = (status.done + self.done_since).min(status.total.saturating_sub(failed));
        let gone = self.done_since + self.failed_since;
        let open = status.open().saturating_sub(gone);
        self.photos_rate.note(now, done);
        self.bytes_rate.note(now, self.bytes);
        let (rate, rest) = speed(&self.photos_rate, "photos", open);
        // Others work on the queue, too: the bytes are those of this worker alone.
        let others = done.saturating_sub(self.done_before.unwrap_or(done)) > self.done;
        let here = if others { " here" } else { "" };
        let bytes_rate = self.bytes_rate.per_second();
        let bytes_rate = bytes_rate.map(|rate| format!("{}/s{here}", units::bytes(rate as u64)));
        let mut parts = vec![format!("{}{here}", units::bytes(self.bytes))];
        parts.extend(rate.into_iter().chain(bytes_rate).chain(rest));
        let limit = self.limit.filter(|limit| *limit != Limit::Outage);
        parts.extend(limit.map(|limit| limited(limit).to_owned()));
        Some(Progress {
            fraction: fraction(done, status.total),
            count: count(done, status.total, failed),
            waiting: self.waits_for(now),
            parts,
        })
    }
}

impl Measure for WorkProgress {
    fn progress(&self) -> Option<Progress> {
        self.seen.lock().progress(Instant::now())
    }
}

impl Monitor for WorkProgress {
    fn event(&self, event: Event) {
        {
            let mut seen = self.seen.lock();
            match &event {
                Event::Started { .. } => seen.moved(),
                Event::Uploaded { bytes, .. } => seen.finished(*bytes),
                Event::AlreadyThere { .. } => seen.finished(0),
                Event::Failed { .. } => seen.failed_since += 1,
                Event::Limited { limit } => seen.limit = Some(*limit),
                Event::Stalled { wait } => {
                    seen.stall = wait.map(|wait| Stall::new(wait, Instant::now()));
                }
                Event::Waiting { reason } => seen.waiting = Some(reason.clone()),
                Event::Outage { service, since, .. } => {
                    seen.outage = Some(outage::brief(service, *since));
                }
                Event::Recovered { .. } => seen.outage = None,
                _ => {}
            }
        }
        self.console.event(event);
    }
}
