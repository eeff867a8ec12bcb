//! `work`: drains the queue, beside as many other workers as there are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use s3flickr::flickr::{Budget, Client};
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::outcome::Backoff;
use s3flickr::monitor::{Event, Monitor};
use s3flickr::ops;
use s3flickr::ops::account;
use s3flickr::ops::startup::{queue_outage, until_answered};
use s3flickr::ops::work::{Options, StopReason, Summary, Tally, Transfers, allowed_sources};
use s3flickr::queue::{Queue, Rate};
use s3flickr::stop::Stop;
use s3flickr::store::flickr::FlickrOptions;
use s3flickr::store::{self, Target, TargetOptions, Throttle};
use tracing::warn;

use super::s3_options::S3Options;

use crate::commands::doctor;
use crate::connect::{self, Connector};
use crate::console::Console;
use crate::exit::Exit;
use crate::options::QueueArg;
use crate::progress::{Intro, WorkProgress, reporting};
use crate::signals::{drain_on_interruption, stop_on_signals};
use crate::{descriptors, parse, report};

/// `work`
#[derive(Debug, clap::Args)]
pub struct Work {
    /// Which queue.
    #[command(flatten)]
    pub queue: QueueArg,
    /// How many photos are copied at once; auto: as many as still make it faster
    #[arg(long, value_name = "N|auto", default_value = "16", value_parser = parse::transfers)]
    pub transfers: Transfers,
    /// The most bytes a second of this process, such as 10M (MiB) or 512K; off for no limit
    #[arg(long, value_name = "RATE", default_value = "off", value_parser = parse::bandwidth)]
    pub bwlimit: Throttle,
    /// Wait for more when the queue is empty
    #[arg(long)]
    pub forever: bool,
    /// The most calls to Flickr an hour, of all workers of the queue together; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 3600)]
    pub calls_per_hour: u32,
    /// Do not count uploads against the call budget (only if you know that Flickr does not)
    #[arg(long)]
    pub uploads_free: bool,
    /// How long SQS hides a message from other workers, in seconds; renewed while its photo is copied
    #[arg(id = "visibility", long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(2..=43_200))]
    pub visibility_timeout: u64,
    /// Who may see the photos
    #[arg(long, default_value = "private", value_parser = parse::privacy())]
    pub privacy: Privacy,
    /// A store that this worker may read; may be given again [default: what populate recorded]
    #[arg(long, value_name = "STORE")]
    pub allow: Vec<String>,
    /// How S3 is asked.
    #[command(flatten)]
    pub s3: S3Options,
    /// Do not take ETags for MD5 checksums (only for a server whose ETags merely look like them)
    #[arg(long)]
    pub ignore_etag_md5: bool,
    /// Stop with exit status 1 once this many photos have failed in this run [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_errors: Option<u64>,
    /// Seconds before a failed photo is tried again; doubled each time
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = Backoff::default().first.as_secs_f64(),
        hide_short_help = true
    )]
    pub retry_delay: f64,
    /// The hour that --calls-per-hour is counted over, in seconds: for tests
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, hide = true)]
    pub budget_window: u64,
}

impl Work {
    /// Works until the queue is drained, or something stops the run. Where the run is refused for
    /// its credentials, a person at a terminal is told what is wrong with those; a script gets its
    /// one line.
    pub async fn run(self, connector: &Connector, console: &Console) -> Result<Exit> {
        let queue = connector.queue_location(&self.queue);
        let ended = self.copy(connector, console).await;
        match ended {
            Err(error) if doctor::is_refusal(&error) && console.draws() => {
                doctor::advise(connector, &queue, &format!("{error:#}"), console).await;
                Err(error)
            }
            Err(error) if doctor::is_refusal(&error) => {
                bail!("{error:#}; `s3flickr doctor --queue {queue}` checks all that a run needs")
            }
            ended => ended,
        }
    }

    async fn copy(self, connector: &Connector, console: &Console) -> Result<Exit> {
        // First all that may be wrong with the user's side, then the services.
        self.s3.apply();
        let options = self.options()?;
        connector.check_account()?;
        let (stop, began) = (stop_on_signals(console), Instant::now());
        let opened = self.open(&options, connector, &stop, console).await?;
        let Some((queue, target)) = opened else {
            let nothing = Summary {
                tally: Tally::default(),
                elapsed: began.elapsed(),
                stopped: StopReason::Signal,
            };
            console.result(&nothing, &report::worked(&nothing));
            return Ok(Exit::Stopped);
        };
        let progress = WorkProgress::new(console);
        let watching = tokio::spawn(Arc::clone(&progress).watch(queue.clone()));
        let interruption = tokio::spawn(drain_on_interruption(stop.clone(), console.clone()));
        let worked = ops::work::work(&queue, &target, &options, &stop, progress.clone());
        let worked = reporting(&*progress, console, worked).await;
        watching.abort();
        interruption.abort();
        let summary = worked?;
        console.result(&summary, &report::worked(&summary));
        exit(&summary, &queue).await
    }

    /// Opens the queue and the account, and waits where one of them is away for a while; `None`
    /// where the run is asked to end meanwhile.
    async fn open(
        &self,
        options: &Options,
        connector: &Connector,
        stop: &Stop,
        console: &Console,
    ) -> Result<Option<(Queue, Target)>> {
        let open = async || connector.queue(&self.queue).await;
        let away = async |error: &anyhow::Error| error.downcast_ref().and_then(queue_outage);
        let opened = until_answered(&options.backoff, stop, console, open, away);
        let opened = tokio::select! {
            () = stop.draining() => return Ok(None),
            opened = opened => opened?,
        };
        let Some(queue) = opened else {
            return Ok(None);
        };
        let flickr = connector.flickr(self.budget(&queue, stop))?;
        let target = self.target(flickr.clone(), options);
        let begin = async || self.begin(&queue, &target, console).await;
        let away = async |error: &anyhow::Error| match error.downcast_ref::<store::Error>() {
            Some(store::Error::Away { .. }) => account::outage(&flickr).await,
            _ => error.downcast_ref().and_then(queue_outage),
        };
        let begun = until_answered(&options.backoff, stop, console, begin, away).await?;
        Ok(begun.map(|()| (queue, target)))
    }

    fn options(&self) -> Result<Options> {
        let defaults = Backoff::default();
        let first =
            Duration::try_from_secs_f64(self.retry_delay).context("--retry-delay is no time")?;
        Ok(Options {
            transfers: self.transfers,
            most_lanes: most_lanes(self.transfers),
            throttle: self.bwlimit.clone(),
            forever: self.forever,
            visibility_timeout: Duration::from_secs(self.visibility_timeout),
            allow: allowed_sources::locate_all(&self.allow)?,
            ignore_etag_md5: self.ignore_etag_md5,
            backoff: Backoff {
                first,
                longest: defaults.longest.max(first),
            },
            max_errors: self.max_errors,
        })
    }

    /// Asks the account whether it takes what waits, and says what is about to be done.
    async fn begin(&self, queue: &Queue, target: &Target, console: &Console) -> Result<()> {
        let counts = console.busy("asking the queue what waits", queue.counts());
        let counts = counts.await?;
        let queued = counts.waiting + counts.delayed + counts.in_flight;
        let asked = console.busy("asking Flickr what it takes", target.preflight(queued));
        let lines = match asked.await {
            // Asked to end already: what follows takes nothing, and says so in its result.
            Err(store::Error::Draining) => return Ok(()),
            lines => lines?,
        };
        // It was asked for just now, so that this is no call.
        let owner = target.owner().await?;
        let endpoint = connect::endpoint_url();
        let intro = Intro {
            queue: queue.location(),
            waiting: counts.waiting + counts.delayed,
            account: (&owner.name, &owner.id),
            endpoint: endpoint.as_deref(),
            privacy: self.privacy,
            transfers: self.transfers,
            calls_per_hour: self.calls_per_hour,
        };
        console.say_clauses(&intro.clauses());
        for message in lines {
            console.event(Event::Account { message });
        }
        Ok(())
    }

    /// The account as the place that photos are written to.
    fn target(&self, client: Client, options: &Options) -> Target {
        Target::open(TargetOptions::Flickr(FlickrOptions {
            client,
            privacy: self.privacy,
            lag: options.backoff.first,
        }))
    }

    /// The fleet's budget, as this worker's options set it.
    fn budget(&self, queue: &Queue, stop: &Stop) -> Budget {
        let rate = Rate {
            calls: self.calls_per_hour,
            per: Duration::from_secs(self.budget_window),
        };
        let budget = connect::fleet_budget(queue, rate).until(stop.drain_token());
        if self.uploads_free {
            budget.with_free_uploads()
        } else {
            budget
        }
    }
}

/// How a run that came to its end is told to a script.
async fn exit(summary: &Summary, queue: &Queue) -> Result<Exit> {
    match &summary.stopped {
        StopReason::Fatal(why) => Err(doctor::Halted(why.clone()).into()),
        StopReason::Signal => Ok(Exit::Stopped),
        StopReason::Drained if summary.tally.failed > 0 => Ok(Exit::SomeFailed),
        StopReason::Drained if something_is_missing(queue).await => Ok(Exit::SomeFailed),
        StopReason::Drained => Ok(Exit::Well),
    }
}

/// Whether photos are neither done nor waiting when the queue is empty; says what to do then.
async fn something_is_missing(queue: &Queue) -> bool {
    match ops::status::status(queue).await {
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

/// How many lanes this process has room for; says where that is fewer than were asked for.
fn most_lanes(asked: Transfers) -> usize {
    let (lanes, files) = descriptors::lanes_that_fit();
    if let (Transfers::Fixed(asked), Some(files)) = (asked, files)
        && asked > lanes
    {
        warn!(
            "this process may open only {files} files, enough for {lanes} transfers at once, not \
             {asked}: raise the hard limit (`ulimit -Hn`) for more"
        );
    }
    lanes
}
