//! `populate`: lists the photos and queues them.

use std::time::Duration;

use anyhow::{Result, bail};
use s3flickr::model::{Location, Scheme};
use s3flickr::monitor::{Event, Monitor};
use s3flickr::ops::account;
use s3flickr::ops::populate::{self, Destination};
use s3flickr::queue::{self, Queue, Rate};
use s3flickr::stop::Stop;
use s3flickr::store::{Source, locate};

use super::filter_options::FilterOptions;
use super::s3_options::S3Options;
use crate::connect::{CALLS_PER_HOUR, Connector};
use crate::console::Console;
use crate::exit::{Exit, WrongUsage};
use crate::options::QueueArg;
use crate::progress::{ListingProgress, reporting};
use crate::report::Populated;
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
    /// Calls to Flickr an hour that the forecast of the time counts with; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = CALLS_PER_HOUR)]
    pub calls_per_hour: u32,
    /// Say what would be queued and how long it would take, and queue nothing; -v names each file
    #[arg(short = 'n', long, visible_alias = "dryrun")]
    pub dry_run: bool,
}

impl Populate {
    /// Lists the source, and queues what is a photo unless it is a dry run.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let stop = stop_on_signals(console);
        self.s3.apply();
        let options = self.options()?;
        let (source, destination) = tokio::select! {
            opened = self.open(connector) => opened?,
            () = stop.draining() => return Ok(Exit::Stopped),
        };
        let monitor = ListingProgress::new(console);
        let listed = populate::populate(&source, destination, &options, &stop, &monitor);
        let summary = reporting(&monitor, console, listed).await?;
        let queue = connector.queue(&self.queue).await.ok();
        self.report(&summary, queue.as_ref(), connector, console)
            .await;
        if summary.stopped {
            return Ok(Exit::Stopped);
        }
        let asked = shortage(queue.as_ref(), connector, summary.queued);
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

    async fn report(
        &self,
        summary: &populate::Summary,
        queue: Option<&Queue>,
        connector: &Connector,
        console: &Console,
    ) {
        let location = connector.queue_location(&self.queue);
        let rate = match queue {
            // A help only: where it cannot be read, the forecast goes by the usual rate.
            Some(queue) => queue.rate().await.unwrap_or_default(),
            None => None,
        };
        let populated = Populated {
            summary,
            queue: queue.map_or(&location, Queue::location),
            dry_run: self.dry_run,
            rate: rate.unwrap_or_else(|| Rate::per_hour(self.calls_per_hour)),
            next: self.next_command(),
        };
        console.result(&populated.document(), &populated.text());
        if let Some(line) = populated.too_long_for_sqs() {
            tracing::warn!("{line}");
        }
    }

    /// The command that copies what is queued.
    fn next_command(&self) -> String {
        match &self.queue.queue {
            Some(queue) => format!("s3flickr work --queue {}", quoted(queue)),
            None => "s3flickr work".to_owned(),
        }
    }

    fn options(&self) -> Result<populate::Options> {
        Ok(populate::Options {
            prefix: self.prefix.clone(),
            retries: self.retries,
            filter: self.filter.filter().map_err(wrong_usage)?,
            files: self.filter.files()?,
        })
    }

    /// The source, and where its jobs go. A queue that is missing is made once there is a job.
    async fn open(&self, connector: &Connector) -> Result<(Source, Destination)> {
        let source = source(self).await?;
        let destination = match (connector.queue(&self.queue).await, self.dry_run) {
            (Ok(queue), false) => Destination::Queue(queue),
            (Ok(queue), true) => Destination::Nowhere(Some(queue)),
            (Err(error), dry_run) => match error.downcast::<queue::Error>()? {
                queue::Error::NotFound { .. } if dry_run => Destination::Nowhere(None),
                queue::Error::NotFound { .. } => {
                    Destination::New(connector.queue_location(&self.queue))
                }
                error @ queue::Error::Location { .. } => return Err(error.into()),
                error if dry_run => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!("what the queue has already is not known: {error:#}");
                    Destination::Nowhere(None)
                }
                error => return Err(error.into()),
            },
        };
        Ok((source, destination))
    }
}

fn wrong_usage(error: anyhow::Error) -> WrongUsage {
    WrongUsage(format!("{error:#}"))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,~".contains(c);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
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
        (Some(bucket), ..) if bucket.contains('/') => {
            let store = match locate(bucket) {
                Ok(store) if store.scheme() == Scheme::S3 => bucket.clone(),
                _ => format!("s3://{bucket}"),
            };
            let usage = "is no bucket's name: write";
            let usage = format!("{bucket:?} {usage} `--from {store}`, or --bucket and --prefix");
            return Err(WrongUsage(usage).into());
        }
        (Some(bucket), ..) => Location::s3(bucket, ""),
        (None, Some(store), _) => locate(store)?,
        (None, None, Some(manifest)) => return Ok(Source::of_inventory(manifest).await?),
        (None, None, None) => {
            bail!("say what to copy: --bucket BUCKET, --from STORE or --inventory URL")
        }
    };
    Ok(Source::open(location).await?)
}
