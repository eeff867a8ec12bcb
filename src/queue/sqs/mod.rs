//! A queue on Amazon SQS: `NAME` for the jobs, `NAME-failed` for those that failed, and
//! `NAME-calls.fifo` for the fleet's rate.
//!
//! SQS promises each message at least once, in no order, and counts that lag behind by up to a
//! minute. A standard queue also lets a stale receipt delete in silence, so that a lost lease is
//! not always seen there: `Lease` looks at its own clock first.

mod account;
mod batches;
mod clients;
mod errors;
mod escape;
mod find;
mod finished;
mod layout;
mod messages;
mod pacer;
mod peek;
mod queue;
mod runs;
mod setup;
mod tags;
mod token;
mod turn;

use std::time::Duration;

use aws_config::{Region, SdkConfig};

use super::sqs_url::SqsUrl;
use super::{Error, IfMissing, SqsLocation};
use crate::aws;
use clients::Clients;
use find::Finder;
use finished::Finished;
use pacer::FleetPacer;
use queue::SqsQueue;
use tags::TwoQueues;

/// SQS keeps a message for at most 14 days, counted from its sending.
const RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
/// The visibility timeout where a receiver names none, as the SQS console does.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest that SQS lets a receiver wait (long polling). It is also the queue's default.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The longest time that a message may be hidden in all from its handing out (12 hours).
const LONGEST_TIMEOUT: Duration = Duration::from_secs(12 * 3600);
/// The best number of messages in a call (SendMessageBatch takes 10).
const BATCH: usize = 10;

/// A queue on SQS.
pub(super) struct Sqs {
    name: String,
    location: String,
    finder: Finder,
    main: SqsQueue,
    failed: SqsQueue,
    pacer: FleetPacer,
    tags: TwoQueues,
    finished: Finished,
}

impl Sqs {
    /// The queue at this location, and its failed queue: both must exist, or what is missing is
    /// made. A queue that is there keeps the settings that it has; one without a redrive policy
    /// gets ours where we may make things.
    pub(super) async fn open(
        config: &SdkConfig,
        location: &SqsLocation,
        if_missing: IfMissing,
    ) -> Result<Sqs, Error> {
        let name = &location.name;
        let region = config.region().map(Region::as_ref);
        let clients = match &location.url {
            Some(url) => Clients::new(&as_in_url(config, url)?),
            None => Clients::new(config),
        };
        let finder = Finder::new(clients, location, region).await?;
        let failed_name = failed_name(name);
        let (main, failed) = match if_missing {
            IfMissing::Fail => tokio::join!(
                finder.existing(name, name),
                finder.existing(&failed_name, name),
            ),
            IfMissing::Create => tokio::join!(
                finder.find_or_create(name, setup::settings()),
                finder.find_or_create(&failed_name, setup::settings()),
            ),
        };
        // Where both are missing, it is the queue itself that is.
        let (main, failed) = (main?, failed?);
        let tags = TwoQueues::new(&main, &finder, &pacer::queue_name(name));
        let queue = Sqs {
            name: name.clone(),
            location: finder.location(name),
            pacer: FleetPacer::new(name, &finder),
            finished: Finished::new(&tags),
            tags,
            finder,
            main,
            failed,
        };
        if if_missing == IfMissing::Create {
            queue.check_settings(true).await?;
            queue.pacer.queue().await?;
        }
        Ok(queue)
    }
}

/// The configuration for a queue that was named by its URL: the region is that of the URL. So is
/// the host, unless the region leads there, or the user set an endpoint: a stand-in for SQS puts
/// host names into its URLs that lead nowhere.
fn as_in_url(config: &SdkConfig, url: &SqsUrl) -> Result<SdkConfig, Error> {
    let mut changed = config.clone().into_builder();
    if let Some(region) = url.region() {
        changed.set_region(Region::new(region.to_owned()));
    }
    let custom = aws::custom_endpoint(config, aws::SQS).is_some();
    if !custom && !url.is_of_region() {
        aws::check_endpoint(aws::SQS, &url.origin)?;
        changed.set_endpoint_url(Some(url.origin.clone()));
    }
    Ok(changed.build())
}

/// The name of the failed queue of a queue.
fn failed_name(name: &str) -> String {
    format!("{name}-failed")
}
