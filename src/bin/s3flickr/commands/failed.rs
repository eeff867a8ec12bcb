//! `failed`: the photos that no retry was left for.

use anyhow::Result;
use s3flickr::ops;
use serde_json::json;

use crate::connect::Connector;
use crate::console::Console;
use crate::exit::Exit;
use crate::options::QueueArg;
use crate::report;

/// `failed`
#[derive(Debug, clap::Subcommand)]
pub enum Failed {
    /// List the photos that failed, with the reasons
    List(QueueArg),
    /// Put them back on the queue
    Retry {
        /// Which queue.
        #[command(flatten)]
        queue: QueueArg,
        /// How often each is tried
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
        retries: u32,
    },
    /// Print them as CSV
    Export(QueueArg),
}

impl Failed {
    /// Shows the failed jobs, or queues them again.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        match self {
            Failed::List(queue) => {
                let entries = ops::failed::list(&connector.queue(&queue).await?).await?;
                console.result(&report::document(&entries)?, &report::failures(&entries));
            }
            Failed::Export(queue) => {
                let entries = ops::failed::list(&connector.queue(&queue).await?).await?;
                console.result(
                    &report::document(&entries)?,
                    &report::failures_csv(&entries)?,
                );
            }
            Failed::Retry { queue, retries } => {
                let requeued = ops::failed::retry(&connector.queue(&queue).await?, retries).await?;
                let text = format!("{requeued} photos are queued again");
                console.result(&json!({ "requeued": requeued }), &text);
            }
        }
        Ok(Exit::Well)
    }
}
