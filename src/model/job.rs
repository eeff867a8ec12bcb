//! [`Job`]: the message that stands for one photo, as versioned JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Key;
use super::failure_class::FailureClass;

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
    /// The run of `populate` that queued it, so that what is finished is counted for that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
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
    pub class: FailureClass,
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
pub struct UnreadableMessage {
    /// The message as it came.
    pub unreadable: String,
    /// Why it was put aside.
    pub failure: Failure,
}

/// The longest body that is written, in bytes. SQS took 256 KiB before it took 1 MiB, and other
/// services still do; this leaves room below.
const LONGEST: usize = 200 * 1024;
/// The longest reason of a failure, in bytes of the body.
const LONGEST_REASON: usize = 8 * 1024;

/// JSON in ASCII alone. SQS refuses the characters that XML 1.0 has no place for (U+FFFE, U+FFFF;
/// SendMessage, `MessageBody`), and other services refuse more; `\uXXXX` passes everywhere.
fn ascii_json(value: &impl Serialize) -> String {
    // Strings and numbers alone: there is nothing in a job that JSON cannot hold.
    let json = serde_json::to_string(value).unwrap_or_default();
    if is_plain(&json) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        // Characters beyond ASCII can only stand inside strings.
        push_escaped(&mut ascii, c);
    }
    ascii
}

fn is_plain(json: &str) -> bool {
    json.bytes().all(|byte| byte.is_ascii() && byte != 0x7F)
}

fn push_escaped(ascii: &mut String, c: char) {
    if c.is_ascii() && c != '\x7F' {
        return ascii.push(c);
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        ascii.push_str(&format!("\\u{unit:04x}"));
    }
}

/// The text, or as much of its beginning as is at most `longest` bytes of an ASCII body.
fn cut(text: &str, longest: usize) -> String {
    let mut bytes = 0;
    for (at, c) in text.char_indices() {
        bytes += match c {
            '"' | '\\' => 2,
            c if c.is_ascii_control() => 6,
            c if c.is_ascii() => 1,
            c => 6 * c.len_utf16(),
        };
        if bytes > longest {
            return format!("{}... (cut: {} bytes in all)", &text[..at], text.len());
        }
    }
    text.to_owned()
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
            run: None,
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

    /// The message's body: ASCII, and never longer than a queue takes. Fields that this version
    /// does not know are left out where they alone make it too long.
    pub fn write(&self) -> String {
        let body = ascii_json(self);
        if body.len() <= LONGEST || self.unknown.is_empty() {
            return body;
        }
        ascii_json(&Job {
            unknown: Map::new(),
            ..self.clone()
        })
    }

    /// The body for the failed queue.
    pub fn failed(mut self, class: FailureClass, reason: String) -> String {
        self.failure = Some(Failure {
            reason: cut(&reason, LONGEST_REASON),
            class,
        });
        self.write()
    }
}

impl UnreadableMessage {
    /// The failed queue's body for a message that cannot be read: the message is whole in it,
    /// unless it is so long that it would not fit with all that JSON escapes; then it is cut.
    pub fn write(body: &str, why: &Unreadable) -> String {
        let refuse = UnreadableMessage {
            unreadable: cut(body, LONGEST - 2 * LONGEST_REASON),
            failure: Failure {
                reason: cut(&why.to_string(), LONGEST_REASON),
                class: FailureClass::Unreadable,
            },
        };
        ascii_json(&refuse)
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
    fn a_message_is_ascii_whatever_the_key_has() {
        let key = Key::new("été/\u{FFFF}\u{FFFE}/\u{1F600}\u{7F}\u{85}\u{2028}日本.jpg").unwrap();
        let job = Job::new("s3://b/x.jpg".into(), key, 5, 1, "ab");
        let bodies = [
            job.write(),
            job.clone()
                .failed(FailureClass::Refused, "Zürich\u{FFFF}".into()),
        ];
        for body in bodies {
            assert!(is_plain(&body), "{body}");
            assert!(
                body.contains(r"\uffff\ufffe/\ud83d\ude00\u007f\u0085\u2028"),
                "{body}"
            );
            assert_eq!(Job::read(&body).unwrap().key, job.key);
        }
    }

    #[test]
    fn a_body_is_never_longer_than_a_queue_takes() {
        let quotes = "\"".repeat(1_000_000);
        let emoji = "\u{1F600}\u{0}".repeat(300_000);
        for text in [&quotes, &emoji] {
            let why = Job::read(text).unwrap_err();
            let body = UnreadableMessage::write(text, &why);
            assert!(body.len() <= LONGEST && is_plain(&body), "{}", body.len());
            let read: UnreadableMessage = serde_json::from_str(&body).unwrap();
            let kept = read.unreadable.split("... (cut: ").next().unwrap();
            assert!(text.starts_with(kept) && kept.len() > 20_000);

            let more = format!("{{\"v\":1,\"more\":{}", serde_json::json!(text));
            let job = Job::read(&DOCUMENTED.replace("{\"v\":1", &more)).unwrap();
            assert!(job.write().len() <= LONGEST);
            let failed = job.failed(FailureClass::Refused, text.clone());
            assert!(failed.len() <= LONGEST, "{}", failed.len());
            assert_eq!(Job::read(&failed).unwrap().etag, "ab");
        }
        let small = "no job, \u{7}at all";
        let why = Job::read(small).unwrap_err();
        let read: UnreadableMessage =
            serde_json::from_str(&UnreadableMessage::write(small, &why)).unwrap();
        assert_eq!(read.unreadable, small);
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
