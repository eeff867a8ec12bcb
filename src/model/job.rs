//! [`Job`]: the message that stands for one photo, as versioned JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Key;

/// The version of the message that this program writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// One photo that is still to be copied.
///
/// Fields that this version does not know are kept, so that a newer program's messages
/// pass through an older one unharmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    v: u32,
    /// Where the file is, percent-encoded. Untrusted: a worker opens only allowed stores.
    pub url: String,
    /// The path inside the store, as it is; the photo's title.
    pub key: Key,
    /// How many attempts are left; at 0 the job goes to the failed queue.
    pub retries: u32,
    /// The file's size in bytes when it was listed.
    pub size: u64,
    /// The store's mark of the file's version, without quotes.
    #[serde(default)]
    pub etag: String,
    /// How many attempts were made.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Since when (unix seconds) an upload of it may have happened: look on Flickr before
    /// uploading. Set after an ambiguous end, and by a `populate` that was run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Why it failed; only on the failed queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// Why a job is on the failed queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened at the last attempt, for a person.
    pub reason: String,
    /// What kind of failure it was, for a program.
    pub class: String,
}

/// A message that is no job of this version, and why.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or a field is missing or of the wrong type.
    #[error("the message is no job: {0}")]
    Malformed(String),
    /// It is a job of another version.
    #[error("the message is a job of version {0}; this program reads version {VERSION}")]
    Version(u64),
}

/// An unreadable message on the failed queue: whole, with the reason beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refuse {
    /// The message as it came.
    pub unreadable: String,
    /// Why it was put aside.
    pub failure: Failure,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Job {
    /// A job that was not tried yet.
    pub fn new(url: String, key: Key, retries: u32, size: u64, etag: &str) -> Job {
        Job {
            v: VERSION,
            url,
            key,
            retries,
            size,
            etag: etag.to_owned(),
            attempts: 0,
            since: None,
            failure: None,
            unknown: Map::new(),
        }
    }

    /// Reads a message's body.
    pub fn read(body: &str) -> Result<Job, Unreadable> {
        let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
        let value: Value = serde_json::from_str(body).map_err(malformed)?;
        match value.get("v").and_then(Value::as_u64) {
            Some(version) if version != u64::from(VERSION) => Err(Unreadable::Version(version)),
            _ => serde_json::from_value(value).map_err(malformed),
        }
    }

    /// The message's body.
    pub fn write(&self) -> String {
        // Strings and numbers alone: there is nothing in a job that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The body for the failed queue.
    pub fn failed(mut self, class: &str, reason: String) -> String {
        self.failure = Some(Failure {
            reason,
            class: class.to_owned(),
        });
        self.write()
    }
}

impl Refuse {
    /// The failed queue's body for a message that cannot be read.
    pub fn write(body: &str, why: &Unreadable) -> String {
        let refuse = Refuse {
            unreadable: body.to_owned(),
            failure: Failure {
                reason: why.to_string(),
                class: "unreadable".to_owned(),
            },
        };
        serde_json::to_string(&refuse).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = r#"{"v":1,"url":"s3://bucket/2012/Paris/IMG_0001.JPG","key":"2012/Paris/IMG_0001.JPG","retries":5,"size":123456,"etag":"ab"}"#;

    #[test]
    fn a_job_is_written_as_documented() {
        let key = Key::new("2012/Paris/IMG_0001.JPG").unwrap();
        let job = Job::new(
            "s3://bucket/2012/Paris/IMG_0001.JPG".into(),
            key,
            5,
            123_456,
            "ab",
        );
        assert_eq!(job.write(), DOCUMENTED);
        assert_eq!(Job::read(DOCUMENTED).unwrap(), job);
    }

    #[test]
    fn unknown_fields_pass_through() {
        let body = DOCUMENTED.replace("{\"v\":1", "{\"v\":1,\"colour\":{\"of\":[\"sky\",1]}");
        let written = Job::read(&body).unwrap().write();
        assert!(
            written.contains(r#""colour":{"of":["sky",1]}"#),
            "{written}"
        );
    }

    #[test]
    fn what_is_no_job_says_why() {
        for (body, why) in [
            ("", "no job"),
            ("{}", "missing field"),
            ("[1]", "no job"),
            (r#"{"v":2,"url":"x"}"#, "version 2"),
            (
                &DOCUMENTED.replace("/IMG_0001.JPG\",\"r", "/\",\"r"),
                "folder",
            ),
        ] {
            let error = Job::read(body).unwrap_err().to_string();
            assert!(error.contains(why), "{body}: {error}");
        }
    }
}
