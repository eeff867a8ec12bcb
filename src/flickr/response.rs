//! What Flickr answers, in whatever form it comes, and what that means.
//!
//! Failures come over four channels: an envelope with `stat="fail"` (HTTP 200, JSON or XML, whichever was asked for),
//! OAuth's `oauth_problem=...` (HTTP 401 or 400, plain text), HTTP 429, and HTML with a 5xx. The content type tells nothing.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use super::Error;
use super::envelope::{DuplicateOf, Envelope, Failure, envelope};

/// The longest answer that is read. A page of 500 photos with all that is asked of them has less
/// than 1 MiB; what does not end would fill the memory.
const MOST_BYTES: usize = 32 << 20;

/// An answer, read to its end.
pub(super) struct RawResponse {
    status: u16,
    pub(super) date: Option<String>,
    retry_after: Option<Duration>,
    pub(super) body: Bytes,
    /// There was more than [`MOST_BYTES`], which nobody read.
    too_long: bool,
}

/// What an answer means.
pub(super) enum Reply {
    /// It was done.
    Done(Envelope),
    /// It was not done, and Flickr says why.
    Failed(Error),
    /// It may have been done: an outage, or an answer that cannot be read.
    Unclear(String),
}

impl RawResponse {
    /// Reads an answer to its end. Where that fails, the status alone must do, if it tells enough.
    pub(super) async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let mut answer = Self {
            status: status.as_u16(),
            date: header(response.headers(), DATE),
            retry_after: header(response.headers(), RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            body: Bytes::new(),
            too_long: false,
        };
        match answer.read_body(response).await {
            Err(error) if status.is_success() => Err(error),
            _ => Ok(answer),
        }
    }

    async fn read_body(&mut self, mut response: reqwest::Response) -> Result<(), reqwest::Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                self.too_long = true;
                return Ok(());
            }
            body.extend_from_slice(&chunk);
        }
        self.body = body.freeze();
        Ok(())
    }

    /// What it means as the answer to `doing`, a REST method or an upload.
    pub(super) fn reply(&self, doing: &str, is_upload: bool) -> Reply {
        if self.status == 429 {
            return Reply::Failed(Error::Throttled {
                wait: self.retry_after,
                may_be_done: false,
            });
        }
        let text = String::from_utf8_lossy(&self.body);
        // Nowhere but at the start: a title may say anything.
        if text.starts_with("oauth_problem=") {
            return oauth_problem(doing, self.status, &text, is_upload);
        }
        match envelope(&text) {
            Some(Err(failure)) => return failure.reply(doing, is_upload),
            Some(Ok(envelope)) if (200..300).contains(&self.status) => {
                return Reply::Done(envelope);
            }
            _ => {}
        }
        match self.status {
            200..300 if self.too_long => {
                Reply::Unclear(format!("an answer of more than {} MiB", MOST_BYTES >> 20))
            }
            200..300 if self.body.is_empty() => Reply::Unclear("an empty answer".into()),
            200..300 => Reply::Unclear("an answer that cannot be read".into()),
            // What a proxy in front of the upload servers says instead of code 8.
            413 if is_upload => Reply::Failed(Error::Refused {
                code: 413,
                message: "the file is too large".into(),
            }),
            403 => Reply::Failed(Error::Blocked {
                doing: doing.into(),
            }),
            408 | 500.. => Reply::Unclear(format!("HTTP {}", self.status)),
            // Something between us and Flickr said that, after or before it passed the photo on.
            status if is_upload => Reply::Unclear(format!("HTTP {status}")),
            status => Reply::Failed(Error::Unexpected {
                doing: doing.into(),
                code: status.into(),
                message: format!("HTTP {status}"),
            }),
        }
    }
}

impl RawResponse {
    /// A refusal of a change that must not be made twice. Flickr has answered an outage (code 0, 10, 105, 201),
    /// or that it saw the nonce before, to changes that it made: those are unclear. HTTP 429 comes from in
    /// front of Flickr, so nothing was done.
    pub(super) fn as_ambiguous(&self, doing: &str, error: Error) -> Error {
        match error {
            Error::Throttled { .. } if self.status == 429 => error,
            Error::Throttled { .. } => Error::ambiguous(doing, "Flickr asked for fewer calls"),
            Error::Unavailable { why, .. } => Error::ambiguous(doing, why),
            Error::Unexpected {
                code: 0 | 201,
                message,
                ..
            } => Error::ambiguous(doing, message),
            error => error,
        }
    }
}

impl Failure {
    /// The common codes (every method's page lists them), then those of uploads or of REST methods.
    fn reply(self, doing: &str, is_upload: bool) -> Reply {
        let message = self.message;
        let code = self.code;
        // Outages have come as 0, 10 and 201; only the words are the same.
        if message.contains("not currently available") {
            return if is_upload {
                Reply::Unclear(message)
            } else {
                Reply::Failed(Error::unavailable(doing, message))
            };
        }
        if message.contains("temporarily disabled") {
            return Reply::Failed(Error::unavailable(doing, message));
        }
        Reply::Failed(match code {
            96 | 97 => Error::Signature,
            98 => Error::TokenRevoked { message },
            99 => Error::Rights { message },
            100 => Error::KeyDisabled { message },
            105 => Error::Throttled {
                wait: None,
                may_be_done: is_upload,
            },
            // "Write operation failed": it was begun, so look before doing it again.
            106 => return Reply::Unclear(message),
            _ if is_upload => return upload_failure(code, message, self.duplicate, self.wait),
            _ if code < 77 && is_not_found(&message) => Error::NotFound {
                doing: doing.into(),
                message,
            },
            _ => Error::Unexpected {
                doing: doing.into(),
                code,
                message,
            },
        })
    }
}

/// The codes of <https://www.flickr.com/services/api/upload.api.html>, and some that only showed.
///
/// Those that judge the file, the account or the call are believed. All others, unknown ones among
/// them, may be about what Flickr does with a photo that it has.
fn upload_failure(
    code: i64,
    message: String,
    duplicate: DuplicateOf,
    wait: Option<Duration>,
) -> Reply {
    Reply::Failed(match code {
        6 => Error::AccountFull { message },
        9 => duplicate.error(),
        14 => Error::Throttled {
            wait,
            may_be_done: false,
        },
        15 => Error::NotSafe,
        // 7, the limit on videos, does not stop photos. 93 is "POST size too large", 118 "Invalid argument".
        2 | 4 | 5 | 7 | 8 | 10..=13 | 93 | 95 | 112 | 115 | 116 | 118 => {
            Error::Refused { code, message }
        }
        // 3, "General upload failure", is a bad moment or a bad file; the caller's limit of attempts tells.
        _ => return Reply::Unclear(format!("{message} (code {code})")),
    })
}

/// "Photo not found", "Photo \"1\" not found (invalid ID)", "Invalid primary photo id (1)": the code differs by method.
fn is_not_found(message: &str) -> bool {
    message.contains("not found") || message.contains("Invalid primary photo id")
}

/// The words of the OAuth problem reporting extension that Flickr uses, with HTTP 401 or 400.
fn oauth_problem(doing: &str, status: u16, text: &str, is_upload: bool) -> Reply {
    let mut message = form_value(text, "oauth_problem").unwrap_or_default();
    if let Some(absent) = form_value(text, "oauth_parameters_absent") {
        message.push_str(": ");
        message.push_str(&absent);
    }
    Reply::Failed(match message.as_str() {
        "signature_invalid" => Error::Signature,
        "token_rejected" | "token_revoked" | "token_expired" | "token_used" => {
            Error::TokenRevoked { message }
        }
        "consumer_key_unknown" | "consumer_key_rejected" | "consumer_key_refused" => {
            Error::KeyDisabled { message }
        }
        "permission_denied" | "permission_unknown" => Error::Rights { message },
        "timestamp_refused" => Error::ClockSkew,
        // Each request has a nonce of its own: so this one came twice, and the first may have been taken.
        "nonce_used" if is_upload => return Reply::Unclear(message),
        // The next attempt has a new nonce.
        "nonce_used" => Error::unavailable(doing, message),
        _ => Error::Unexpected {
            doing: doing.into(),
            code: status.into(),
            message,
        },
    })
}

/// A form field of a plain text such as `oauth_token=a&oauth_token_secret=b`, decoded.
pub(super) fn form_value(text: &str, name: &str) -> Option<String> {
    text.trim().split('&').find_map(|pair| {
        let value = pair
            .strip_prefix(name)?
            .strip_prefix('=')?
            .replace('+', " ");
        percent_encoding::percent_decode_str(&value)
            .decode_utf8()
            .ok()
            .map(Into::into)
    })
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(Into::into)
}

#[cfg(test)]
mod tests;
