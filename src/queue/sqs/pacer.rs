//! The fleet's rate as a queue: a worker that receives a token may make the calls that it is good for.
//!
//! `NAME-calls.fifo` has a fixed number of tokens ([`TokenLayout`]). A token that is received is
//! hidden for its timeout and comes back by itself: nobody deletes it, so a worker that dies loses
//! nothing. Each token is a message group of its own, and SQS hands out one message of a group at a
//! time. So a token that was sent twice grants no more than once, and to seed is always harmless:
//! ten workers that start in one second, or one that finds the queue empty after a fortnight,
//! simply send all of them.
//!
//! A token says which rate it is of and since when. A worker that starts with another rate than
//! the queue's sends tokens of its own; a newer rate that a worker meets becomes its own, an older
//! token that it meets is replaced: new one first, then the old is deleted. The last worker to
//! start decides for all.
//!
//! Each token has its turn ([`Turn`]), so that they come evenly, also when all lie there.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use tokio::sync::Mutex;

use super::find::{Finder, Settings};
use super::layout::TokenLayout;
use super::queue::{SqsQueue, Tags, number};
use super::token::{PaceVersion, Token, TokenAction};
use super::turn::{ServerClock, Turn};
use super::{LONGEST_WAIT, RETENTION, Sqs};
use crate::clock::unix_seconds;
use crate::queue::pacer::Pacer;
use crate::queue::{Error, Rate};

/// The tag that says which rate the queue is set to: `CALLS:MILLISECONDS:SINCE`.
const TAG: &str = "s3flickr.pace";
/// The pause before a queue of tokens that was deleted is made anew.
const REMAKE: Duration = Duration::from_secs(1);
/// What a worker does when it asks for a token, for errors.
const TAKE: &str = "take calls from";

/// The rate of a queue's fleet.
pub(super) struct FleetPacer {
    name: String,
    finder: Finder,
    clock: ServerClock,
    /// What this worker takes the fleet's rate to be.
    setting: Mutex<Option<Setting>>,
}

#[derive(Clone)]
struct Setting {
    queue: SqsQueue,
    /// What this worker last asked for.
    asked: Rate,
    /// What it goes by: that, or a newer one that it met.
    version: PaceVersion,
}

/// The name of the queue of tokens of a queue.
pub(super) fn queue_name(queue: &str) -> String {
    format!("{queue}-calls.fifo")
}

#[async_trait]
impl Pacer for Sqs {
    async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        self.pacer.permit(rate).await
    }

    async fn rate(&self) -> Result<Option<Rate>, Error> {
        self.pacer.rate().await
    }

    async fn is_there(&self) -> Result<bool, Error> {
        let found = self.pacer.finder.find(&self.pacer.name).await?;
        Ok(found.is_some())
    }
}

impl FleetPacer {
    /// The rate of the fleet of the queue of this name.
    pub(super) fn new(queue: &str, finder: &Finder) -> FleetPacer {
        let clock = ServerClock::default();
        FleetPacer {
            name: queue_name(queue),
            finder: finder.with(finder.clients().with_clock(&clock)),
            clock,
            setting: Mutex::new(None),
        }
    }

    /// The queue of tokens; made, without tokens, if it is not there.
    pub(super) async fn queue(&self) -> Result<SqsQueue, Error> {
        let retention = RETENTION.as_secs().to_string();
        let settings = Settings::from([
            (QueueAttributeName::FifoQueue, "true".to_owned()),
            (QueueAttributeName::MessageRetentionPeriod, retention),
        ]);
        self.finder.find_or_create(&self.name, settings).await
    }

    /// The rate that the queue is set to; `None` where no worker asked for one yet.
    async fn rate(&self) -> Result<Option<Rate>, Error> {
        let Some(queue) = self.finder.find(&self.name).await? else {
            return Ok(None);
        };
        let version = version_in(&queue.tags().await?);
        Ok(version.map(|version| version.rate))
    }

    /// Waits for a token and returns what it is good for. Where the queue of tokens was deleted it
    /// is made anew, with all its tokens.
    async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        loop {
            match self.take_token(rate).await {
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

    async fn take_token(&self, rate: &Rate) -> Result<u32, Error> {
        loop {
            let setting = self.setting(rate).await?;
            let hidden = TokenLayout::of(&setting.version.rate).timeout_seconds;
            let hidden = Duration::from_secs(hidden.into());
            match setting.queue.receive(TAKE, hidden, LONGEST_WAIT).await? {
                Some(message) => {
                    if let Some(calls) = self.spend(&setting, &message).await? {
                        return Ok(calls);
                    }
                }
                None if setting.queue.is_empty().await? => setting.seed().await?,
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
        let queue = self.queue().await?;
        let known = version_in(&queue.tags().await?);
        let version = match known {
            Some(known) if known.rate == *rate => known,
            _ => PaceVersion {
                rate: *rate,
                since: unix_seconds().max(known.map_or(0, |known| known.since + 1)),
            },
        };
        let setting = Setting {
            queue,
            asked: *rate,
            version,
        };
        // The count lags behind: a queue that was just seeded may look empty. No harm.
        if known != Some(version) || setting.queue.is_empty().await? {
            setting.seed().await?;
        }
        if known != Some(version) {
            // After the tokens: a worker that sees the tag may count on them.
            let tag = Tags::from([(TAG.to_owned(), version.to_string())]);
            setting.queue.set_tags("set the rate of", tag).await?;
        }
        Ok(setting)
    }

    /// What a received token is good for, or `None` if it had to be replaced, or is early.
    async fn spend(&self, setting: &Setting, message: &Message) -> Result<Option<u32>, Error> {
        let token = message.body().map(serde_json::from_str::<Token>);
        let Some(Ok(token)) = token else {
            tracing::warn!(
                queue = self.name,
                "a message that is not a token was deleted"
            );
            return setting.delete(message).await.map(|()| None);
        };
        let sent = number(message, &MessageSystemAttributeName::SentTimestamp);
        let age = sent.map_or(0, |millis| unix_seconds() - millis / 1_000);
        let theirs = token.version();
        match setting.version.decide(&theirs, age) {
            TokenAction::Use => {}
            TokenAction::Adopt => self.adopt(theirs).await,
            TokenAction::Replace => {
                setting.replace(token.number, message).await?;
                return Ok(None);
            }
        }
        let layout = TokenLayout::of(&theirs.rate);
        let turn = Turn::of(token.number, &layout, self.clock.now());
        // It was hidden for the timeout of the version that was ours when it was asked for.
        if turn.hide != TokenLayout::of(&setting.version.rate).timeout_seconds {
            let hidden = Duration::from_secs(turn.hide.into());
            let handle = message.receipt_handle().unwrap_or_default();
            setting.queue.hide(TAKE, handle, hidden).await?;
        }
        Ok(turn.spend.then_some(layout.calls))
    }

    /// Goes by a newer version from now on.
    async fn adopt(&self, version: PaceVersion) {
        if let Some(setting) = &mut *self.setting.lock().await {
            setting.version = version;
        }
    }
}

/// The version of the rate that the tags of a queue of tokens tell.
fn version_in(tags: &Tags) -> Option<PaceVersion> {
    tags.get(TAG).and_then(|value| PaceVersion::parse(value))
}

impl Setting {
    /// Sends all tokens of this version.
    async fn seed(&self) -> Result<(), Error> {
        let tokens = 0..TokenLayout::of(&self.version.rate).tokens;
        let entries = tokens.map(|number| self.version.token(number, ""));
        self.queue.send(entries).await
    }

    /// Sends a token anew, if there still is one of that number, and deletes this one. Nothing is
    /// granted: the new one can be received as soon as the old one is gone.
    async fn replace(&self, number: u32, message: &Message) -> Result<(), Error> {
        if number < TokenLayout::of(&self.version.rate).tokens {
            let once = message.message_id().unwrap_or_default();
            self.queue.send([self.version.token(number, once)]).await?;
        }
        self.delete(message).await
    }

    async fn delete(&self, message: &Message) -> Result<(), Error> {
        let handle = message.receipt_handle().unwrap_or_default();
        match self.queue.delete("tidy", handle).await {
            // Slow, and someone else has it by now: then they tidy up.
            Err(Error::LeaseLost { .. }) => Ok(()),
            deleted => deleted,
        }
    }
}
