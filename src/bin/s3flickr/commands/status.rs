//! `status`: how far a queue is, once or again and again.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;
use s3flickr::monitor::Limit;
use s3flickr::ops;
use s3flickr::queue::Queue;
use serde_json::{Value, json};

use crate::connect::Connector;
use crate::console::Console;
use crate::exit::Exit;
use crate::options::QueueArg;
use crate::progress::{Rate, left, of_queue};
use crate::report;
use crate::signals::stop_on_signals;

/// How often `status --watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// `status`
#[derive(Debug, clap::Args)]
pub struct Status {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// Keep looking, with rate and time left
    #[arg(short, long)]
    pub watch: bool,
}

impl Status {
    /// Shows the counts, or watches them.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let queue = connector.queue(&self.queue).await?;
        if self.watch {
            return watch(&queue, console).await;
        }
        let status = ops::status::status(&queue).await?;
        console.result(&report::document(&status)?, &report::status(&status));
        Ok(Exit::Well)
    }
}

/// Until nothing is left to do, or a signal.
async fn watch(queue: &Queue, console: &Console) -> Result<Exit> {
    let stop = stop_on_signals(console);
    let mut rate = Rate::default();
    loop {
        let status = ops::status::status(queue).await?;
        rate.note(Instant::now(), status.done);
        // It is a help only; whoever may read the counts may perhaps not read this.
        let pace = queue.rate().await.unwrap_or_default();
        let limit = rate
            .per_second()
            .and_then(|per_second| status.limit(per_second, pace));
        let progress = of_queue(&status, &rate, limit);
        let text = progress.text();
        if console.is_json() {
            console.line(&document(&status, &rate, limit)?.to_string());
        } else if console.draws() && std::io::stdout().is_terminal() {
            console.progress(progress);
        } else {
            console.text(&text);
        }
        if console.is_unread() {
            return Ok(Exit::Well);
        }
        if status.open() == 0 {
            console.clear();
            if console.draws() && !console.is_json() {
                console.text(&text);
            }
            for line in status.advice().iter().filter(|_| !console.is_json()) {
                console.text(line);
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
fn document(status: &ops::status::Status, rate: &Rate, limit: Option<Limit>) -> Result<Value> {
    let mut document = report::document(status)?;
    let per_second = rate.per_second();
    let left = per_second.map(|per_second| left(status.open(), per_second).as_secs());
    document["per_second"] = json!(per_second);
    document["seconds_left"] = json!(left);
    document["limit"] = json!(limit.map(|limit| limit.to_string()));
    Ok(document)
}
