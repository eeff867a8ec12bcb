//! The commands around the queue: `populate`, `work`, `status`, `failed`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use s3flickr::config::{ConfigFile, Folders};
use s3flickr::flickr::{Budget, Visibility};
use s3flickr::model::Location;
use s3flickr::model::outcome::Backoff;
use s3flickr::monitor::{Event, Monitor};
use s3flickr::ops::work::allowed_sources;
use s3flickr::ops::work::{Stopped, Transfers};
use s3flickr::ops::{self, account};
use s3flickr::queue::{Queue, Rate};
use s3flickr::stop::Stop;
use s3flickr::store::{Store, locate};
use serde_json::json;

use crate::args::{Failed, Populate, Privacy, Status, Work};
use crate::console::{Console, progress_interval};
use crate::exit::Exit;
use crate::signals::{drain_on_interruption, stop_on_signals};
use crate::watch::{self, Working};
use crate::{descriptors, report, services};

/// The pace of a question beside a fleet that has set none yet.
const CALLS_PER_HOUR: u32 = 3600;

/// How long `populate` waits to be told what the account takes.
const ACCOUNT_ANSWER: Duration = Duration::from_secs(5);

/// `populate`
pub async fn populate(
    args: Populate,
    config: &ConfigFile,
    folders: &Folders,
    console: &Console,
) -> Result<Exit> {
    let stop = stop_on_signals(console);
    let options = ops::populate::Options {
        prefix: args.prefix.clone(),
        retries: args.retries,
        include: globs(&args.include)?,
        exclude: globs(&args.exclude)?,
    };
    let place = services::queue_location(&args.queue, folders);
    let open = async {
        let source = source(&args).await?;
        let queue = if args.dry_run {
            None
        } else {
            Some(Queue::create(&place).await?)
        };
        anyhow::Ok((source, queue))
    };
    let (source, queue) = tokio::select! {
        opened = open => opened?,
        () = stop.draining() => return Ok(Exit::Stopped),
    };
    let (queue, monitor) = (queue.as_ref(), Listing::new(console));
    let summary = ops::populate::populate(&source, queue, &options, &stop, &monitor).await?;
    let (document, text) = report::populated(&summary, queue.map(Queue::location));
    console.result(&document, &text);
    if summary.stopped {
        return Ok(Exit::Stopped);
    }
    let asked = shortage(queue, config, folders, summary.queued);
    // Where no account is set up, or Flickr cannot be asked, that is no error of a listing: the
    // workers ask again.
    if let Ok(Ok(Some(line))) = tokio::time::timeout(ACCOUNT_ANSWER, asked).await {
        console.event(Event::Account(line));
    }
    Ok(if summary.is_whole() {
        Exit::Well
    } else {
        Exit::SomeFailed
    })
}

/// Whether the account does not take all that was queued, in one line.
async fn shortage(
    queue: Option<&Queue>,
    config: &ConfigFile,
    folders: &Folders,
    queued: u64,
) -> Result<Option<String>> {
    services::flickr(config, Budget::unlimited())?;
    let stop = Stop::new();
    let budget = services::budget_for(queue, CALLS_PER_HOUR, config, folders, &stop).await?;
    let flickr = services::flickr(config, budget)?;
    Ok(account::shortage(&flickr, queued).await?)
}

/// The store that one of `--bucket`, `--from` and `--inventory` names.
async fn source(args: &Populate) -> Result<Store> {
    let location = match (&args.bucket, &args.from, &args.inventory) {
        (Some(bucket), ..) if bucket.contains('/') => bail!(
            "{bucket:?} is no bucket's name: write `--from {}`, or --bucket and --prefix",
            if bucket.starts_with("s3://") {
                bucket.clone()
            } else {
                format!("s3://{bucket}")
            }
        ),
        (Some(bucket), ..) => Location::s3(bucket, ""),
        (None, Some(store), _) => locate(store)?,
        (None, None, Some(manifest)) => return Ok(Store::of_inventory(manifest).await?),
        (None, None, None) => {
            bail!("say what to copy: --bucket BUCKET, --from STORE or --inventory URL")
        }
    };
    Ok(Store::open(location).await?)
}

/// A star does not stop at a slash, as users of s5cmd and rclone expect of keys.
fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(false).build();
        set.add(glob.with_context(|| format!("{pattern:?} is no pattern"))?);
    }
    Ok(set.build()?)
}

/// Shows how far a listing is.
struct Listing {
    console: Console,
    seen: std::sync::Mutex<(u64, u64, Instant)>,
}

impl Listing {
    fn new(console: &Console) -> Listing {
        Listing {
            console: console.clone(),
            seen: std::sync::Mutex::new((0, 0, Instant::now())),
        }
    }
}

impl Monitor for Listing {
    fn event(&self, event: Event) {
        if let Ok(mut seen) = self.seen.lock() {
            match &event {
                Event::Listed(files) => seen.0 += *files as u64,
                Event::Queued(jobs, _) => seen.1 += *jobs as u64,
                _ => {}
            }
            if seen.2.elapsed() >= progress_interval(&self.console) {
                seen.2 = Instant::now();
                let text = format!("{} files listed, {} queued", seen.0, seen.1);
                self.console.progress(seen.1, None, &text);
            }
        }
        self.console.event(event);
    }
}

/// `work`
pub async fn work(
    args: Work,
    config: &ConfigFile,
    folders: &Folders,
    console: &Console,
) -> Result<Exit> {
    let seconds = |n: f64| Duration::try_from_secs_f64(n).context("--retry-delay is no time");
    let defaults = Backoff::default();
    let first = seconds(args.retry_delay)?;
    let options = ops::work::Options {
        transfers: args.transfers,
        most_lanes: most_lanes(args.transfers),
        bandwidth: args.bwlimit,
        forever: args.forever,
        hold: Duration::from_secs(args.visibility),
        visibility: visibility(args.privacy),
        allow: allowed_sources::locate_all(&args.allow)?,
        ignore_etag_md5: args.ignore_etag_md5,
        backoff: Backoff {
            first,
            longest: defaults.longest.max(first),
        },
        max_errors: args.max_errors,
    };
    // First all that may be wrong with the user's side, then the services.
    let place = services::queue_location(&args.queue, folders);
    services::flickr(config, Budget::unlimited())?;
    let queue = Queue::open(&place).await?;
    let pace = Rate {
        calls: args.calls_per_hour,
        per: Duration::from_secs(args.budget_window),
    };
    let stop = stop_on_signals(console);
    let budget = services::fleet_budget(&queue, pace).until(stop.drain_token());
    let budget = if args.uploads_free {
        budget.with_free_uploads()
    } else {
        budget
    };
    let flickr = services::flickr(config, budget)?;
    let counts = queue.counts().await?;
    let queued = counts.waiting + counts.delayed + counts.in_flight;
    match account::preflight(&flickr, options.visibility, queued).await {
        // Asked to end already: what follows takes nothing, and says so in its result.
        Err(ops::Error::Flickr(s3flickr::flickr::Error::Draining)) => {}
        lines => {
            for line in lines? {
                console.event(Event::Account(line));
            }
        }
    }
    let working = Working::new(console);
    let watching = tokio::spawn(Arc::clone(&working).watch(queue.clone()));
    let interruption = tokio::spawn(drain_on_interruption(stop.clone(), console.clone()));
    let worked = ops::work::work(&queue, &flickr, &options, &stop, working).await;
    watching.abort();
    interruption.abort();
    let summary = worked?;
    let (document, text) = report::worked(&summary);
    console.result(&document, &text);
    match &summary.stopped {
        Stopped::Halted(why) => bail!("{why}"),
        Stopped::Signal => Ok(Exit::Stopped),
        Stopped::Drained if summary.tally.failed > 0 => Ok(Exit::SomeFailed),
        Stopped::Drained if watch::something_is_missing(&queue).await => Ok(Exit::SomeFailed),
        Stopped::Drained => Ok(Exit::Well),
    }
}

/// How many lanes this process has room for; says where that is fewer than were asked for.
fn most_lanes(asked: Transfers) -> usize {
    let (lanes, files) = descriptors::lanes_that_fit();
    if let (Transfers::Fixed(asked), Some(files)) = (asked, files)
        && asked > lanes
    {
        tracing::warn!(
            "this process may open only {files} files, enough for {lanes} transfers at once, not \
             {asked}: raise the hard limit (`ulimit -Hn`) for more"
        );
    }
    lanes
}

fn visibility(privacy: Privacy) -> Visibility {
    match privacy {
        Privacy::Private => Visibility::Private,
        Privacy::Friends => Visibility::Friends,
        Privacy::Family => Visibility::Family,
        Privacy::FriendsFamily => Visibility::FriendsFamily,
        Privacy::Public => Visibility::Public,
    }
}

/// `status`
pub async fn status(args: Status, folders: &Folders, console: &Console) -> Result<Exit> {
    let queue = Queue::open(&services::queue_location(&args.queue, folders)).await?;
    if !args.watch {
        let status = ops::status::status(&queue).await?;
        console.result(&report::document(&status)?, &report::status(&status));
        return Ok(Exit::Well);
    }
    watch::status_until_done(&queue, console).await
}

/// `failed`
pub async fn failed(args: Failed, folders: &Folders, console: &Console) -> Result<Exit> {
    let open = async |arg| Queue::open(&services::queue_location(arg, folders)).await;
    match args {
        Failed::List(arg) => {
            let entries = ops::failed::list(&open(&arg).await?).await?;
            console.result(&report::document(&entries)?, &report::failures(&entries));
        }
        Failed::Export(arg) => {
            let entries = ops::failed::list(&open(&arg).await?).await?;
            console.result(
                &report::document(&entries)?,
                &report::failures_csv(&entries)?,
            );
        }
        Failed::Retry { queue, retries } => {
            let requeued = ops::failed::retry(&open(&queue).await?, retries).await?;
            let text = format!("{requeued} photos are queued again");
            console.result(&json!({ "requeued": requeued }), &text);
        }
    }
    Ok(Exit::Well)
}
