//! From options to services: which queue, which Flickr, with whose keys.

use std::time::Duration;

use anyhow::Result;
use data_encoding::HEXLOWER;
use futures_util::FutureExt;
use s3flickr::config::{Account, ConfigFile, Folders};
use s3flickr::error_chain;
use s3flickr::flickr::{Budget, Client, Credentials, Endpoints, Timeouts};
use s3flickr::queue::{MachineBudget, Queue, Rate};
use s3flickr::stop::Stop;
use s3flickr::{config, endpoint};
use secrecy::ExposeSecret;
use sha1::{Digest, Sha1};

use crate::options::QueueArg;

/// Calls that commands without a queue may make at once on one machine: enough to read a small
/// account without a wait. With the pace that is left, no hour sees more than the whole budget.
const BURST: u32 = 40;
/// A call that was granted is kept at least this long, also where a test's hour is a minute.
const SHORTEST_LIFETIME: Duration = Duration::from_millis(500);

/// Calls an hour where nobody says otherwise: what Flickr allows a key.
pub const CALLS_PER_HOUR: u32 = 3600;

/// Opens services for this user, as their config file and the environment say.
pub struct Connector {
    config: ConfigFile,
    folders: Folders,
}

impl Connector {
    /// Nothing is opened yet.
    pub fn new(config: ConfigFile, folders: Folders) -> Connector {
        Connector { config, folders }
    }

    /// Where this user's configuration and data are.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The keys of the user's account, as far as they are set.
    pub fn account(&self) -> Result<Account> {
        let endpoint = saved_endpoint()?;
        Ok(self.config.account(endpoint.as_deref())?)
    }

    /// The config file, which `login` saves to.
    pub fn config(&mut self) -> &mut ConfigFile {
        &mut self.config
    }

    /// The queue's location: the one named, or this user's own.
    pub fn queue_location(&self, arg: &QueueArg) -> String {
        let named = arg.queue.clone();
        named.unwrap_or_else(|| self.folders.default_queue())
    }

    /// Opens the queue that is named, or this user's own.
    pub async fn queue(&self, arg: &QueueArg) -> Result<Queue> {
        Ok(Queue::open(&self.queue_location(arg)).await?)
    }

    /// Fails where the account's keys or Flickr's address are wrong; asks nobody.
    pub fn check_account(&self) -> Result<()> {
        self.flickr(Budget::unlimited()).map(drop)
    }

    /// A client of the user's account, with this budget.
    pub fn flickr(&self, budget: Budget) -> Result<Client> {
        Ok(Client::new(
            endpoints()?,
            credentials(self.account()?)?,
            budget,
            Timeouts::default(),
        )?)
    }

    /// A client whose calls come out of the budget of the fleet of the queue named, or of this
    /// machine's own.
    pub async fn client(
        &self,
        queue: Option<&str>,
        calls_per_hour: u32,
        stop: &Stop,
    ) -> Result<Client> {
        // First what may be wrong with the user's side, then the queue.
        self.check_account()?;
        let queue = match queue {
            Some(place) => Some(Queue::open(place).await?),
            None => None,
        };
        let budget = self.budget(queue.as_ref(), calls_per_hour, stop).await?;
        self.flickr(budget)
    }

    /// The budget that a command's calls come out of, until `stop` drains: the fleet's where a
    /// queue is known, else one that all processes of this machine share for the key.
    ///
    /// A fleet keeps the pace that its workers set; `calls_per_hour` is for one that has none yet.
    /// 0 means no limit.
    pub async fn budget(
        &self,
        queue: Option<&Queue>,
        calls_per_hour: u32,
        stop: &Stop,
    ) -> Result<Budget> {
        let rate = Rate::per_hour(calls_per_hour);
        let budget = match queue {
            _ if calls_per_hour == 0 => Budget::unlimited(),
            Some(queue) => fleet_budget(queue, queue.rate().await?.unwrap_or(rate)),
            None => self.machine_budget(calls_per_hour).await,
        };
        Ok(budget.until(stop.drain_token()))
    }

    /// A pace for one key, in a file of the user's data folder. Where none can be written, for
    /// this process alone.
    async fn machine_budget(&self, calls_per_hour: u32) -> Budget {
        let burst = BURST.min(calls_per_hour / 4).max(1);
        let calls_per_hour = calls_per_hour.saturating_sub(burst).max(1);
        let key = self.account().ok().and_then(|account| account.api_key);
        let key = key.unwrap_or_default();
        let key = HEXLOWER.encode(&Sha1::digest(key.as_bytes())[..8]);
        let file = self.folders.data.join(format!("calls-{key}.db"));
        let rate = Rate::per_hour(calls_per_hour);
        match MachineBudget::at(file).await {
            Ok(machine) => Budget::shared(move || {
                let machine = machine.clone();
                async move { machine.permit(&rate, burst).await }.boxed()
            }),
            Err(error) => {
                tracing::warn!(
                    "calls are counted for this process alone, not for this machine: {}",
                    error_chain::whole(&error)
                );
                Budget::paced(calls_per_hour, burst)
            }
        }
    }
}

/// The address in place of Flickr's own: `FLICKR_ENDPOINT_URL`, where it is set.
pub fn endpoint_url() -> Option<String> {
    config::variable("FLICKR_ENDPOINT_URL")
}

/// Where Flickr is: `FLICKR_ENDPOINT_URL`, or the real one.
pub fn endpoints() -> Result<Endpoints> {
    match endpoint_url() {
        Some(base) => Ok(Endpoints::under(&base)?),
        None => Ok(Endpoints::flickr()),
    }
}

/// The address that keys are saved with; none is Flickr itself.
pub fn saved_endpoint() -> Result<Option<String>> {
    endpoints()?;
    let url = endpoint_url().and_then(|base| endpoint::checked(&base).ok());
    Ok(url.map(|endpoint| endpoint.url.as_str().trim_end_matches('/').to_owned()))
}

fn credentials(account: Account) -> Result<Credentials, config::Error> {
    let missing = account.missing().unwrap_or_default();
    match account {
        Account {
            api_key: Some(api_key),
            api_secret: Some(api_secret),
            token: Some(token),
            token_secret: Some(token_secret),
            ..
        } => Ok(Credentials {
            api_key,
            api_secret,
            token: token.expose_secret().to_owned(),
            token_secret,
        }),
        account => Err(config::Error::NoAccount {
            missing,
            unused: account.unused,
        }),
    }
}

/// The budget that all workers of a queue share, through the queue.
pub fn fleet_budget(queue: &Queue, rate: Rate) -> Budget {
    if rate.calls == 0 {
        return Budget::unlimited();
    }
    let queue = queue.clone();
    let granted = Budget::shared(move || {
        let queue = queue.clone();
        async move { queue.permit(&rate).await }.boxed()
    });
    granted.lasting(rate.lead().max(SHORTEST_LIFETIME))
}
