//! Reads one object of a bucket, and says what the answer's headers tell of it.

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumType, ServerSideEncryption};
use futures_util::stream::{BoxStream, StreamExt, unfold};

use super::{S3, failure, is_archive, unquoted};
use crate::model::digest::Algorithm;
use crate::model::{Digest, Key};
use crate::store::{Error, Object, Reading, Version, idle};

impl S3 {
    /// Asks for an object, or for a range of it; with an `etag`, only for that version of it.
    pub(super) async fn get(
        &self,
        key: &Key,
        range: Option<String>,
        etag: Option<&str>,
    ) -> Result<Reading, Error> {
        let url = self.location.url_of(key);
        let request = self
            .client
            .get_object()
            .bucket(self.location.bucket())
            .key(self.location.path_of(key))
            .set_range(range.clone())
            .set_request_payer(super::payer())
            .set_if_match(etag.map(|etag| format!("\"{etag}\"")))
            .customize()
            .mutate_request(move |request| {
                // Set as an operation's input it would make the SDK hash every byte too. A checksum
                // in the answer to a range is that of a part.
                if range.is_none() {
                    request
                        .headers_mut()
                        .insert("x-amz-checksum-mode", "ENABLED");
                }
            });
        let answer = request
            .send()
            .await
            .map_err(|error| failure(&error, self.location.to_string(), Some(&url)))?;
        let range = Range::of(&answer);
        let is_whole = range.start == 0 && answer.content_range().is_none();
        Ok(Reading {
            start: range.start,
            size: range.total,
            version: version(&answer),
            etag_md5: etag_md5(&answer),
            checksum: is_whole.then(|| checksum(&answer)).flatten(),
            content_type: answer.content_type().map(str::to_owned),
            body: idle(stream(answer.body, url.clone()), url),
        })
    }
}

impl S3 {
    /// Asks what a listing would say of one object.
    pub(super) async fn head(&self, key: &Key) -> Result<Object, Error> {
        let url = self.location.url_of(key);
        let request = self
            .client
            .head_object()
            .bucket(self.location.bucket())
            .key(self.location.path_of(key))
            .set_request_payer(super::payer());
        let answer = request.send().await.map_err(|error| {
            // Such an answer has no body that would say why.
            match error.raw_response().map(|answer| answer.status().as_u16()) {
                Some(403) => Error::Denied {
                    what: url.clone(),
                    detail: "HTTP 403".to_owned(),
                },
                _ => failure(&error, self.location.to_string(), Some(&url)),
            }
        })?;
        let size = answer.content_length().and_then(|n| u64::try_from(n).ok());
        let size = size.ok_or_else(|| self.contradiction(format!("it tells no size of {url}")))?;
        Ok(Object {
            path: Some(key.to_string()),
            size,
            etag: unquoted(answer.e_tag()),
            modified: answer.last_modified().map(|time| time.secs()),
            archived: answer
                .storage_class()
                .is_some_and(|class| is_archive(class.as_str())),
        })
    }
}

/// Which bytes an answer has, of how many.
#[derive(Debug, PartialEq)]
struct Range {
    start: u64,
    /// `None` where the answer does not tell.
    total: Option<u64>,
}

impl Range {
    /// `Content-Range` says it (RFC 9110, 14.4). An answer without one is the whole object, whatever
    /// was asked for.
    fn of(answer: &GetObjectOutput) -> Range {
        let length = answer.content_length().and_then(|n| u64::try_from(n).ok());
        match answer.content_range() {
            None => Range {
                start: 0,
                total: length,
            },
            Some(text) => Range::parse(text).unwrap_or(Range {
                start: u64::MAX,
                total: None,
            }),
        }
    }

    fn parse(text: &str) -> Option<Range> {
        let (span, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let (start, end) = span.split_once('-')?;
        let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        let total = total.trim().parse().ok();
        let is_possible = start <= end && total.is_none_or(|total: u64| end < total);
        is_possible.then_some(Range { start, total })
    }
}

fn version(answer: &GetObjectOutput) -> Version {
    Version {
        etag: unquoted(answer.e_tag()),
        modified: answer.last_modified().map(ToString::to_string),
        id: answer.version_id().map(str::to_owned),
    }
}

/// The checksum that S3 keeps of the whole object: the one that costs least to compute. One of the
/// parts' checksums (`COMPOSITE`) is of no use, for the parts' sizes are not known.
fn checksum(answer: &GetObjectOutput) -> Option<Digest> {
    if answer.checksum_type() == Some(&ChecksumType::Composite) {
        return None;
    }
    let known = [
        (Algorithm::Crc64Nvme, answer.checksum_crc64_nvme()),
        (Algorithm::Crc32c, answer.checksum_crc32_c()),
        (Algorithm::Crc32, answer.checksum_crc32()),
        (Algorithm::Sha256, answer.checksum_sha256()),
        (Algorithm::Sha1, answer.checksum_sha1()),
    ];
    let read = |(algorithm, text): (Algorithm, Option<&str>)| Digest::from_base64(algorithm, text?);
    known.into_iter().find_map(read)
}

/// The ETag is the MD5 of the bytes for an object that was put in one piece and is not encrypted
/// with KMS or a customer's key
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
fn etag_md5(answer: &GetObjectOutput) -> Option<Digest> {
    let plain = matches!(
        answer.server_side_encryption(),
        None | Some(ServerSideEncryption::Aes256)
    ) && answer.sse_customer_algorithm().is_none();
    plain
        .then(|| Digest::from_hex(Algorithm::Md5, &unquoted(answer.e_tag())))
        .flatten()
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "\"D41D8CD98F00B204E9800998ECF8427E\"";

    #[test]
    fn only_a_plain_etag_is_an_md5() {
        let answer = |etag: &str| GetObjectOutput::builder().e_tag(etag);
        let md5 = etag_md5(&answer(PLAIN).build()).map(|digest| digest.hex());
        assert_eq!(md5.as_deref(), Some("d41d8cd98f00b204e9800998ecf8427e"));
        let parts = "\"d41d8cd98f00b204e9800998ecf8427e-2\"";
        assert_eq!(etag_md5(&answer(parts).build()), None);
        let kms = answer(PLAIN).server_side_encryption(ServerSideEncryption::AwsKms);
        assert_eq!(etag_md5(&kms.build()), None);
        let customer = answer(PLAIN).sse_customer_algorithm("AES256");
        assert_eq!(etag_md5(&customer.build()), None);
    }

    #[test]
    fn only_a_checksum_of_the_whole_object_counts() {
        let answer = GetObjectOutput::builder;
        let crc = checksum(&answer().checksum_crc32("AAECAw==").build());
        assert_eq!(
            crc.map(|digest| digest.to_string()).as_deref(),
            Some("crc32 00010203")
        );
        assert_eq!(
            checksum(&answer().checksum_crc32("AAECAw==-2").build()),
            None
        );
        let composite = answer()
            .checksum_crc32("AAECAw==")
            .checksum_type(ChecksumType::Composite);
        assert_eq!(checksum(&composite.build()), None);
        assert_eq!(checksum(&answer().build()), None);
    }

    #[test]
    fn an_answer_has_the_bytes_that_its_range_says() {
        let of = |range: &str| Range::of(&GetObjectOutput::builder().content_range(range).build());
        let range = |start, total| Range { start, total };
        assert_eq!(of("bytes 20-99/100"), range(20, Some(100)));
        assert_eq!(of("bytes 20-99/*"), range(20, None));
        for wrong in [
            "bytes 20-100/100",
            "bytes 99-20/100",
            "items 0-9/10",
            "bytes */100",
            "",
        ] {
            assert_eq!(of(wrong).start, u64::MAX, "{wrong}");
        }
        let whole = GetObjectOutput::builder().content_length(7).build();
        assert_eq!(Range::of(&whole), range(0, Some(7)));
        assert_eq!(
            Range::of(&GetObjectOutput::builder().build()),
            range(0, None)
        );
    }
}
