//! What an error of the S3 client means: for one file, or for all.

use std::time::SystemTime;

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::aws::credentials::{not_loaded, refused};
use crate::error_chain::innermost;
use crate::store::Error;

/// The codes that name a region that is not the configured one
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, as those below).
const OTHER_REGION: &[&str] = &[
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "IncorrectEndpoint",
    "InvalidRegion",
    "PermanentRedirect",
];

/// The codes that say that a request's time is not the server's.
const OTHER_TIME: &[&str] = &["RequestExpired", "RequestTimeTooSkewed"];

/// The codes that say that the account may use nothing.
const NO_ACCOUNT: &[&str] = &[
    "AccountProblem",
    "AllAccessDisabled",
    "InvalidPayer",
    "NotSignedUp",
    "OptInRequired",
    "UserSuspended",
];

/// S3 takes a request for this long, in seconds, before and after its time.
const TOLERANCE: i64 = 900;

/// The longest text of a server that is handed on, in characters.
const LONGEST_SENTENCE: usize = 400;

/// What an SDK error means: `store` is the bucket's URL, `file` that of the object asked for.
pub(super) fn failure<E>(error: &SdkError<E>, store: String, file: Option<&str>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let what = file.map_or_else(|| store.clone(), str::to_owned);
    let answer = Answer::of(error);
    tracing::debug!(%what, status = answer.status, code = ?answer.code, "s3 request failed");
    let code = match (answer.code.as_deref(), answer.status) {
        (Some(code), _) => code,
        (None, Some(status)) if !answer.is_page() => match status {
            404 if file.is_some() => return Error::NotFound(what),
            404 => return Error::NoStore(store),
            412 | 416 => return Error::Changed(what),
            301 if answer.region.is_some() => "PermanentRedirect",
            _ => return unreached(error, what),
        },
        (None, _) => return unreached(error, what),
    };
    match code {
        "NoSuchBucket" => Error::NoStore(store),
        "NoSuchKey" => Error::NotFound(what),
        "InvalidObjectState" => Error::Archived(what),
        "PreconditionFailed" | "InvalidRange" => Error::Changed(what),
        _ => match answer.of_every_file(code, &what) {
            Some(error) => error,
            None if matches!(answer.status, Some(401 | 403)) => Error::Denied {
                what,
                detail: answer.sentence(code),
            },
            None if answer.status == Some(404) && file.is_some() => Error::NotFound(what),
            None => Error::Unavailable {
                what,
                detail: answer.sentence(code),
            },
        },
    }
}

/// What an answer that is an error says of itself.
#[derive(Debug, Default)]
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    body: String,
    /// The region that it names.
    region: Option<String>,
    /// The server's time, in seconds of the epoch.
    date: Option<i64>,
}

impl Answer {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Answer {
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let Some(response) = error.raw_response() else {
            return Answer::default();
        };
        let body = response.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let header = |name| response.headers().get(name);
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Answer {
            status: Some(response.status().as_u16()),
            code: text(meta.and_then(|meta| meta.code())),
            message: text(meta.and_then(|meta| meta.message())),
            region: text(header("x-amz-bucket-region").or_else(|| element(&body, "Region"))),
            date: header("date").and_then(seconds),
            body,
        }
    }

    /// What it means where it strikes every file, whichever is asked for.
    fn of_every_file(&self, code: &str, what: &str) -> Option<Error> {
        let what = what.to_owned();
        if let Some(detail) = refused(code) {
            let detail = format!("{detail} ({})", self.sentence(code));
            return Some(Error::Credentials { what, detail });
        }
        let detail = if OTHER_REGION.contains(&code) {
            self.region(code)
        } else if OTHER_TIME.contains(&code) {
            self.clock(code)
        } else if NO_ACCOUNT.contains(&code) {
            let sentence = self.sentence(code);
            format!("AWS lets this account use nothing: {sentence}")
        } else {
            return None;
        };
        Some(Error::Unusable { what, detail })
    }

    /// Whether it is a page for people: a proxy or a gate of the network wrote it, not S3.
    fn is_page(&self) -> bool {
        let start: String = self.body.trim_start().chars().take(200).collect();
        let start = start.to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.contains("<html")
    }

    /// What the server says in its own words, with the code.
    fn sentence(&self, code: &str) -> String {
        let message = self.message.as_deref().unwrap_or_default().trim();
        let message: String = message.chars().take(LONGEST_SENTENCE).collect();
        match message.trim_end_matches('.') {
            "" => code.to_owned(),
            message => format!("{message}: {code}"),
        }
    }

    fn region(&self, code: &str) -> String {
        let sentence = self.sentence(code);
        match &self.region {
            Some(region) => format!(
                "the bucket is in the region {region}, which is not the configured one: \
                 set AWS_REGION={region} ({sentence})"
            ),
            None => format!(
                "the bucket is in another region than the configured one: ask `aws s3api \
                 get-bucket-location`, and set AWS_REGION ({sentence})"
            ),
        }
    }

    fn clock(&self, code: &str) -> String {
        let told = element(&self.body, "ServerTime").and_then(|text| text.parse().ok());
        let told = told.map(|time: Timestamp| time.as_second());
        let now = Timestamp::try_from(SystemTime::now()).map_or(0, Timestamp::as_second);
        let error = |server: i64| now - server;
        let of_date = self.date.map(error);
        // A proxy may have set the header; then S3's own text tells the difference.
        let is_meant = |error: &i64| error.abs() >= TOLERANCE;
        let off = of_date.filter(is_meant).or(told.map(error)).or(of_date);
        let off = match off {
            Some(off) if off < 0 => format!("is {} seconds behind S3's", -off),
            Some(off) => format!("is {off} seconds ahead of S3's"),
            None => "is not S3's".to_owned(),
        };
        format!(
            "this machine's clock {off}: set it ({})",
            self.sentence(code)
        )
    }
}

/// The time of a `Date` header, in seconds of the epoch.
fn seconds(date: &str) -> Option<i64> {
    Some(rfc2822::parse(date).ok()?.timestamp().as_second())
}

/// The text of the first element of a name in an error, which has no attributes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// No answer of S3 came.
fn unreached<E>(error: &SdkError<E>, what: String) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    if let Some(detail) = not_loaded(error) {
        return Error::Credentials { what, detail };
    }
    tracing::debug!(%what, detail = %DisplayErrorContext(error), "no answer of s3");
    Error::Unavailable {
        what,
        detail: innermost(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(date: Option<i64>, body: &str) -> String {
        let body = body.to_owned();
        Answer {
            date,
            body,
            ..Answer::default()
        }
        .clock("RequestTimeTooSkewed")
    }

    #[test]
    fn the_clock_s_error_is_that_of_the_date_or_of_the_text() {
        let now = Timestamp::now();
        let second = now.as_second();
        let behind = clock(Some(second + 3600), "");
        let is_behind = |text: &str| {
            text.contains("clock is 3600 seconds behind")
                || text.contains("clock is 3599 seconds behind")
        };
        assert!(is_behind(&behind), "{behind}");
        let ahead = clock(Some(second - 7200), "");
        assert!(ahead.contains("ahead of S3's"), "{ahead}");
        let hour = jiff::SignedDuration::from_hours(1);
        let server = now.checked_add(hour).unwrap();
        let told = clock(Some(second), &format!("<ServerTime>{server}</ServerTime>"));
        assert!(is_behind(&told), "{told}");
        assert!(clock(None, "").contains("is not S3's"));
    }

    #[test]
    fn a_date_is_read_as_http_writes_it() {
        assert_eq!(seconds("Thu, 01 Jan 1970 01:00:00 GMT"), Some(3600));
        assert_eq!(seconds("yesterday"), None);
    }

    #[test]
    fn an_element_is_found_in_an_error() {
        let xml = "<Error><Code>X</Code><Region>eu-west-1</Region><A></A></Error>";
        assert_eq!(element(xml, "Region"), Some("eu-west-1"));
        assert_eq!(element(xml, "A"), None);
        assert_eq!(element("<Region>eu", "Region"), None);
    }

    #[test]
    fn a_page_is_no_answer_of_s3() {
        let is_page = |body: &str| {
            Answer {
                body: body.to_owned(),
                ..Answer::default()
            }
            .is_page()
        };
        assert!(is_page("<!DOCTYPE HTML><title>Log in</title>"));
        assert!(is_page("\n<HTML lang=en>"));
        assert!(!is_page(
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"
        ));
        assert!(!is_page(""));
    }
}
