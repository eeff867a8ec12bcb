//! An S3 bucket, or a part of one, as a store. The only file that knows `aws_sdk_s3`.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{self, EncodingType, ServerSideEncryption};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use percent_encoding::percent_decode_str;

use super::{Backend, Error, Object, Reading};
use crate::model::{Key, Location};

/// The error codes that say that no request with these credentials can succeed.
const REFUSED_CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

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
        let url = self.location.url_of(key);
        let answer = self
            .client
            .get_object()
            .bucket(self.location.bucket())
            .key(self.location.path_of(key))
            .set_range((offset > 0).then(|| format!("bytes={offset}-")))
            .set_if_match(etag.map(|etag| format!("\"{etag}\"")))
            .send()
            .await
            .map_err(|error| failure(&error, self.location.to_string(), Some(&url)))?;
        let rest = u64::try_from(answer.content_length().unwrap_or_default()).unwrap_or_default();
        Ok(Reading {
            size: offset + rest,
            etag: unquoted(answer.e_tag()),
            md5: md5(&answer),
            body: stream(answer.body, url),
        })
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

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// The ETag is the MD5 of the bytes for an object that was put in one piece and is not encrypted
/// with KMS or a customer's key. Where S3 sends a checksum of the whole object the SDK checks that
/// while it reads, at a tenth of MD5's cost.
fn md5(answer: &GetObjectOutput) -> Option<String> {
    let checksum = [
        answer.checksum_crc32(),
        answer.checksum_crc32_c(),
        answer.checksum_crc64_nvme(),
        answer.checksum_sha1(),
        answer.checksum_sha256(),
    ];
    // A composite checksum (`...-3`) is of the parts, and nobody checks it here.
    let checked = checksum.iter().flatten().any(|sum| !sum.contains('-'));
    let plain = matches!(
        answer.server_side_encryption(),
        None | Some(ServerSideEncryption::Aes256)
    ) && answer.sse_customer_algorithm().is_none();
    let etag = unquoted(answer.e_tag()).to_ascii_lowercase();
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_md5 && plain && !checked).then_some(etag)
}

fn stream(body: ByteStream, url: String) -> BoxStream<'static, Result<bytes::Bytes, Error>> {
    unfold((body, url), async |(mut body, url)| {
        let chunk = body.next().await?.map_err(|error| Error::Unavailable {
            what: url.clone(),
            detail: DisplayErrorContext(&error).to_string(),
        });
        Some((chunk, (body, url)))
    })
    .boxed()
}

/// What an SDK error means: `store` is the bucket's URL, `file` that of the object asked for.
fn failure<E>(error: &SdkError<E>, store: String, file: Option<&str>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let what = file.map_or_else(|| store.clone(), str::to_owned);
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match (
        error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code),
        status,
    ) {
        (Some("NoSuchBucket"), _) => Error::NoStore(store),
        (Some("NoSuchKey"), _) => Error::NotFound(what),
        (Some("InvalidObjectState"), _) => Error::Archived(what),
        (Some("PreconditionFailed"), _) | (_, Some(412)) => Error::Changed(what),
        (Some("InvalidRange"), _) | (_, Some(416)) => Error::Changed(what),
        (Some(code), _) if REFUSED_CREDENTIALS.contains(&code) => Error::Credentials {
            what,
            detail: format!(
                "AWS refuses the credentials ({code}): set AWS_PROFILE, or log in again"
            ),
        },
        (Some(code), Some(401 | 403)) => Error::Denied {
            what,
            detail: code.to_owned(),
        },
        (_, Some(404)) if file.is_some() => Error::NotFound(what),
        (_, Some(404)) => Error::NoStore(store),
        _ => unreached(error, what),
    }
}

fn unreached<E>(error: &SdkError<E>, what: String) -> Error
where
    E: std::error::Error + 'static,
{
    let detail = DisplayErrorContext(error).to_string();
    if detail.contains("CredentialsNotLoaded") || detail.contains("no providers in chain") {
        let detail = "no AWS credentials found: set AWS_PROFILE, or run `aws configure`".to_owned();
        return Error::Credentials { what, detail };
    }
    if detail.contains("region must be set") {
        let detail = "no AWS region is set: set AWS_REGION, or a profile that has one".to_owned();
        return Error::Credentials { what, detail };
    }
    tracing::debug!(%what, %detail, "s3 request failed");
    Error::Unavailable {
        what,
        detail: innermost(error),
    }
}

/// The last cause: what a person can act on ("connection refused"), without the SDK's layers.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_key_is_decoded_as_s3_encodes_it() {
        assert_eq!(url_decoded("a+b%2Bc%2520/%C3%A9").unwrap(), "a b+c%20/é");
        assert_eq!(url_decoded("%FF"), None);
    }

    #[test]
    fn only_a_plain_etag_is_an_md5() {
        let answer = |etag: &str| GetObjectOutput::builder().e_tag(etag);
        let plain = "\"D41D8CD98F00B204E9800998ECF8427E\"";
        assert_eq!(
            md5(&answer(plain).build()).as_deref(),
            Some("d41d8cd98f00b204e9800998ecf8427e")
        );
        assert_eq!(
            md5(&answer("\"d41d8cd98f00b204e9800998ecf8427e-2\"").build()),
            None
        );
        let kms = answer(plain).server_side_encryption(ServerSideEncryption::AwsKms);
        assert_eq!(md5(&kms.build()), None);
        assert_eq!(md5(&answer(plain).checksum_crc32("AAAAAA==").build()), None);
        assert!(md5(&answer(plain).checksum_crc32("AAAAAA==-2").build()).is_some());
    }
}
