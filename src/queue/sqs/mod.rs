//! A queue on Amazon SQS: `NAME` for the jobs, `NAME-failed` for those that failed, and
//! `NAME-calls.fifo` for the fleet's rate.
//!
//! SQS promises each message at least once, in no order, and counts that lag behind by up to a
//! minute. A standard queue also lets a stale receipt delete in silence, so that a lost hold is
//! not always seen there: `Lease` looks at its own clock first.

mod account;
mod calls;
mod client;
mod fault;
mod finished;
mod looking;
mod runs;
mod sending;
mod setup;
mod shape;
mod tags;
mod token;
mod turn;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use tokio::time::Instant;

use super::{
    Backend, BoundAccount, Counts, Delivery, End, Error, Outgoing, Part, PopulateRun, Rate,
    Receipt, RunHistory, Sent,
};
use calls::Calls;
use fault::Faults;
use finished::Finished;
use setup::{Pair, settings};
use tags::Tags;

/// SQS keeps a message for at most 14 days, counted from its sending.
const RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
/// The hold where a receiver names none, as the SQS console does.
const HOLD: Duration = Duration::from_secs(120);
/// The longest that SQS lets a receiver wait (long polling). It is also the queue's default.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The longest total hold of a message from its handing out (12 hours).
const LONGEST_HOLD: Duration = Duration::from_secs(12 * 3600);
/// The best number of messages in a call (SendMessageBatch takes 10).
const BATCH: usize = 10;

/// A queue on SQS.
pub(super) struct Sqs {
    location: String,
    /// For calls that answer at once.
    client: Client,
    /// For calls that wait for a message, so that they never stand in the way of the others.
    polling: Client,
    main: String,
    failed: String,
    calls: Calls,
    tags: Tags,
    finished: Finished,
    faults: Faults,
    failed_faults: Faults,
    /// The name of the failed queue.
    failed_name: String,
}

impl Sqs {
    /// The queue of this name, which must exist, as must its failed queue.
    pub(super) async fn open(config: &SdkConfig, name: &str) -> Result<Sqs, Error> {
        let (client, faults) = (client::quick(config), Faults::of(name));
        let (failed_name, failed_faults) = failed(name);
        let (main, failed) = tokio::try_join!(
            client::find(&client, &faults, name),
            client::find(&client, &failed_faults, &failed_name),
        )?;
        let missing = |queue: &str| Error::NotFound {
            queue: format!("sqs://{queue}"),
            base: format!("sqs://{name}"),
        };
        let main = main.ok_or_else(|| missing(name))?;
        let failed = failed.ok_or_else(|| missing(&failed_name))?;
        Ok(Sqs::over(config, client, name, main, failed))
    }

    /// The queue of this name; what is missing of it is made. A queue that is there keeps the
    /// settings that it has; one without a redrive policy gets ours.
    pub(super) async fn create(config: &SdkConfig, name: &str) -> Result<Sqs, Error> {
        let (client, faults) = (client::quick(config), Faults::of(name));
        let (failed_name, failed_faults) = failed(name);
        let (main, failed) = tokio::try_join!(
            client::make(&client, &faults, name, settings()),
            client::make(&client, &failed_faults, &failed_name, settings()),
        )?;
        let queue = Sqs::over(config, client, name, main, failed);
        queue.check(true).await?;
        queue.calls.make().await?;
        Ok(queue)
    }

    fn over(config: &SdkConfig, client: Client, name: &str, main: String, failed: String) -> Sqs {
        let polling = client::polling(config);
        let faults = Faults::of(name);
        let tags = Tags::new(&client, name, &main);
        let (failed_name, failed_faults) = self::failed(name);
        Sqs {
            location: format!("sqs://{name}"),
            calls: Calls::new(name, client.clone(), polling.clone()),
            finished: Finished::new(&tags),
            tags,
            client,
            polling,
            main,
            failed,
            faults,
            failed_faults,
            failed_name,
        }
    }

    fn url(&self, part: Part) -> &str {
        match part {
            Part::Main => &self.main,
            Part::Failed => &self.failed,
        }
    }

    fn faults(&self, part: Part) -> &Faults {
        match part {
            Part::Main => &self.faults,
            Part::Failed => &self.failed_faults,
        }
    }

    /// Sends one message. Should someone have deleted the failed queue, it is made anew: what
    /// fails from now on has a place again.
    async fn send_one(&self, to: Part, message: &Outgoing) -> Result<(), Error> {
        let entry = || [sending::entry((0, message))];
        let (url, faults) = (self.url(to), self.faults(to));
        match sending::send(&self.client, faults, url, entry()).await {
            Err(Error::Gone { .. }) if to == Part::Failed => {
                tracing::warn!(queue = self.failed_name, "was deleted; it is made anew");
                client::make(&self.client, faults, &self.failed_name, settings()).await?;
                sending::send(&self.client, faults, url, entry()).await
            }
            sent => sent,
        }
    }

    async fn change_hold(&self, receipt: &Receipt, hold: Duration) -> Result<(), Error> {
        let call = self
            .client
            .change_message_visibility()
            .queue_url(self.url(receipt.part))
            .receipt_handle(&receipt.handle)
            .visibility_timeout(whole_seconds(hold));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self
                .faults(receipt.part)
                .held("change the hold of a message of", error)),
        }
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), Error> {
        let call = self
            .client
            .delete_message()
            .queue_url(self.url(receipt.part))
            .receipt_handle(&receipt.handle);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.faults(receipt.part).held("delete a message of", error)),
        }
    }
}

/// The name of the failed queue of a queue.
fn failed(name: &str) -> (String, Faults) {
    let name = format!("{name}-failed");
    let faults = Faults::of(&name);
    (name, faults)
}

/// SQS counts in whole seconds: a part of one is a whole one.
fn whole_seconds(time: Duration) -> i32 {
    let time = time.min(LONGEST_HOLD);
    // At most 43,200.
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)) as i32
}

/// The number in an attribute of a message.
fn number(message: &Message, name: &MessageSystemAttributeName) -> Option<i64> {
    message.attributes()?.get(name)?.parse().ok()
}

fn delivery(part: Part, message: Message) -> Delivery {
    let received = number(
        &message,
        &MessageSystemAttributeName::ApproximateReceiveCount,
    );
    let sent_at = number(&message, &MessageSystemAttributeName::SentTimestamp);
    let first_received = MessageSystemAttributeName::ApproximateFirstReceiveTimestamp;
    let first_received_at = number(&message, &first_received);
    Delivery {
        receipt: Receipt {
            part,
            id: message.message_id.unwrap_or_default(),
            handle: message.receipt_handle.unwrap_or_default(),
        },
        body: message.body.unwrap_or_default(),
        received: received.and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        sent_at,
        first_received_at,
    }
}

#[async_trait]
impl Backend for Sqs {
    fn location(&self) -> &str {
        &self.location
    }

    fn is_local(&self) -> bool {
        false
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        let entries = batch.iter().enumerate().map(sending::entry);
        let mut refused =
            sending::send_each(&self.client, &self.faults, &self.main, entries).await?;
        let sent = |number: usize| match refused.remove(&number.to_string()) {
            Some(reason) => Sent::Refused(reason),
            None => Sent::Taken,
        };
        Ok((0..batch.len()).map(sent).collect())
    }

    async fn receive(
        &self,
        part: Part,
        hold: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let url = self.url(part);
            let message = client::receive(&self.polling, url, hold, left)
                .await
                .map_err(|error| self.faults(part).general("receive from", error))?;
            if let Some(message) = message {
                return Ok(Some(delivery(part, message)));
            }
            // What is left after a poll to the end is less than the second that SQS counts in.
            if until.saturating_duration_since(Instant::now()) < Duration::from_secs(1) {
                return Ok(None);
            }
        }
    }

    async fn extend(&self, receipt: &Receipt, hold: Duration) -> Result<Receipt, Error> {
        self.change_hold(receipt, hold).await?;
        Ok(receipt.clone())
    }

    async fn settle(&self, receipt: &Receipt, end: End) -> Result<(), Error> {
        match end {
            End::Delete => self.delete(receipt).await,
            End::Finish { run, again } => {
                let delete = self.delete(receipt);
                self.finished.finish(&run, &receipt.id, again, delete).await
            }
            End::Release => self.change_hold(receipt, Duration::ZERO).await,
            End::Send { to, body, delay } => {
                let unique = None;
                let message = Outgoing {
                    body,
                    unique,
                    delay,
                };
                self.send_one(to, &message).await?;
                self.delete(receipt).await
            }
        }
    }

    async fn counts(&self) -> Result<Counts, Error> {
        let (main, failed) = tokio::join!(
            client::counts(&self.client, &self.faults, &self.main),
            client::counts(&self.client, &self.failed_faults, &self.failed),
        );
        let main = main?;
        let failed = match failed {
            // It is made anew when something fails.
            Err(Error::Gone { .. }) => Counts::default(),
            failed => failed?,
        };
        Ok(Counts {
            waiting: main.waiting,
            in_flight: main.in_flight,
            delayed: main.delayed,
            failed: failed.waiting + failed.in_flight + failed.delayed,
        })
    }

    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        let (faults, url) = (&self.failed_faults, &self.failed);
        looking::look(&self.polling, &self.client, faults, url, limit).await
    }

    async fn check(&self, mend: bool) -> Result<Vec<String>, Error> {
        let pair = Pair {
            client: &self.client,
            main: (&self.faults, &self.main),
            failed: (&self.failed_faults, &self.failed),
        };
        pair.check(mend).await
    }

    async fn run_history(&self) -> Result<RunHistory, Error> {
        self.finished.write_the_rest().await;
        let tags = self.tags.all().await?;
        Ok(RunHistory {
            runs: runs::decode(&tags),
            finished: finished::sum(&tags),
            account: account::bound(&tags),
        })
    }

    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        runs::write(&self.client, &self.faults, &self.main, run).await
    }

    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        account::bind(&self.tags, account).await
    }

    async fn rate(&self) -> Result<Option<Rate>, Error> {
        self.calls.rate().await
    }

    async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        self.calls.permit(rate).await
    }
}
