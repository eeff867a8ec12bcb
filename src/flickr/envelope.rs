//! The envelope of Flickr's answers, JSON or XML: `stat="ok"` with what was asked for, or
//! `stat="fail"` with a code and a message.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{Error, lenient};

/// An answer that says `stat="ok"`.
pub(super) enum Envelope {
    /// What REST methods answer.
    Json(Value),
    /// What uploads answer.
    Xml { photo_id: Option<String> },
}

/// An answer that says `stat="fail"`.
pub(super) struct Failure {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) duplicate: DuplicateOf,
    pub(super) wait: Option<Duration>,
}

/// The photo that an upload is a duplicate of.
#[derive(Default)]
pub(super) struct DuplicateOf {
    photo_id: Option<String>,
    status: Option<String>,
}

impl DuplicateOf {
    /// Flickr remembers the bytes of a photo for good: one that was deleted stays a duplicate.
    pub(super) fn error(self) -> Error {
        let is_deleted = |status: String| status.eq_ignore_ascii_case("deleted");
        Error::Duplicate {
            photo_id: self.photo_id,
            deleted: self.status.is_some_and(is_deleted),
        }
    }
}

/// The envelope in `text`, JSON or XML; `None` where there is none.
pub(super) fn envelope(text: &str) -> Option<Result<Envelope, Failure>> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('<') {
        xml_envelope(text)
    } else {
        json_envelope(text)
    }
}

fn json_envelope(text: &str) -> Option<Result<Envelope, Failure>> {
    let text = text.strip_prefix("jsonFlickrApi(").unwrap_or(text);
    // Only the first value is read: outages come with a comma after it, callbacks with a bracket.
    let value: Value = serde_json::Deserializer::from_str(text)
        .into_iter()
        .next()?
        .ok()?;
    match value.get("stat")?.as_str()? {
        "ok" => Some(Ok(Envelope::Json(value))),
        "fail" => {
            let field = |name: &str| value.get(name);
            Some(Err(Failure {
                code: field("code")
                    .and_then(lenient::as_number)
                    .unwrap_or_default(),
                message: field("message")
                    .and_then(lenient::as_text)
                    .unwrap_or_default(),
                duplicate: DuplicateOf {
                    photo_id: field("duplicate_photo_id").and_then(lenient::as_text),
                    status: field("duplicate_photo_status").and_then(lenient::as_text),
                },
                wait: field("non_pro_desktop_upload_wait_time")
                    .and_then(lenient::as_number)
                    .and_then(wait),
            }))
        }
        _ => None,
    }
}

fn xml_envelope(text: &str) -> Option<Result<Envelope, Failure>> {
    let rsp: Rsp = quick_xml::de::from_str(text).ok()?;
    match (rsp.stat.as_str(), rsp.err) {
        ("ok", _) => Some(Ok(Envelope::Xml {
            photo_id: rsp.photo_id.and_then(Text::content),
        })),
        ("fail", Some(err)) => Some(Err(Failure {
            code: err.code.trim().parse().unwrap_or_default(),
            message: err.msg,
            duplicate: DuplicateOf {
                photo_id: rsp
                    .duplicate_photo_id
                    .and_then(Text::content)
                    .or(err.duplicate_photo_id),
                status: rsp
                    .duplicate_photo_status
                    .and_then(Text::content)
                    .or(err.duplicate_photo_status),
            },
            wait: rsp
                .wait
                .and_then(Text::content)
                .and_then(|seconds| wait(seconds.parse().ok()?)),
        })),
        _ => None,
    }
}

fn wait(seconds: i64) -> Option<Duration> {
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// `<rsp>`, with what its kinds hold.
#[derive(Deserialize)]
struct Rsp {
    #[serde(rename = "@stat")]
    stat: String,
    err: Option<Complaint>,
    #[serde(rename = "photoid")]
    photo_id: Option<Text>,
    duplicate_photo_id: Option<Text>,
    duplicate_photo_status: Option<Text>,
    #[serde(rename = "non_pro_desktop_upload_wait_time")]
    wait: Option<Text>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "@code")]
    code: String,
    #[serde(rename = "@msg", default)]
    msg: String,
    // Elsewhere Flickr writes as attributes what it documents as elements.
    #[serde(rename = "@duplicate_photo_id")]
    duplicate_photo_id: Option<String>,
    #[serde(rename = "@duplicate_photo_status")]
    duplicate_photo_status: Option<String>,
}

/// An element's text, whatever attributes it has.
#[derive(Deserialize)]
struct Text {
    #[serde(rename = "$text", default)]
    text: String,
}

impl Text {
    fn content(self) -> Option<String> {
        let text = self.text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}
