//! `populate`: lists the photos and queues them.

use std::time::Duration;

use anyhow::{Result, bail};
use s3flickr::model::{Location, Scheme};
use s3flickr::monitor::{Event, Monitor};
use s3flickr::ops::{account, populate};
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;
use s3flickr::store::{Source, locate};

use super::filter_options::FilterOptions;
use super::s3_options::S3Options;

use crate::connect::{CALLS_PER_HOUR, Connector};
use crate::console::Console;
use crate::exit::Exit;
use crate::options::QueueArg;
use crate::progress::{ListingProgress, reporting};
use crate::report;
use crate::signals::stop_on_signals;

/// How long `populate` waits to be told what the account takes.
const ACCOUNT_ANSWER: Duration = Duration::from_secs(5);

/// `populate`
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct Populate {
    /// The bucket to copy; the titles are its keys
    #[arg(long, value_name = "BUCKET", group = "source")]
    pub bucket: Option<String>,
    /// Only keys that begin with this
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub prefix: String,
    /// The store to copy: s3://BUCKET[/ROOT/], file:PATH or a path; the titles are paths below it
    #[arg(long, value_name = "STORE", group = "source")]
    pub from: Option<String>,
    /// The manifest.json of an S3 Inventory report (CSV), in place of a listing of its bucket
    #[arg(long, value_name = "URL", group = "source")]
    pub inventory: Option<String>,
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// How often each photo is tried
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub retries: u32,
    /// Which files are wanted.
    #[command(flatten)]
    pub filter: FilterOptions,
    /// How S3 is asked.
    #[command(flatten)]
    pub s3: S3Options,
    /// Say what would be queued, and queue nothing
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
}

impl Populate {
    /// Lists the source, and queues what is a photo unless it is a dry run.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let stop = stop_on_signals(console);
        self.s3.apply();
        let options = self.options()?;
        let (source, queue) = tokio::select! {
            opened = self.open(connector) => opened?,
            () = stop.draining() => return Ok(Exit::Stopped),
        };
        let (queue, monitor) = (queue.as_ref(), ListingProgress::new(console));
        let listed = populate::populate(&source, queue, &options, &stop, &monitor);
        let summary = reporting(&monitor, console, listed).await?;
        let text = report::populated(&summary, queue.map(Queue::location));
        console.result(&summary, &text);
        if summary.stopped {
            return Ok(Exit::Stopped);
        }
        let asked = shortage(queue, connector, summary.queued);
        // Where no account is set up, or Flickr cannot be asked, that is no error of a listing:
        // the workers ask again.
        if let Ok(Ok(Some(line))) = tokio::time::timeout(ACCOUNT_ANSWER, asked).await {
            console.event(Event::Account { message: line });
        }
        Ok(if summary.is_whole() {
            Exit::Well
        } else {
            Exit::SomeFailed
        })
    }

    fn options(&self) -> Result<populate::Options> {
        Ok(populate::Options {
            prefix: self.prefix.clone(),
            retries: self.retries,
            filter: self.filter.filter()?,
            files: self.filter.files()?,
        })
    }

    /// The source, and the queue where there is anything to put on it.
    async fn open(&self, connector: &Connector) -> Result<(Source, Option<Queue>)> {
        let source = source(self).await?;
        let queue = match self.dry_run {
            true => None,
            false => Some(Queue::create(&connector.queue_location(&self.queue)).await?),
        };
        Ok((source, queue))
    }
}

/// Whether the account does not take all that was queued, in one line.
async fn shortage(
    queue: Option<&Queue>,
    connector: &Connector,
    queued: u64,
) -> Result<Option<String>> {
    connector.check_account()?;
    let budget = connector
        .budget(queue, CALLS_PER_HOUR, &Stop::new())
        .await?;
    Ok(account::shortage(&connector.flickr(budget)?, queued).await?)
}

/// The store that one of `--bucket`, `--from` and `--inventory` names.
async fn source(args: &Populate) -> Result<Source> {
    let location = match (&args.bucket, &args.from, &args.inventory) {
        (Some(bucket), ..) if bucket.contains('/') => bail!(
            "{bucket:?} is no bucket's name: write `--from {}`, or --bucket and --prefix",
            match locate(bucket) {
                Ok(store) if store.scheme() == Scheme::S3 => bucket.clone(),
                _ => format!("s3://{bucket}"),
            }
        ),
        (Some(bucket), ..) => Location::s3(bucket, ""),
        (None, Some(store), _) => locate(store)?,
        (None, None, Some(manifest)) => return Ok(Source::of_inventory(manifest).await?),
        (None, None, None) => {
            bail!("say what to copy: --bucket BUCKET, --from STORE or --inventory URL")
        }
    };
    Ok(Source::open(location).await?)
}
