//! From options to services: which queue, which Flickr, with whose keys.

use std::time::Duration;

use anyhow::Result;
use data_encoding::HEXLOWER;
use futures_util::FutureExt;
use s3flickr::config::{self, Account, ConfigFile, Folders};
use s3flickr::flickr::{Budget, Client, Credentials, Endpoints, Timeouts};
use s3flickr::queue::{MachineBudget, Queue, Rate};
use s3flickr::stop::Stop;
use secrecy::ExposeSecret;
use sha1::{Digest, Sha1};

use crate::args::QueueArg;

/// Calls that commands without a queue may make at once on one machine: enough to read a small
/// account without a wait. With the pace that is left, no hour sees more than the whole budget.
const BURST: u32 = 40;
/// A call that was granted is kept at least this long, also where a test's hour is a minute.
const SHORTEST_LIFETIME: Duration = Duration::from_millis(500);

/// The queue's location: the one named, or this user's own.
pub fn queue_location(arg: &QueueArg, folders: &Folders) -> String {
    arg.queue.clone().unwrap_or_else(|| folders.default_queue())
}

/// Where Flickr is: `FLICKR_ENDPOINT_URL`, or the real one.
pub fn endpoints() -> Result<Endpoints> {
    match std::env::var("FLICKR_ENDPOINT_URL") {
        Ok(base) if !base.is_empty() => Ok(Endpoints::under(&base)?),
        _ => Ok(Endpoints::flickr()),
    }
}

/// A client of the user's account, with this budget.
pub fn flickr(config: &ConfigFile, budget: Budget) -> Result<Client> {
    let credentials = credentials(config.account())?;
    Ok(Client::new(
        endpoints()?,
        credentials,
        budget,
        Timeouts::default(),
    )?)
}

fn credentials(account: Account) -> Result<Credentials, config::Error> {
    let missing = account.missing().unwrap_or_default();
    match account {
        Account {
            api_key: Some(api_key),
            api_secret: Some(api_secret),
            token: Some(token),
            token_secret: Some(token_secret),
        } => Ok(Credentials {
            api_key,
            api_secret,
            token: token.expose_secret().to_owned(),
            token_secret,
        }),
        _ => Err(config::Error::NoAccount(missing)),
    }
}

/// The budget that a command's calls come out of, until `stop` drains: the fleet's where a queue
/// is known, else one that all processes of this machine share for the key.
///
/// A fleet keeps the pace that its workers set; `calls_per_hour` is for one that has none yet. 0 is
/// no limit, for whoever asks for that.
pub async fn budget_for(
    queue: Option<&Queue>,
    calls_per_hour: u32,
    config: &ConfigFile,
    folders: &Folders,
    stop: &Stop,
) -> Result<Budget> {
    let pace = Rate::per_hour(calls_per_hour);
    let budget = match queue {
        _ if calls_per_hour == 0 => Budget::unlimited(),
        Some(queue) => fleet_budget(queue, queue.rate().await?.unwrap_or(pace)),
        None => machine_budget(calls_per_hour, config, folders).await,
    };
    Ok(budget.until(stop.drain_token()))
}

/// The budget that all workers of a queue share, through the queue.
pub fn fleet_budget(queue: &Queue, pace: Rate) -> Budget {
    if pace.calls == 0 {
        return Budget::unlimited();
    }
    let queue = queue.clone();
    let granted = Budget::shared(move || {
        let queue = queue.clone();
        async move { queue.permit(&pace).await }.boxed()
    });
    granted.lasting(pace.lead().max(SHORTEST_LIFETIME))
}

/// A pace for one key, in a file of the user's data folder. Where none can be written, for this
/// process alone.
async fn machine_budget(calls_per_hour: u32, config: &ConfigFile, folders: &Folders) -> Budget {
    let burst = BURST.min(calls_per_hour / 4).max(1);
    let calls_per_hour = calls_per_hour.saturating_sub(burst).max(1);
    let key = config.account().api_key.unwrap_or_default();
    let key = HEXLOWER.encode(&Sha1::digest(key.as_bytes())[..8]);
    let file = folders.data.join(format!("calls-{key}.db"));
    let pace = Rate::per_hour(calls_per_hour);
    match MachineBudget::at(file).await {
        Ok(machine) => Budget::shared(move || {
            let machine = machine.clone();
            async move { machine.permit(&pace, burst).await }.boxed()
        }),
        Err(error) => {
            tracing::warn!(
                "calls are counted for this process alone, not for this machine: {error}"
            );
            Budget::paced(calls_per_hour, burst)
        }
    }
}
