//! An S3 bucket, or a part of one, as a store. Only this folder knows `aws_sdk_s3`.

mod course;
mod failure;
mod list;
mod read;
mod spelling;

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::types::RequestPayer;
use futures_util::stream::BoxStream;
use percent_encoding::percent_decode_str;

use self::failure::failure;
use super::file_type::HEAD_BYTES;
use super::{Error, Globs, Object, Page, Read, Reading};
use crate::model::{Key, Location};

/// How long S3 may take. The SDK tries three times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a connection.
    connect: Duration,
    /// For one attempt of a read up to the headers of the answer; the body may take an hour, and
    /// the SDK itself ends one that stands still.
    headers: Duration,
    /// For one attempt of a page of a list, to its end. A large bucket on slow disks takes long.
    list: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(5),
            headers: Duration::from_secs(20),
            list: Duration::from_secs(30),
        }
    }
}

#[derive(Clone)]
pub(super) struct S3 {
    client: Client,
    location: Location,
    limits: Limits,
}

impl S3 {
    /// Opens a bucket; that it is really there shows when it is listed or read.
    pub(super) async fn open(location: &Location) -> Result<S3, Error> {
        let config = crate::aws::config().await?;
        Ok(S3::with_limits(config, location, Limits::default()))
    }

    /// Where it is.
    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn with_limits(config: &SdkConfig, location: &Location, limits: Limits) -> S3 {
        // A custom endpoint has no name for each bucket: buckets go into the path.
        let custom = crate::aws::custom_endpoint(config, crate::aws::S3).is_some();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(limits.connect)
            .operation_attempt_timeout(limits.headers)
            .build();
        let mut config = aws_sdk_s3::config::Builder::from(&for_signing(config))
            .force_path_style(custom)
            // The SDK compares nothing across a break: `Content` does, from the first byte on.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts);
        if crate::aws::is_unsigned() {
            config = config.allow_no_auth();
        }
        S3 {
            client: Client::from_conf(config.build()),
            location: location.clone(),
            limits,
        }
    }
}

#[async_trait]
impl Read for S3 {
    fn list(&self, prefix: &str, _: &Globs) -> BoxStream<'static, Result<Page, Error>> {
        list::list(self, prefix)
    }

    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        let range = (offset > 0).then(|| format!("bytes={offset}-"));
        self.get(key, range, etag).await
    }

    async fn read_head(&self, key: &Key) -> Result<Reading, Error> {
        let range = format!("bytes=0-{}", HEAD_BYTES - 1);
        self.get(key, Some(range), None).await
    }

    async fn stat(&self, key: &Key) -> Result<Object, Error> {
        self.head(key).await
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        list::names(self, folder).await
    }
}

/// The configuration, without credentials where requests are not to be signed.
fn for_signing(config: &SdkConfig) -> SdkConfig {
    let config = config.clone();
    if !crate::aws::is_unsigned() {
        return config;
    }
    let mut builder = config.into_builder();
    builder.set_credentials_provider(None);
    builder.build()
}

/// Who pays for a request: the one who makes it, where the user says so.
fn payer() -> Option<RequestPayer> {
    crate::aws::requester_pays().then_some(RequestPayer::Requester)
}

/// Whether files of a storage class must be restored before they can be read.
pub(super) fn is_archive(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// A key as S3 itself writes it into a report, like a form in HTML: a plus is a space. `None` for
/// what is no UTF-8.
pub(super) fn url_decoded(text: &str) -> Option<String> {
    let spaces = text.replace('+', " ");
    percent_decode_str(&spaces)
        .decode_utf8()
        .ok()
        .map(String::from)
}

/// A proxy that changes an answer on its way makes its ETag a weak one (`W/"..."`).
fn unquoted(etag: Option<&str>) -> String {
    let etag = etag.unwrap_or_default();
    let etag = etag.strip_prefix("W/").unwrap_or(etag);
    etag.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    /// A store whose server takes connections and never answers.
    async fn silent() -> (S3, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keys = aws_sdk_s3::config::Credentials::new("k", "s", None, None, "tests");
        let config = crate::aws::defaults()
            .endpoint_url(format!("http://{address}"))
            .region("us-east-1")
            .credentials_provider(keys)
            .load()
            .await;
        let short = Duration::from_millis(50);
        let limits = Limits {
            connect: short,
            headers: short,
            list: short,
        };
        let store = S3::with_limits(&config, &Location::s3("b", ""), limits);
        (store, listener)
    }

    #[tokio::test]
    async fn an_answer_that_never_comes_is_given_up() {
        let (store, _listener) = silent().await;
        let key = Key::new("a.jpg").unwrap();
        let read = store.read(&key, 0, None).await.map(|_| ()).unwrap_err();
        assert!(matches!(read, Error::Unavailable { .. }), "{read}");
        let listed: Vec<_> = store.list("", &Globs::default()).collect().await;
        assert!(matches!(&listed[..], [Err(Error::Unavailable { .. })]));
    }

    #[test]
    fn a_reported_key_is_decoded_as_s3_encodes_it() {
        assert_eq!(url_decoded("a+b%2Bc%2520/%C3%A9").unwrap(), "a b+c%20/é");
        assert_eq!(url_decoded("%FF"), None);
    }
}
