//! What is still to be done: SQS, or a SQLite file for one machine.
//!
//! A [`Queue`] holds opaque texts; what they mean is the caller's. A message that is received is
//! hidden from everyone else for a while: that hold is a [`Lease`], which renews itself until it
//! is settled or dropped. Whoever dies lets go, and the message is handed out again.
//!
//! Beside the messages a queue keeps those that failed, what each `populate` noted, and the
//! budget of calls that all the workers of the queue share.

mod account;
mod error;
mod lease;
mod location;
mod machine;
mod notes;
mod pacer;
mod sqlite;
mod sqs;

#[cfg(test)]
pub(crate) mod contract;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;

pub use account::BoundAccount;
pub use error::Error;
pub use lease::Lease;
pub use machine::MachineBudget;
pub use notes::{PopulateRun, RunHistory};
pub use pacer::Rate;

use location::Location;

/// A message handed out this often without an end goes to the failed queue by itself.
///
/// A worker that dies, is drained or loses its hold costs one of these, so that a fleet on cheap
/// machines that come and go needs several; a file that kills every worker that touches it must
/// not go round for ever. Ten leaves the first alone and stops the second within a day.
const MOST_RECEIVES: u32 = 10;

/// A shorter hold would do nothing but beat.
const SHORTEST_HOLD: Duration = Duration::from_millis(100);

/// A queue, and the failed queue beside it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Queue {
    backend: Arc<dyn Backend>,
}

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// What it says.
    pub body: String,
    /// A SQLite queue refuses a message whose `unique` it has or ever had. SQS ignores this.
    pub unique: Option<String>,
    /// How long it stays hidden at first. SQS takes at most 15 minutes: longer is cut to that.
    pub delay: Duration,
}

/// How many messages there are, by what may become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// May be received now.
    pub waiting: u64,
    /// Held by a worker.
    pub in_flight: u64,
    /// Sent with a delay that is not over.
    pub delayed: u64,
    /// In the failed queue.
    pub failed: u64,
}

/// What became of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The queue has it.
    Taken,
    /// The queue has, or ever had, one with its [`Outgoing::unique`].
    Known,
    /// The service does not take this one, whatever becomes of the others: why.
    Refused(String),
}

impl Queue {
    /// The queue at `location`, which must exist ([`Error::NotFound`]).
    pub async fn open(location: &str) -> Result<Queue, Error> {
        match Location::parse(location)? {
            Location::Sqlite(path) => Queue::over(sqlite::Sqlite::open(path).await),
            Location::Sqs(name) => {
                Queue::over(sqs::Sqs::open(crate::aws::config().await?, &name).await)
            }
        }
    }

    /// [`Queue::open`] with an AWS configuration of one's own.
    pub async fn open_with(config: &SdkConfig, location: &str) -> Result<Queue, Error> {
        match Location::parse(location)? {
            Location::Sqlite(path) => Queue::over(sqlite::Sqlite::open(path).await),
            Location::Sqs(name) => Queue::over(sqs::Sqs::open(config, &name).await),
        }
    }

    /// The queue at `location`; makes what is missing of it. Many processes may do so at once.
    pub async fn create(location: &str) -> Result<Queue, Error> {
        match Location::parse(location)? {
            Location::Sqlite(path) => Queue::over(sqlite::Sqlite::create(path).await),
            Location::Sqs(name) => {
                Queue::over(sqs::Sqs::create(crate::aws::config().await?, &name).await)
            }
        }
    }

    /// [`Queue::create`] with an AWS configuration of one's own.
    pub async fn create_with(config: &SdkConfig, location: &str) -> Result<Queue, Error> {
        match Location::parse(location)? {
            Location::Sqlite(path) => Queue::over(sqlite::Sqlite::create(path).await),
            Location::Sqs(name) => Queue::over(sqs::Sqs::create(config, &name).await),
        }
    }

    fn over(backend: Result<impl Backend, Error>) -> Result<Queue, Error> {
        Ok(Queue {
            backend: Arc::new(backend?),
        })
    }

    /// Where it is, as one would type it: `sqs://NAME` or `sqlite:PATH`.
    pub fn location(&self) -> &str {
        self.backend.location()
    }

    /// Whether only this machine can use it (SQLite).
    pub fn is_local(&self) -> bool {
        self.backend.is_local()
    }

    /// Whether [`Queue::counts`] are exact (SQLite), or lag behind by up to a minute (SQS).
    pub fn exact(&self) -> bool {
        self.backend.is_local()
    }

    /// How many messages it is best to send at a time; any number is accepted.
    pub fn batch_size(&self) -> usize {
        self.backend.batch_size()
    }

    /// Sends messages. One answer each, in order. After an error some of them may have been sent.
    pub async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        self.backend.send(batch).await
    }

    /// Takes a message and holds it for `hold` (whole seconds at least one on SQS, renewed while
    /// the [`Lease`] lives), waiting up to `wait` for one. `None`: there was none in that time.
    pub async fn receive(&self, hold: Duration, wait: Duration) -> Result<Option<Lease>, Error> {
        self.lease(Part::Main, hold, wait).await
    }

    /// Takes a message of the failed queue, if there is one. [`Lease::replace`] then sends to the
    /// queue itself.
    pub async fn receive_failed(&self, hold: Duration) -> Result<Option<Lease>, Error> {
        // SQS asks only some of its servers unless told to wait.
        self.lease(Part::Failed, hold, Duration::from_secs(1)).await
    }

    async fn lease(
        &self,
        part: Part,
        hold: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, Error> {
        let hold = hold.max(SHORTEST_HOLD);
        let delivery = self.backend.receive(part, hold, wait).await?;
        Ok(delivery.map(|delivery| Lease::start(Arc::clone(&self.backend), delivery, hold)))
    }

    /// How many messages there are.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.backend.counts().await
    }

    /// The bodies of up to `limit` failed messages, which stay where they are. On SQS
    /// one that another process is looking at meanwhile may be missed.
    pub async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        self.backend.peek_failed(limit).await
    }

    /// Whether a message that is lost sight of stays with this queue: one line for each thing
    /// that may go wrong, [`Error::Unfit`] where some would be lost. With `mend`, what is in our
    /// power is set right first.
    pub async fn check(&self, mend: bool) -> Result<Vec<String>, Error> {
        self.backend.check(mend).await
    }

    /// All that is noted with the queue. What was finished may lag; more than was finished is
    /// never told, but for a message that SQS handed out twice.
    pub async fn run_history(&self) -> Result<RunHistory, Error> {
        self.backend.run_history().await
    }

    /// What each run of `populate` noted, the oldest first.
    pub async fn runs(&self) -> Result<Vec<PopulateRun>, Error> {
        Ok(self.run_history().await?.runs)
    }

    /// RunHistory a run of `populate`, or notes it anew if the queue knows its id. On SQS the oldest
    /// runs of one store are added together when there are many, and a note may take a minute to
    /// be seen by others.
    pub async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        self.backend.save_run(run).await
    }

    /// The account that the queue is bound to; `None` until its first worker.
    pub async fn account(&self) -> Result<Option<BoundAccount>, Error> {
        Ok(self.run_history().await?.account)
    }

    /// Binds the queue to an account, unless it is bound to one. Returns the account that it is
    /// bound to from now on: of several that bind at once, all get the same.
    pub async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        self.backend.bind_account(account).await
    }

    /// Waits until this worker may make some calls, and returns how many: they count against the
    /// budget of the whole fleet, made or not. In any tenth of the window the fleet is granted at
    /// most 1.1 times its share, in any whole window at most about 1 % over.
    ///
    /// Workers that ask for different paces: the last to start decides for all. Dropping the
    /// future may lose one grant. A rate of 0 calls is no limit: it answers `u32::MAX` at once.
    pub async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        if rate.calls == 0 {
            return Ok(u32::MAX);
        }
        self.backend.permit(rate).await
    }

    /// The rate that the last worker to start set, if one did.
    pub async fn rate(&self) -> Result<Option<Rate>, Error> {
        self.backend.rate().await
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.location()).finish()
    }
}

/// Which of its two queues a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// What is to be done.
    Main,
    /// What failed for good.
    Failed,
}

/// The right to settle a message, from one handing out until the next.
#[derive(Clone, Debug)]
struct Receipt {
    part: Part,
    /// The message's own name: the same each time that it is handed out.
    id: String,
    /// Differs each time that it is handed out, and with some services each time it is extended.
    handle: String,
}

/// A message as it was handed out.
struct Delivery {
    receipt: Receipt,
    body: String,
    /// How often it was handed out, this time included.
    received: u32,
    /// When it was sent: milliseconds since 1970.
    sent_at: Option<i64>,
    /// When it was handed out for the first time: milliseconds since 1970, where the queue tells.
    first_received_at: Option<i64>,
}

/// What becomes of a message that is held.
enum End {
    /// It never comes back.
    Delete,
    /// It is done: it never comes back, and is counted as finished for the run that sent it.
    Finish {
        run: String,
        /// Whether it was handed out before.
        again: bool,
    },
    /// It may be received again at once.
    Release,
    /// Another takes its place, in `to`.
    Send {
        to: Part,
        body: String,
        delay: Duration,
    },
}

/// A service, or a file, that can be a queue. For those who write one; no method has a default,
/// so that none can be forgotten.
#[async_trait]
trait Backend: Send + Sync + 'static {
    fn location(&self) -> &str;
    fn is_local(&self) -> bool;
    fn batch_size(&self) -> usize;
    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error>;
    async fn receive(
        &self,
        part: Part,
        hold: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error>;
    /// Holds the message for `hold` from now, and returns the receipt that counts from then on.
    /// [`Error::LeaseLost`] when the receipt is not good any more.
    async fn extend(&self, receipt: &Receipt, hold: Duration) -> Result<Receipt, Error>;
    /// Where an end sends something, that is sent before the message is deleted: a crash between
    /// the two makes a copy, never a loss.
    async fn settle(&self, receipt: &Receipt, end: End) -> Result<(), Error>;
    async fn counts(&self) -> Result<Counts, Error>;
    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error>;
    async fn check(&self, mend: bool) -> Result<Vec<String>, Error>;
    async fn run_history(&self) -> Result<RunHistory, Error>;
    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error>;
    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error>;
    /// Never asked for a rate of 0 calls.
    async fn permit(&self, rate: &Rate) -> Result<u32, Error>;
    async fn rate(&self) -> Result<Option<Rate>, Error>;
}
