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

use aws_config::SdkConfig;

use super::{Error, IfMissing};
use clients::Clients;
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
    location: String,
    clients: Clients,
    main: SqsQueue,
    failed: SqsQueue,
    pacer: FleetPacer,
    tags: TwoQueues,
    finished: Finished,
}

impl Sqs {
    /// The queue of this name, and its failed queue: both must exist, or what is missing is made.
    /// A queue that is there keeps the settings that it has; one without a redrive policy gets
    /// ours where we may make things.
    pub(super) async fn open(
        config: &SdkConfig,
        name: &str,
        if_missing: IfMissing,
    ) -> Result<Sqs, Error> {
        let clients = Clients::new(config);
        let failed_name = failed_name(name);
        let (main, failed) = match if_missing {
            IfMissing::Fail => {
                let (main, failed) = tokio::join!(
                    existing(&clients, name, name),
                    existing(&clients, &failed_name, name),
                );
                // Where both are missing, it is the queue itself that is.
                (main?, failed?)
            }
            IfMissing::Create => tokio::try_join!(
                clients.find_or_create(name, setup::settings()),
                clients.find_or_create(&failed_name, setup::settings()),
            )?,
        };
        let tags = TwoQueues::new(&main, &pacer::queue_name(name));
        let queue = Sqs {
            location: format!("sqs://{name}"),
            pacer: FleetPacer::new(name, &clients),
            finished: Finished::new(&tags),
            tags,
            clients,
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

/// The queue of this name, which must be there; it belongs to the queue `base`.
async fn existing(clients: &Clients, name: &str, base: &str) -> Result<SqsQueue, Error> {
    let found = clients.find(name).await?;
    found.ok_or_else(|| Error::NotFound {
        queue: format!("sqs://{name}"),
        base: format!("sqs://{base}"),
    })
}

/// The name of the failed queue of a queue.
fn failed_name(name: &str) -> String {
    format!("{name}-failed")
}
