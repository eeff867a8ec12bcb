//! How far the whole queue is, shown beside a worker, and what holds this worker up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use s3flickr::monitor::{Event, Limit, Monitor};
use s3flickr::ops::status::look;
use s3flickr::queue::Queue;

use super::{Rate, line, outage};
use crate::console::{Console, progress_interval};

/// A look at the queue costs requests, and lags on SQS anyway.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(2);

/// Passes on what a worker says, and keeps what holds it up.
pub struct WorkProgress {
    console: Console,
    limit: Mutex<Option<Limit>>,
    /// What the lanes wait for, in words.
    outage: Mutex<Option<String>>,
}

impl WorkProgress {
    /// Nothing is known yet.
    pub fn new(console: &Console) -> Arc<WorkProgress> {
        Arc::new(WorkProgress {
            console: console.clone(),
            limit: Mutex::default(),
            outage: Mutex::default(),
        })
    }

    fn limit(&self) -> Option<Limit> {
        *self.limit.lock()
    }

    fn outage(&self) -> Option<String> {
        self.outage.lock().clone()
    }

    /// Shows how far the whole queue is while the worker works, and what holds this worker up.
    pub async fn watch(self: Arc<WorkProgress>, queue: Queue) {
        let interval = progress_interval(&self.console).max(SHORTEST_INTERVAL);
        let mut rate = Rate::default();
        loop {
            tokio::time::sleep(interval).await;
            if let Ok(status) = look(&queue).await {
                rate.note(Instant::now(), status.done);
                let mut text = line(&status, &rate, self.limit());
                if let Some(outage) = self.outage() {
                    text.push_str(&format!(", {outage}"));
                }
                self.console
                    .progress(status.done, Some(status.total), &text);
            }
        }
    }
}

impl Monitor for WorkProgress {
    fn event(&self, event: Event) {
        let say = |text| {
            *self.outage.lock() = text;
        };
        match &event {
            Event::Limited { limit } => {
                *self.limit.lock() = Some(*limit);
            }
            Event::Outage { service, since, .. } => say(Some(outage::brief(service, *since))),
            Event::Recovered { .. } => say(None),
            _ => {}
        }
        self.console.event(event);
    }
}
