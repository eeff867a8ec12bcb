//! The fleet's rate as a queue: who receives a token may make the calls that it is good for.
//!
//! `NAME-calls.fifo` has a fixed number of tokens ([`Shape`]). A token that is received is hidden
//! for its hold and comes back by itself: nobody deletes it, so whoever dies, nothing is lost.
//! Each token is a message group of its own, and SQS hands out one message of a group at a time.
//! So a token that was sent twice grants no more than once, and to seed is always harmless: ten
//! workers that start in one second, or one that finds the queue empty after a fortnight, simply
//! send all of them.
//!
//! A token says which rate it is of and since when. A worker that starts with another rate than
//! the queue's sends tokens of its own; a newer rate that a worker meets becomes its own, an older
//! token that it meets is replaced: new one first, then the old is deleted. The last worker to
//! start decides for all.
//!
//! Each token has its turn ([`Turn`]), so that they come evenly, also when all lie there.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use tokio::sync::Mutex;

use super::shape::Shape;
use super::token::{Terms, Token, Verdict};
use super::turn::{ServerClock, Turn};
use super::{Faults, LONGEST_WAIT, RETENTION, client, number, runs, sending};
use crate::clock::unix_seconds;
use crate::queue::{Error, Rate};

/// The tag that says which rate the queue is set to: `CALLS:WINDOW_MILLIS:SINCE`.
const TAG: &str = "s3flickr.pace";
/// The pause before a queue of tokens that was deleted is made anew.
const REMAKE: Duration = Duration::from_secs(1);

/// The rate of a queue's fleet.
pub(super) struct Calls {
    name: String,
    client: Client,
    /// Sets the clock, too.
    polling: Client,
    clock: ServerClock,
    faults: Faults,
    /// What this worker takes the fleet's rate to be.
    setting: Mutex<Option<Setting>>,
}

#[derive(Clone)]
struct Setting {
    url: String,
    /// What this worker last asked for.
    asked: Rate,
    /// What it goes by: that, or a newer one that it met.
    terms: Terms,
}

impl Calls {
    pub(super) fn new(queue: &str, client: Client, polling: Client) -> Calls {
        let name = format!("{queue}-calls.fifo");
        let clock = ServerClock::default();
        let settings = polling.config().to_builder().interceptor(clock.clone());
        Calls {
            faults: Faults::of(&name),
            name,
            client,
            polling: Client::from_conf(settings.build()),
            clock,
            setting: Mutex::new(None),
        }
    }

    /// Makes the queue, without tokens, if it is not there.
    pub(super) async fn make(&self) -> Result<String, Error> {
        let settings = vec![
            (QueueAttributeName::FifoQueue, "true".to_owned()),
            (
                QueueAttributeName::MessageRetentionPeriod,
                RETENTION.as_secs().to_string(),
            ),
        ];
        client::make(&self.client, &self.faults, &self.name, settings).await
    }

    /// The rate that the queue is set to; `None` where no worker asked for one yet.
    pub(super) async fn rate(&self) -> Result<Option<Rate>, Error> {
        let Some(url) = client::find(&self.client, &self.faults, &self.name).await? else {
            return Ok(None);
        };
        let tags = runs::tags(&self.client, &self.faults, &url).await?;
        let terms = tags.get(TAG).and_then(|value| Terms::parse(value));
        Ok(terms.map(|terms| terms.rate))
    }

    /// Waits for a token and returns what it is good for. Where the queue of tokens was deleted it
    /// is made anew, with all its tokens.
    pub(super) async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        loop {
            match self.token(rate).await {
                Err(Error::Gone { queue }) => {
                    tracing::warn!(queue, "was deleted; it is made anew");
                    *self.setting.lock().await = None;
                    // What SQS says of a queue just made or deleted lags.
                    tokio::time::sleep(REMAKE).await;
                }
                answer => return answer,
            }
        }
    }

    async fn token(&self, rate: &Rate) -> Result<u32, Error> {
        loop {
            let setting = self.setting(rate).await?;
            let hold = Shape::of(&setting.terms.rate).hold_seconds;
            let hold = Duration::from_secs(hold.into());
            let received = client::receive(&self.polling, &setting.url, hold, LONGEST_WAIT).await;
            match received.map_err(|error| self.faults.general("take calls from", error))? {
                Some(message) => {
                    if let Some(calls) = self.spend(&setting, &message).await? {
                        return Ok(calls);
                    }
                }
                None if self.is_empty(&setting.url).await? => {
                    self.seed(&setting.url, setting.terms).await?;
                }
                // Others are faster.
                None => {}
            }
        }
    }

    /// The setting to go by; made when this worker asks for the first time, or for another rate.
    async fn setting(&self, rate: &Rate) -> Result<Setting, Error> {
        let mut setting = self.setting.lock().await;
        match &*setting {
            Some(known) if known.asked == *rate => Ok(known.clone()),
            _ => {
                let news = self.announce(rate).await?;
                Ok(setting.insert(news).clone())
            }
        }
    }

    /// Sets the queue to `rate`, if it is set to another.
    async fn announce(&self, rate: &Rate) -> Result<Setting, Error> {
        let url = self.make().await?;
        let tags = runs::tags(&self.client, &self.faults, &url).await?;
        let known = tags.get(TAG).and_then(|value| Terms::parse(value));
        let terms = match known {
            Some(known) if known.rate == *rate => known,
            _ => Terms {
                rate: *rate,
                since: unix_seconds().max(known.map_or(0, |known| known.since + 1)),
            },
        };
        if known != Some(terms) || self.is_empty(&url).await? {
            self.seed(&url, terms).await?;
        }
        if known != Some(terms) {
            // After the tokens: whoever sees the tag may count on them.
            let tag = self.client.tag_queue().queue_url(&url);
            let tagged = tag.tags(TAG, terms.to_string()).send().await;
            tagged.map_err(|error| self.faults.general("set the rate of", error))?;
        }
        Ok(Setting {
            url,
            asked: *rate,
            terms,
        })
    }

    /// The count lags behind: a queue that was just seeded may look empty. No harm.
    async fn is_empty(&self, url: &str) -> Result<bool, Error> {
        let counts = client::counts(&self.client, &self.faults, url).await?;
        Ok(counts.waiting + counts.in_flight + counts.delayed == 0)
    }

    /// Sends all tokens of these terms.
    async fn seed(&self, url: &str, terms: Terms) -> Result<(), Error> {
        let tokens = 0..Shape::of(&terms.rate).tokens;
        let entries = tokens.map(|number| terms.token(number, ""));
        sending::send(&self.client, &self.faults, url, entries).await
    }

    /// What a received token is good for, or `None` if it had to be replaced, or is early.
    async fn spend(&self, setting: &Setting, message: &Message) -> Result<Option<u32>, Error> {
        let token = message.body().map(serde_json::from_str::<Token>);
        let Some(Ok(token)) = token else {
            tracing::warn!(
                queue = self.name,
                "a message that is not a token was deleted"
            );
            return self.delete(&setting.url, message).await.map(|()| None);
        };
        let sent = number(message, &MessageSystemAttributeName::SentTimestamp);
        let age = sent.map_or(0, |millis| unix_seconds() - millis / 1_000);
        let theirs = token.terms();
        match setting.terms.judge(&theirs, age) {
            Verdict::Use => {}
            Verdict::Adopt => self.adopt(theirs).await,
            Verdict::Replace => {
                self.replace(setting, token.number, message).await?;
                return Ok(None);
            }
        }
        let shape = Shape::of(&theirs.rate);
        let turn = Turn::of(token.number, &shape, self.clock.now());
        // It was hidden for the hold of the terms that were ours when it was asked for.
        if turn.hide != Shape::of(&setting.terms.rate).hold_seconds {
            self.hide(&setting.url, message, turn.hide).await?;
        }
        Ok(turn.spend.then_some(shape.calls))
    }

    /// Goes by newer terms from now on.
    async fn adopt(&self, terms: Terms) {
        if let Some(setting) = &mut *self.setting.lock().await {
            setting.terms = terms;
        }
    }

    /// Hides a token for some seconds from now.
    async fn hide(&self, url: &str, message: &Message, seconds: u32) -> Result<(), Error> {
        let hidden = self
            .client
            .change_message_visibility()
            .queue_url(url)
            .set_receipt_handle(message.receipt_handle.clone())
            // At most 43,200.
            .visibility_timeout(seconds as i32)
            .send()
            .await;
        hidden
            .map(drop)
            .map_err(|error| self.faults.held("take calls from", error))
    }

    /// Sends the token anew, if there still is one of that number, and deletes this one. Nothing
    /// is granted: the new one can be received as soon as the old one is gone.
    async fn replace(
        &self,
        setting: &Setting,
        number: u32,
        message: &Message,
    ) -> Result<(), Error> {
        if number < Shape::of(&setting.terms.rate).tokens {
            let once = message.message_id().unwrap_or_default();
            let entry = setting.terms.token(number, once);
            sending::send(&self.client, &self.faults, &setting.url, [entry]).await?;
        }
        self.delete(&setting.url, message).await
    }

    async fn delete(&self, url: &str, message: &Message) -> Result<(), Error> {
        let call = self
            .client
            .delete_message()
            .queue_url(url)
            .set_receipt_handle(message.receipt_handle.clone());
        match call
            .send()
            .await
            .map_err(|error| self.faults.held("tidy", error))
        {
            // Slow, and someone else has it by now: then they tidy up.
            Ok(_) | Err(Error::LeaseLost { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
