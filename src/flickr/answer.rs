//! What Flickr answers, in whatever form it comes, and what that means.
//!
//! Failures come over four channels: an envelope with `stat="fail"` (HTTP 200, JSON or XML, whichever was asked for),
//! OAuth's `oauth_problem=...` (HTTP 401 or 400, plain text), HTTP 429, and HTML with a 5xx. The content type tells nothing.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use super::{Error, loose};

/// An answer, read to its end.
pub(super) struct Answer {
    status: u16,
    pub(super) date: Option<String>,
    retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// What an answer means.
pub(super) enum Verdict {
    /// It was done.
    Done(Envelope),
    /// It was not done, and Flickr says why.
    Failed(Error),
    /// It may have been done: an outage, or an answer that cannot be read.
    Unclear(String),
}

/// An answer that says `stat="ok"`.
pub(super) enum Envelope {
    /// What REST methods answer.
    Json(Value),
    /// What uploads answer.
    Xml { photo_id: Option<String> },
}

/// An answer that says `stat="fail"`.
struct Failure {
    code: i64,
    message: String,
    duplicate_photo_id: Option<String>,
    wait: Option<Duration>,
}

impl Answer {
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
        };
        match response.bytes().await {
            Ok(body) => answer.body = body,
            Err(_) if !status.is_success() => {}
            Err(error) => return Err(error),
        }
        Ok(answer)
    }

    /// What it means as the answer to `doing`, a REST method or an upload.
    pub(super) fn verdict(&self, doing: &str, is_upload: bool) -> Verdict {
        if self.status == 429 {
            return Verdict::Failed(Error::Throttled {
                wait: self.retry_after,
            });
        }
        let text = String::from_utf8_lossy(&self.body);
        // Nowhere but at the start: a title may say anything.
        if text.starts_with("oauth_problem=") {
            let problem = form_value(&text, "oauth_problem").unwrap_or_default();
            return Verdict::Failed(oauth_problem(doing, &problem));
        }
        match envelope(&text) {
            Some(Err(failure)) => return failure.verdict(doing, is_upload),
            Some(Ok(envelope)) if (200..300).contains(&self.status) => {
                return Verdict::Done(envelope);
            }
            _ => {}
        }
        match self.status {
            200..300 if self.body.is_empty() => Verdict::Unclear("an empty answer".into()),
            200..300 => Verdict::Unclear("an answer that cannot be read".into()),
            // What a proxy in front of the upload servers says instead of code 8.
            413 if is_upload => Verdict::Failed(Error::Refused {
                code: 413,
                message: "the file is too large".into(),
            }),
            500.. => Verdict::Unclear(format!("HTTP {}", self.status)),
            status => Verdict::Failed(Error::Unexpected {
                doing: doing.into(),
                code: status.into(),
                message: format!("HTTP {status}"),
            }),
        }
    }
}

impl Failure {
    /// The common codes (every method's page lists them), then those of uploads or of REST methods.
    fn verdict(self, doing: &str, is_upload: bool) -> Verdict {
        let message = self.message;
        let code = self.code;
        // Outages have come as 0, 10 and 201; only the words are the same.
        if message.contains("not currently available") || message.contains("temporarily disabled") {
            return Verdict::Failed(Error::unavailable(doing, message));
        }
        Verdict::Failed(match code {
            96 | 97 => Error::Signature,
            98 => Error::TokenRevoked { message },
            99 => Error::Rights { message },
            100 => Error::KeyDisabled { message },
            105 => Error::Throttled { wait: None },
            // "Write operation failed": it was begun, so look before doing it again.
            106 => return Verdict::Unclear(message),
            _ if is_upload => {
                upload_failure(doing, code, message, self.duplicate_photo_id, self.wait)
            }
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

/// The codes of <https://www.flickr.com/services/api/upload.api.html>.
fn upload_failure(
    doing: &str,
    code: i64,
    message: String,
    photo_id: Option<String>,
    wait: Option<Duration>,
) -> Error {
    match code {
        // "General upload failure": a bad moment or a bad file; the caller's own limit of attempts tells.
        3 => Error::unavailable(doing, message),
        6 => Error::AccountFull { message },
        9 => Error::Duplicate { photo_id },
        14 => Error::Throttled { wait },
        15 => Error::NotSafe,
        // 7, the limit on videos, does not stop photos.
        2 | 4 | 5 | 7 | 8 | 10..=13 | 116 => Error::Refused { code, message },
        _ => Error::Unexpected {
            doing: doing.into(),
            code,
            message,
        },
    }
}

/// "Photo not found", "Photo \"1\" not found (invalid ID)", "Invalid primary photo id (1)": the code differs by method.
fn is_not_found(message: &str) -> bool {
    message.contains("not found") || message.contains("Invalid primary photo id")
}

/// The words of the OAuth problem reporting extension that Flickr uses.
fn oauth_problem(doing: &str, problem: &str) -> Error {
    let message = problem.to_owned();
    match problem {
        "signature_invalid" => Error::Signature,
        "token_rejected" | "token_revoked" | "token_expired" | "token_used" => {
            Error::TokenRevoked { message }
        }
        "consumer_key_unknown" | "consumer_key_rejected" | "consumer_key_refused" => {
            Error::KeyDisabled { message }
        }
        "permission_denied" | "permission_unknown" => Error::Rights { message },
        "timestamp_refused" => Error::ClockSkew,
        // The next attempt has a new nonce.
        "nonce_used" => Error::unavailable(doing, message),
        _ => Error::Unexpected {
            doing: doing.into(),
            code: 401,
            message,
        },
    }
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

/// The envelope in `text`, JSON or XML; `None` where there is none.
fn envelope(text: &str) -> Option<Result<Envelope, Failure>> {
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
                code: field("code").and_then(loose::as_number).unwrap_or_default(),
                message: field("message")
                    .and_then(loose::as_text)
                    .unwrap_or_default(),
                duplicate_photo_id: field("duplicate_photo_id").and_then(loose::as_text),
                wait: field("non_pro_desktop_upload_wait_time")
                    .and_then(loose::as_number)
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
            duplicate_photo_id: rsp.duplicate_photo_id.and_then(Text::content),
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
    #[serde(rename = "non_pro_desktop_upload_wait_time")]
    wait: Option<Text>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "@code")]
    code: String,
    #[serde(rename = "@msg", default)]
    msg: String,
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

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            date: None,
            retry_after: None,
            body: body.to_owned().into(),
        }
    }

    fn failed(status: u16, body: &str, is_upload: bool) -> Error {
        match answer(status, body).verdict("the call", is_upload) {
            Verdict::Failed(error) => error,
            Verdict::Done(_) => panic!("done: {body}"),
            Verdict::Unclear(why) => panic!("unclear: {why}"),
        }
    }

    /// The name of the variant.
    fn kind(error: &Error) -> String {
        let debug = format!("{error:?}");
        debug.split([' ', '{']).next().unwrap().to_owned()
    }

    #[test]
    fn oauth_problems_are_told_apart() {
        for (status, body, expected) in [
            (
                401,
                "oauth_problem=signature_invalid&debug_sbs=GET&https%3A%2F%2Fapi&oauth_token%3D1",
                "Signature",
            ),
            (401, "oauth_problem=consumer_key_unknown", "KeyDisabled"),
            (401, "oauth_problem=token_rejected", "TokenRevoked"),
            (401, "oauth_problem=timestamp_refused", "ClockSkew"),
            (401, "oauth_problem=nonce_used\n", "Unavailable"),
            (
                400,
                "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_token",
                "Unexpected",
            ),
            (
                429,
                "<html><body><h1>429 Too Many Requests</h1>\n</body></html>\n",
                "Throttled",
            ),
        ] {
            assert_eq!(kind(&failed(status, body, false)), expected, "{body}");
        }
    }

    #[test]
    fn the_common_codes_come_as_json_or_xml_to_any_call() {
        for (code, message, expected) in [
            (
                0,
                "Sorry, the Flickr API service is not currently available.",
                "Unavailable",
            ),
            (
                201,
                "Sorry, the Flickr API service is not currently available.",
                "Unavailable",
            ),
            (
                10,
                "Sorry, the Flickr search API is not currently available.",
                "Unavailable",
            ),
            (96, "Invalid signature", "Signature"),
            (98, "Invalid auth token", "TokenRevoked"),
            (
                99,
                "Insufficient permissions. Method requires write privileges; read granted.",
                "Rights",
            ),
            (100, "Invalid API Key (Key has expired)", "KeyDisabled"),
            (105, "Service currently unavailable", "Throttled"),
        ] {
            let xml = format!(
                r#"<?xml version="1.0" encoding="utf-8" ?><rsp stat="fail"><err code="{code}" msg="{message}" /></rsp>"#
            );
            let json = format!(r#"{{"stat":"fail","code":{code},"message":"{message}"}}"#);
            // The comma was seen in an outage.
            for body in [
                &xml,
                &json,
                &format!("{json},"),
                &format!("jsonFlickrApi({json})"),
            ] {
                for is_upload in [false, true] {
                    assert_eq!(kind(&failed(200, body, is_upload)), expected, "{body}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_told_by_the_words() {
        for message in [
            r#"Photo \"1\" not found (invalid ID)"#,
            "Photoset not found",
            "Invalid primary photo id (13774050564)",
        ] {
            let body = format!(r#"{{"stat":"fail","code":2,"message":"{message}"}}"#);
            assert_eq!(kind(&failed(200, &body, false)), "NotFound");
        }
        let method = r#"{"stat":"fail","code":112,"message":"Method \"x\" not found"}"#;
        assert_eq!(kind(&failed(200, method, false)), "Unexpected");
    }

    #[test]
    fn the_codes_of_uploads_are_told_apart() {
        for (code, expected) in [
            (2, "Refused"),
            (3, "Unavailable"),
            (4, "Refused"),
            (5, "Refused"),
            (6, "AccountFull"),
            (7, "Refused"),
            (8, "Refused"),
            (15, "NotSafe"),
            (116, "Refused"),
            (95, "Unexpected"),
        ] {
            let body =
                format!(r#"<rsp stat="fail"><err code="{code}" msg="a &quot;word&quot;" /></rsp>"#);
            assert_eq!(kind(&failed(200, &body, true)), expected, "{code}");
        }
        let duplicate = r#"<rsp stat="fail"><err code="9" msg="Duplicate photo/video detected"/>
            <duplicate_photo_id>10100736393</duplicate_photo_id><duplicate_photo_status>0</duplicate_photo_status></rsp>"#;
        assert!(
            matches!(failed(200, duplicate, true), Error::Duplicate { photo_id: Some(id) } if id == "10100736393")
        );
        let unnamed = r#"<rsp stat="fail"><err code="9" msg="Duplicate"/></rsp>"#;
        assert!(matches!(
            failed(200, unnamed, true),
            Error::Duplicate { photo_id: None }
        ));
        let busy = r#"<rsp stat="fail"><err code="14" msg="Server at capacity"/>
            <non_pro_desktop_upload_wait_time>42</non_pro_desktop_upload_wait_time></rsp>"#;
        assert!(
            matches!(failed(200, busy, true), Error::Throttled { wait: Some(wait) } if wait.as_secs() == 42)
        );
        assert_eq!(kind(&failed(413, "<html>", true)), "Refused");
    }

    #[test]
    fn outages_and_nonsense_are_unclear() {
        for (status, body) in [
            (502, "<html><body>Bad gateway</body></html>"),
            (500, ""),
            (200, ""),
            (200, "<html><body>hello</body></html>"),
            (200, r#"{"photos":{"page":1"#),
            (200, r#"<rsp stat="fail"></rsp>"#),
            (
                200,
                r#"{"stat":"fail","code":106,"message":"Write operation failed"}"#,
            ),
            (500, r#"{"stat":"ok"}"#),
        ] {
            assert!(
                matches!(
                    answer(status, body).verdict("the call", true),
                    Verdict::Unclear(_)
                ),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_title_that_looks_like_an_oauth_problem_is_a_title() {
        let body = r#"{"photos":{"photo":[{"id":"1","title":"a&oauth_problem=token_rejected&b"}]},"stat":"ok"}"#;
        assert!(matches!(
            answer(200, body).verdict("the call", false),
            Verdict::Done(Envelope::Json(_))
        ));
    }

    #[test]
    fn an_upload_answers_with_a_photo_id_with_or_without_attributes() {
        for body in [
            "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<rsp stat=\"ok\">\n<photoid>10100736393</photoid>\n</rsp>\n",
            "<rsp stat=\"ok\"><photoid secret=\"4c7cf4c150\" originalsecret=\"2f77799763\">10100736393</photoid></rsp>",
        ] {
            let Verdict::Done(Envelope::Xml { photo_id }) =
                answer(200, body).verdict("the upload", true)
            else {
                panic!("{body}");
            };
            assert_eq!(photo_id.as_deref(), Some("10100736393"));
        }
    }
}
