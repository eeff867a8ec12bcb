//! From options to services: which queue, which Flickr, with whose keys.

use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt;
use s3flickr::config::{self, Account, ConfigFile, Folders};
use s3flickr::flickr::{Budget, Client, Credentials, Endpoints, Timeouts};
use s3flickr::queue::{Pace, Queue};
use secrecy::ExposeSecret;

use crate::args::QueueArg;

/// Calls that an operation without a queue may make at once; with the pace that is left, no hour
/// sees more than the whole budget.
const BURST: u32 = 300;

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

/// The budget of one process alone.
pub fn own_budget(calls_per_hour: u32) -> Budget {
    let burst = BURST.min(calls_per_hour / 4).max(1);
    match calls_per_hour {
        0 => Budget::unlimited(),
        _ => Budget::paced(calls_per_hour.saturating_sub(burst).max(1), burst),
    }
}

/// The budget that all workers of a queue share, through the queue.
pub fn fleet_budget(queue: &Queue, calls_per_hour: u32, window: Duration) -> Budget {
    if calls_per_hour == 0 {
        return Budget::unlimited();
    }
    let queue = queue.clone();
    let pace = Pace {
        calls_per_hour,
        window,
    };
    Budget::shared(move || {
        let queue = queue.clone();
        async move { queue.permit(&pace).await }.boxed()
    })
}
