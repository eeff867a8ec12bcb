//! What is still to be done: SQS, or a SQLite file for one machine.
//!
//! A [`Queue`] holds opaque texts; what they mean is the caller's. A message that is received is
//! hidden from everyone else for its visibility timeout: that is a [`Lease`], which renews itself
//! until it is settled or dropped. A worker that dies lets go, and the message is handed out again.
//!
//! Beside the messages a queue keeps those that failed, the runs of `populate`, and the budget of
//! calls that all the workers of the queue share. A backend is three private traits: `messages`,
//! `runs` and `pacer`; [`Location`] chooses which.

mod error;
mod lease;
mod location;
mod machine;
mod messages;
mod pacer;
mod runs;
mod sqlite;
mod sqs;
mod sqs_url;

#[cfg(test)]
pub(crate) mod contract;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use error::Error;
pub use lease::Lease;
pub use location::{Location, SqsLocation};
pub use machine::MachineBudget;
pub use pacer::Rate;
pub use runs::{BoundAccount, PopulateRun, RunHistory};

use crate::aws::Aws;
use messages::{Messages, QueueKind};
use pacer::Pacer;
use runs::Runs;

/// A message handed out this often without an end goes to the failed queue by itself.
///
/// A worker that dies, is drained or loses its lease costs one of these, so that a fleet on cheap
/// machines that come and go needs several; a file that kills every worker that touches it must
/// not go round for ever. Ten leaves the first alone and stops the second within a day.
const MOST_RECEIVES: u32 = 10;

/// A shorter visibility timeout would leave time for nothing but renewing it.
const SHORTEST_VISIBILITY_TIMEOUT: Duration = Duration::from_millis(100);

/// A queue, and the failed queue beside it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Queue {
    messages: Arc<dyn Messages>,
    runs: Arc<dyn Runs>,
    pacer: Arc<dyn Pacer>,
}

/// What to do about a queue that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// It is an error: [`Error::NotFound`].
    Fail,
    /// What is missing of it is made. Many processes may do so at once.
    Create,
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
        Queue::open_with(Aws::default(), location).await
    }

    /// [`Queue::open`] with an AWS configuration of one's own.
    pub async fn open_with(aws: impl Into<Aws>, location: &str) -> Result<Queue, Error> {
        let location = Location::parse(location)?;
        Queue::at(&location, &aws.into(), IfMissing::Fail).await
    }

    /// The queue at `location`; makes what is missing of it. Many processes may do so at once.
    pub async fn create(location: &str) -> Result<Queue, Error> {
        Queue::create_with(Aws::default(), location).await
    }

    /// [`Queue::create`] with an AWS configuration of one's own.
    pub async fn create_with(aws: impl Into<Aws>, location: &str) -> Result<Queue, Error> {
        let location = Location::parse(location)?;
        Queue::at(&location, &aws.into(), IfMissing::Create).await
    }

    /// The queue at `location`, by the backend that it names.
    pub async fn at(location: &Location, aws: &Aws, if_missing: IfMissing) -> Result<Queue, Error> {
        match location {
            Location::Sqlite(path) => {
                let sqlite = sqlite::Sqlite::open(path.clone(), if_missing).await?;
                Ok(Queue::over(Arc::new(sqlite)))
            }
            Location::Sqs(location) => {
                let config = aws.config().await?;
                let sqs = sqs::Sqs::open(config, location, if_missing).await?;
                Ok(Queue::over(Arc::new(sqs)))
            }
        }
    }

    fn over<B: Messages + Runs + Pacer>(backend: Arc<B>) -> Queue {
        Queue {
            messages: backend.clone(),
            runs: backend.clone(),
            pacer: backend,
        }
    }

    /// Where it is, as one would type it: `sqs://NAME`, the URL of a queue on SQS that is not of the
    /// region and the account at hand, or `sqlite:PATH`.
    pub fn location(&self) -> &str {
        self.messages.location()
    }

    /// Whether only this machine can use it (SQLite).
    pub fn is_local(&self) -> bool {
        self.messages.is_local()
    }

    /// Whether [`Queue::counts`] are exact (SQLite), or lag behind by up to a minute (SQS).
    pub fn exact(&self) -> bool {
        self.messages.is_local()
    }

    /// How many messages it is best to send at a time; any number is accepted.
    pub fn batch_size(&self) -> usize {
        self.messages.batch_size()
    }

    /// Sends messages. One answer each, in order. After an error some of them may have been sent.
    pub async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        self.messages.send(batch).await
    }

    /// Which of these messages the queue has or ever had, so that it would refuse them. SQS refuses
    /// none. One answer each, in order; nothing is sent.
    pub async fn known(&self, batch: &[Outgoing]) -> Result<Vec<bool>, Error> {
        self.messages.known(batch).await
    }

    /// Takes a message and hides it for `visibility_timeout` (whole seconds, at least one on SQS;
    /// renewed while the [`Lease`] lives), waiting up to `wait` for one. `None`: there was none in
    /// that time.
    pub async fn receive(
        &self,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, Error> {
        self.lease(QueueKind::Main, visibility_timeout, wait).await
    }

    /// Takes a message of the failed queue, if there is one. [`Lease::replace`] then sends to the
    /// queue itself.
    pub async fn receive_failed(
        &self,
        visibility_timeout: Duration,
    ) -> Result<Option<Lease>, Error> {
        // SQS asks only some of its servers unless told to wait.
        let wait = Duration::from_secs(1);
        self.lease(QueueKind::Failed, visibility_timeout, wait)
            .await
    }

    async fn lease(
        &self,
        queue: QueueKind,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, Error> {
        let visibility_timeout = visibility_timeout.max(SHORTEST_VISIBILITY_TIMEOUT);
        let delivery = self.messages.receive(queue, visibility_timeout, wait);
        let messages = Arc::clone(&self.messages);
        let lease = |delivery| Lease::start(messages, delivery, visibility_timeout);
        Ok(delivery.await?.map(lease))
    }

    /// How many messages there are.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.messages.counts().await
    }

    /// The bodies of up to `limit` failed messages, which stay where they are. On SQS
    /// one that another process is looking at meanwhile may be missed.
    pub async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        self.messages.peek_failed(limit).await
    }

    /// Whether a message that is lost sight of stays with this queue: one line for each thing
    /// that may go wrong, [`Error::Unfit`] where some would be lost. With `repair`, what is in our
    /// power is set right first.
    pub async fn check(&self, repair: bool) -> Result<Vec<String>, Error> {
        self.messages.check(repair).await
    }

    /// All that is kept with the queue beside its messages. What was finished may lag; more than
    /// was finished is never told, but for a message that SQS handed out twice.
    pub async fn run_history(&self) -> Result<RunHistory, Error> {
        self.runs.run_history().await
    }

    /// The runs of `populate`, the oldest first.
    pub async fn runs(&self) -> Result<Vec<PopulateRun>, Error> {
        Ok(self.run_history().await?.runs)
    }

    /// Saves a run of `populate`, in the place of the one with its id if the queue knows it. On SQS
    /// the oldest runs of one store are added together when there are many, and it may take a
    /// minute until others see it.
    pub async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        self.runs.save_run(run).await
    }

    /// The account that the queue is bound to; `None` until its first worker.
    pub async fn account(&self) -> Result<Option<BoundAccount>, Error> {
        Ok(self.run_history().await?.account)
    }

    /// Binds the queue to an account, unless it is bound to one. Returns the account that it is
    /// bound to from now on: of several that bind at once, all get the same.
    pub async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        self.runs.bind_account(account).await
    }

    /// Waits until this worker may make some calls, and returns how many: they count against the
    /// budget of the whole fleet, made or not. In any tenth of the rate's time the fleet is granted
    /// at most 1.1 times its share, in the whole of it at most about 1 % over.
    ///
    /// Workers that ask for different rates: the last to start decides for all. Dropping the
    /// future may lose one grant. A rate of 0 calls is no limit: it answers `u32::MAX` at once.
    pub async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        if rate.calls == 0 {
            return Ok(u32::MAX);
        }
        self.pacer.permit(rate).await
    }

    /// How long until [`Queue::permit`] may answer a caller that it keeps waiting, where that is
    /// known: a queue of SQS does not tell.
    pub fn next_permit(&self) -> Option<Duration> {
        self.pacer.next_permit()
    }

    /// The rate that the last worker to start set, if one did.
    pub async fn rate(&self) -> Result<Option<Rate>, Error> {
        self.pacer.rate().await
    }

    /// Whether the place of the fleet's budget is there: on SQS the queue `NAME-calls.fifo`.
    pub async fn has_call_budget(&self) -> Result<bool, Error> {
        self.pacer.is_there().await
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue").field(&self.location()).finish()
    }
}
