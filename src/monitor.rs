//! [`Monitor`]: what is said while an operation runs.
//!
//! Operations report events by name; a progress bar, log lines or a test's list come of them.
//! Nothing of an operation depends on what a monitor does.

use std::fmt;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde::{Serialize, Serializer};

use crate::model::Key;
use crate::model::flickr::accepts::Skip;
use crate::model::outage::Service;
use crate::model::outcome::FailureClass;

/// Something that happened. Serialized, it is a flat object whose `event` is its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A page of the source's listing arrived.
    Listed {
        /// How many files are on it.
        files: usize,
    },
    /// A file was passed over.
    Skipped {
        /// Its path in the source.
        path: String,
        /// Why.
        reason: Skip,
    },
    /// A file would be queued, were this no dry run.
    WouldQueue {
        /// The file.
        key: Key,
        /// Its size in bytes.
        size: u64,
    },
    /// Something in the source could not be read. There may be photos in it.
    CannotRead {
        /// Its path in the source.
        path: String,
        /// Why.
        reason: String,
    },
    /// Jobs were put on the queue.
    Queued {
        /// How many.
        jobs: usize,
        /// The bytes of their files together.
        bytes: u64,
    },
    /// A worker looked at the account, and the user should know this.
    Account {
        /// One line for a person.
        message: String,
    },
    /// The transfer of a file began.
    Started {
        /// Which file.
        key: Key,
        /// Its size.
        bytes: u64,
    },
    /// A file is on Flickr.
    Uploaded {
        /// Which file.
        key: Key,
        /// The id of its photo.
        photo: String,
        /// Its size.
        bytes: u64,
    },
    /// A file was on Flickr already.
    AlreadyThere {
        /// Which file.
        key: Key,
        /// The id of its photo.
        photo: String,
    },
    /// An attempt failed, and the job is on the queue again.
    Requeued {
        /// Which file.
        key: Key,
        /// Why the attempt failed.
        reason: String,
        /// How many attempts are left.
        retries: u32,
    },
    /// A job ended on the failed queue.
    Failed {
        /// Which file.
        key: Key,
        /// What kind of failure it was.
        class: FailureClass,
        /// Why the last attempt failed.
        reason: String,
    },
    /// A message that is no job was moved to the failed queue.
    UnreadableMessage {
        /// Why it cannot be read.
        reason: String,
    },
    /// A job went back to the queue, with as many attempts left as before.
    Released {
        /// Which file.
        key: Key,
    },
    /// Flickr asked for fewer calls; the pace was lowered.
    Throttled,
    /// What holds the lanes up is another thing now.
    Limited {
        /// What it is.
        limit: Limit,
    },
    /// For seconds no lane has had a photo in hand, or one has again: then `wait` is `None`.
    /// An outage is told by [`Event::Outage`].
    Stalled {
        /// What all lanes wait for.
        wait: Option<Wait>,
    },
    /// The number of lanes changed.
    Lanes {
        /// How many there are now.
        lanes: usize,
    },
    /// A service fails for every photo, or the queue does not answer: the lanes wait.
    Outage {
        /// The service.
        service: Service,
        /// What was seen last, such as `HTTP 503`.
        way: String,
        /// Since when it fails; serialized as seconds since 1970.
        #[serde(serialize_with = "unix_seconds")]
        since: SystemTime,
        /// How long until one job is tried; serialized in seconds.
        #[serde(rename = "next_try_seconds", serialize_with = "seconds")]
        next_try: Duration,
    },
    /// The outage is over: the lanes go on.
    Recovered {
        /// The service that is well again.
        service: Service,
        /// How long the outage lasted; serialized in seconds.
        #[serde(rename = "lasted_seconds", serialize_with = "seconds")]
        lasted: Duration,
    },
    /// The run is being ended.
    Stopping {
        /// Why.
        reason: String,
    },
    /// A photo is about to be deleted: a later copy of a file.
    Deleting {
        /// Which file.
        key: Key,
        /// The id of the photo.
        photo: String,
    },
    /// A page of the account's photos was read, to find out what the albums lack.
    Reading {
        /// How many photos were read so far.
        photos: u64,
        /// How many there are, where Flickr says so.
        total: Option<u64>,
    },
    /// It is known how many steps an operation on the albums takes.
    Planned {
        /// How many. A step reads or changes one album, or those of one title.
        steps: usize,
    },
    /// A step of an operation on the albums is done, with or without a change.
    StepDone {
        /// Which step it is, from 1.
        number: usize,
        /// How many there are.
        total: usize,
    },
    /// A set was not made or not changed.
    SetRefused {
        /// Its title.
        title: String,
        /// Why.
        reason: String,
    },
    /// Something takes long.
    Waiting {
        /// What is waited for, in one line for a person.
        reason: String,
    },
    /// An edit of a plan was carried out.
    Edited {
        /// The edit, in one line for a person.
        edit: String,
        /// Which step it was, from 1.
        number: usize,
        /// How many steps there are.
        total: usize,
    },
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn some_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds(&time.unwrap_or_default(), serializer)
}

fn unix_seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    seconds(&since.unwrap_or_default(), serializer)
}

/// What a worker waits for most: lifting any other limit would not make it faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The right to make a call to Flickr: the budget, or Flickr's own "too many".
    Calls,
    /// The answers of the store and of Flickr; more lanes may help.
    Latency,
    /// The bytes a second: `--bwlimit`, or all that more lanes could not speed up.
    Bandwidth,
    /// The queue has nothing to take.
    QueueEmpty,
    /// A service that fails for every photo.
    Outage,
}

/// What all lanes of a worker wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Wait {
    /// The right to make a call to Flickr.
    Call {
        /// How long until there may be one, where that is known; serialized in seconds.
        #[serde(
            rename = "next_call_seconds",
            skip_serializing_if = "Option::is_none",
            serialize_with = "some_seconds"
        )]
        next_call: Option<Duration>,
    },
    /// A message: the queue shows none.
    Message,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Calls => "calls",
            Limit::Latency => "latency",
            Limit::Bandwidth => "bandwidth",
            Limit::QueueEmpty => "queue empty",
            Limit::Outage => "outage",
        })
    }
}

/// Who is told.
pub trait Monitor: Send + Sync {
    /// Something happened. Must return at once.
    fn event(&self, event: Event);
}

/// Tells nobody.
#[derive(Debug, Default)]
pub struct Silent;

impl Monitor for Silent {
    fn event(&self, _: Event) {}
}

/// Keeps what it is told, for tests and for callers that want to look afterwards.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    /// All that it was told so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().clone()
    }
}

impl Monitor for Recorder {
    fn event(&self, event: Event) {
        self.0.lock().push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_flat_object_with_its_name() -> Result<(), Box<dyn std::error::Error>> {
        let failed = Event::Failed {
            key: Key::new("a\u{1b}.jpg")?,
            class: FailureClass::Gone,
            reason: "it is not there".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&failed)?,
            r#"{"event":"failed","key":"a\u001b.jpg","class":"gone","reason":"it is not there"}"#
        );
        let next_call = Some(Duration::from_secs(24));
        let stalled = Event::Stalled {
            wait: Some(Wait::Call { next_call }),
        };
        assert_eq!(
            serde_json::to_string(&stalled)?,
            r#"{"event":"stalled","wait":{"for":"call","next_call_seconds":24.0}}"#
        );
        let outage = Event::Outage {
            service: Service::Source("s3://b/".to_owned()),
            way: "HTTP 503".to_owned(),
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(5),
            next_try: Duration::from_millis(1_500),
        };
        assert_eq!(
            serde_json::to_string(&outage)?,
            r#"{"event":"outage","service":"s3://b/","way":"HTTP 503","since":5.0,"next_try_seconds":1.5}"#
        );
        Ok(())
    }
}
