//! An S3 bucket, or a part of one, as a store. Only this file and its folder know `aws_sdk_s3`.

mod credentials;
mod failure;
mod read;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{self, EncodingType};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use percent_encoding::percent_decode_str;

use self::failure::failure;
use super::{Backend, Error, Object, Reading};
use crate::model::{Key, Location};

#[derive(Clone)]
pub(super) struct S3 {
    client: Client,
    location: Location,
}

impl S3 {
    pub(super) fn new(config: &SdkConfig, location: &Location) -> S3 {
        // A custom endpoint has no name for each bucket: buckets go into the path.
        let custom = config.endpoint_url().is_some()
            || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some()
            || std::env::var_os("AWS_ENDPOINT_URL").is_some();
        let config = aws_sdk_s3::config::Builder::from(config)
            .force_path_style(custom)
            // The SDK compares nothing across a break: `ops::body` does, from the first byte on.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        S3 {
            client: Client::from_conf(config),
            location: location.clone(),
        }
    }

    async fn page(&self, prefix: &str, token: Option<String>) -> Result<Page, Error> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(self.location.bucket())
            .prefix(format!("{}{prefix}", self.location.root()))
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url)
            .set_continuation_token(token)
            .send()
            .await
            .map_err(|error| failure(&error, self.location.to_string(), None))?;
        let next = answer.next_continuation_token().map(str::to_owned);
        let next = next.filter(|_| answer.is_truncated() == Some(true));
        Ok(Page {
            objects: objects(&answer, self.location.root()),
            next,
        })
    }
}

struct Page {
    objects: Vec<Object>,
    next: Option<String>,
}

enum Progress {
    From(Option<String>),
    Ended,
}

#[async_trait]
impl Backend for S3 {
    fn list(&self, prefix: &str) -> BoxStream<'static, Result<Vec<Object>, Error>> {
        let start = (self.clone(), prefix.to_owned(), Progress::From(None));
        unfold(start, async |(store, prefix, progress)| {
            let Progress::From(token) = progress else {
                return None;
            };
            match store.page(&prefix, token).await {
                Ok(Page { objects, next }) => {
                    let rest = next.map_or(Progress::Ended, |token| Progress::From(Some(token)));
                    Some((Ok(objects), (store, prefix, rest)))
                }
                Err(error) => Some((Err(error), (store, prefix, Progress::Ended))),
            }
        })
        .boxed()
    }

    async fn read(&self, key: &Key, offset: u64, etag: Option<&str>) -> Result<Reading, Error> {
        self.get(key, offset, etag).await
    }
}

fn objects(answer: &ListObjectsV2Output, root: &str) -> Vec<Object> {
    let encoded = answer.encoding_type() == Some(&EncodingType::Url);
    let path = |key: &str| {
        let key = if encoded {
            url_decoded(key)?
        } else {
            key.to_owned()
        };
        key.strip_prefix(root).map(str::to_owned)
    };
    let object = |object: &types::Object| Object {
        path: object.key().and_then(path),
        size: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
        etag: unquoted(object.e_tag()),
        archived: object
            .storage_class()
            .is_some_and(|class| is_archive(class.as_str())),
    };
    answer.contents().iter().map(object).collect()
}

/// Whether files of a storage class must be restored before they can be read.
pub(super) fn is_archive(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// S3's `encoding-type=url` is that of HTML forms: a plus is a space. `None` for what is no UTF-8.
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
    use super::*;

    #[test]
    fn a_listed_key_is_decoded_as_s3_encodes_it() {
        assert_eq!(url_decoded("a+b%2Bc%2520/%C3%A9").unwrap(), "a b+c%20/é");
        assert_eq!(url_decoded("%FF"), None);
    }
}
