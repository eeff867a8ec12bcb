//! `failed`: the photos that no retry was left for.

use anyhow::Result;
use s3flickr::model::outcome::FailureClass;
use s3flickr::ops::failed::{self, Entry};
use serde_json::json;

use crate::connect::Connector;
use crate::console::Console;
use crate::exit::Exit;
use crate::options::QueueArg;
use crate::parse;
use crate::progress::things;
use crate::report;

/// `failed`
#[derive(Debug, clap::Subcommand)]
pub enum Failed {
    /// List the photos that failed, with the reasons
    List(Which),
    /// Put them back on the queue
    Retry {
        /// Which photos.
        #[command(flatten)]
        which: Which,
        /// How often each is tried
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
        retries: u32,
    },
    /// Print them as CSV
    Export(Which),
}

/// Which of the photos that failed.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// Only those that failed in this way, as `failed list` names it [default: all]
    #[arg(long, value_name = "CLASS", value_parser = parse::failure_class())]
    pub class: Option<FailureClass>,
}

impl Which {
    async fn list(&self, connector: &Connector) -> Result<Vec<Entry>> {
        let queue = connector.queue(&self.queue).await?;
        Ok(failed::list(&queue, self.class).await?)
    }
}

impl Failed {
    /// Shows the failed jobs, or queues them again.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        match self {
            Failed::List(which) => {
                let entries = which.list(connector).await?;
                console.result(&report::document(&entries)?, &report::failures(&entries));
            }
            Failed::Export(which) => {
                let entries = which.list(connector).await?;
                let csv = report::failures_csv(&entries)?;
                console.result(&report::document(&entries)?, &csv);
            }
            Failed::Retry { which, retries } => {
                let queue = connector.queue(&which.queue).await?;
                let requeued = failed::retry(&queue, retries, which.class).await?;
                let verb = if requeued == 1 { "is" } else { "are" };
                let text = format!("{} {verb} queued again", things(requeued, "photo"));
                console.result(&json!({ "requeued": requeued }), &text);
            }
        }
        Ok(Exit::Well)
    }
}
