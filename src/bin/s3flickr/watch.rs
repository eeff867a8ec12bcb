//! How far a queue is, again and again: beside a worker, and as `status --watch`.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use s3flickr::monitor::{Event, Limit, Monitor};
use s3flickr::ops::status::{Status, look, status};
use s3flickr::queue::Queue;
use serde_json::{Value, json};
use tracing::warn;

use crate::console::{Console, progress_interval};
use crate::exit::Exit;
use crate::outage;
use crate::progress::{Rate, left, line};
use crate::report;
use crate::signals::stop_on_signals;

/// How often `status --watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// Passes on what a worker says, and keeps what holds it up.
pub struct Working {
    console: Console,
    limit: Mutex<Option<Limit>>,
    /// What the lanes wait for, in words.
    outage: Mutex<Option<String>>,
}

impl Working {
    /// Nothing is known yet.
    pub fn new(console: &Console) -> Arc<Working> {
        Arc::new(Working {
            console: console.clone(),
            limit: Mutex::default(),
            outage: Mutex::default(),
        })
    }

    fn limit(&self) -> Option<Limit> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outage(&self) -> Option<String> {
        let outage = self.outage.lock();
        outage.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows how far the whole queue is while the worker works, and what holds this worker up.
    pub async fn watch(self: Arc<Working>, queue: Queue) {
        // Each look costs requests, and lags on SQS anyway.
        let interval = progress_interval(&self.console).max(EVERY);
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

impl Monitor for Working {
    fn event(&self, event: Event) {
        let say = |text| {
            *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = text;
        };
        match &event {
            Event::Limited(limit) => {
                *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(*limit);
            }
            Event::Outage { service, since, .. } => say(Some(outage::brief(service, *since))),
            Event::Recovered { .. } => say(None),
            _ => {}
        }
        self.console.event(event);
    }
}

/// Whether photos are neither done nor waiting when the queue is empty; says what to do then.
pub async fn something_is_missing(queue: &Queue) -> bool {
    match status(queue).await {
        Ok(status) => {
            for line in status.advice() {
                warn!("{line}");
            }
            status.missing > 0 && status.settled
        }
        // The work is done; that the queue cannot be asked any more changes nothing of it.
        Err(_) => false,
    }
}

/// `status --watch`: until nothing is left to do, or a signal.
pub async fn status_until_done(queue: &Queue, console: &Console) -> Result<Exit> {
    let stop = stop_on_signals(console);
    let mut rate = Rate::default();
    loop {
        let status = status(queue).await?;
        rate.note(Instant::now(), status.done);
        // It is a help only; whoever may read the counts may perhaps not read this.
        let pace = queue.rate().await.unwrap_or_default();
        let limit = rate
            .per_second()
            .and_then(|per_second| status.limit(per_second, pace));
        let text = line(&status, &rate, limit);
        if console.is_json() {
            console.line(&document(&status, &rate, limit)?.to_string());
        } else if console.draws() && std::io::stdout().is_terminal() {
            console.progress(status.done, Some(status.total), &text);
        } else {
            console.line(&text);
        }
        if status.open() == 0 {
            console.clear();
            if console.draws() && !console.is_json() {
                console.line(&text);
            }
            for line in status.advice().iter().filter(|_| !console.is_json()) {
                console.line(line);
            }
            return Ok(Exit::Well);
        }
        tokio::select! {
            () = stop.draining() => return Ok(Exit::Stopped),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// The counts, and what the moving window adds to them; null where that is not known yet.
fn document(status: &Status, rate: &Rate, limit: Option<Limit>) -> Result<Value> {
    let mut document = report::document(status)?;
    let per_second = rate.per_second();
    let left = per_second.map(|per_second| left(status.open(), per_second).as_secs());
    document["per_second"] = json!(per_second);
    document["seconds_left"] = json!(left);
    document["limit"] = json!(limit.map(|limit| limit.to_string()));
    Ok(document)
}
