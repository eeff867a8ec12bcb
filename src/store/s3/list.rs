//! The list of a bucket, page by page, from a server that is not trusted to be right.

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{self, EncodingType};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::course::{Answer, Ask, Course, Turn};
use super::spelling::Spelling;
use super::{S3, failure, is_archive, unquoted};
use crate::store::{Error, Object, Page};

/// Keys in an answer, where the server does not say how many it can have.
const FULL: usize = 1000;

/// What a key is encoded with in a query that is signed (RFC 3986's unreserved characters stay).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The pages of the keys that begin with `prefix`, which is below the store's root.
pub(super) fn list(store: &S3, prefix: &str) -> BoxStream<'static, Result<Page, Error>> {
    // A directory bucket has its zone in its name, and no order.
    let ordered = !store.location.bucket().ends_with("--x-s3");
    let listing = Listing {
        prefix: format!("{}{prefix}", store.location.root()),
        store: store.clone(),
        course: Course::new(ordered),
        spelling: Spelling::default(),
    };
    unfold(Some((listing, Ask::First)), async |state| {
        let (mut listing, ask) = state?;
        match listing.page(&ask).await {
            Ok((page, next)) => Some((Ok(page), next.map(|ask| (listing, ask)))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// The names directly in a folder below the store's root, folders with a slash; a page at most.
///
/// For a hint alone: an answer that is not as it should be only makes the hint worse.
pub(super) async fn names(store: &S3, folder: &str) -> Result<Vec<String>, Error> {
    let prefix = format!("{}{folder}", store.location.root());
    let request = store
        .client
        .list_objects_v2()
        .bucket(store.location.bucket())
        .prefix(&prefix)
        .delimiter("/")
        .set_request_payer(super::payer())
        .encoding_type(EncodingType::Url);
    let answer = request.send().await;
    let answer = answer.map_err(|error| failure(&error, store.location.to_string(), None))?;
    let files = answer.contents().iter().filter_map(|file| file.key());
    let folders = answer
        .common_prefixes()
        .iter()
        .filter_map(|part| part.prefix());
    let name = |text: &str| {
        let name = super::url_decoded(text)?;
        let name = name.strip_prefix(&prefix)?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    Ok(folders.chain(files).filter_map(name).collect())
}

struct Listing {
    store: S3,
    /// What every key begins with, the store's root included.
    prefix: String,
    course: Course,
    spelling: Spelling,
}

impl Listing {
    /// The answer to `ask`, and what is to be asked for after it.
    async fn page(&mut self, ask: &Ask) -> Result<(Page, Option<Ask>), Error> {
        let answer = self.store.answer(&self.prefix, ask, None).await?;
        let keys = self.keys(&answer).await?;
        let most = usize::try_from(answer.max_keys().unwrap_or_default()).unwrap_or_default();
        let most = if most == 0 { FULL } else { most };
        let seen = Answer {
            truncated: answer.is_truncated(),
            token: answer
                .next_continuation_token()
                .filter(|token| !token.is_empty()),
            keys: &keys,
            full: keys.len() >= most,
        };
        let turn = self.course.turn(ask, &seen);
        let next = match turn.map_err(|why| self.store.contradiction(why))? {
            Turn::Ask(ask) => Some(ask),
            Turn::End => None,
            Turn::Known => return Ok((Page::default(), None)),
        };
        let objects = answer.contents().iter().zip(keys);
        let objects: Result<Vec<Object>, Error> = objects
            .map(|(object, key)| self.object(object, key))
            .collect();
        let page = Page {
            objects: objects?,
            ..Page::default()
        };
        Ok((page, next))
    }

    /// The keys of an answer, in bytes, if it lists what was asked for and all that it counts.
    async fn keys(&mut self, answer: &ListObjectsV2Output) -> Result<Vec<Vec<u8>>, Error> {
        let declared = answer.encoding_type() == Some(&EncodingType::Url);
        let listed = answer.contents().len();
        let counted = answer.key_count().and_then(|n| usize::try_from(n).ok());
        if let Some(counted) = counted.filter(|counted| *counted > listed) {
            let why = format!("it counts {counted} keys in an answer that has {listed}");
            return Err(self.store.contradiction(why));
        }
        if !answer.common_prefixes().is_empty() {
            let why = "it lists folders in place of what is in them".to_owned();
            return Err(self.store.contradiction(why));
        }
        let mut keys = Vec::with_capacity(listed);
        for object in answer.contents() {
            let Some(text) = object.key() else {
                return Err(self
                    .store
                    .contradiction("it lists a file without a key".to_owned()));
            };
            let key = self.spelling.read(&self.store, text, declared).await?;
            if !key.starts_with(self.prefix.as_bytes()) {
                let why = format!(
                    "it lists {text:?}, which does not begin with {:?}",
                    self.prefix
                );
                return Err(self.store.contradiction(why));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn object(&self, object: &types::Object, key: Vec<u8>) -> Result<Object, Error> {
        let size = object.size().and_then(|size| u64::try_from(size).ok());
        let Some(size) = size else {
            let key = String::from_utf8_lossy(&key).into_owned();
            return Err(self
                .store
                .contradiction(format!("it tells no size of {key:?}")));
        };
        let root = self.store.location.root();
        let path = String::from_utf8(key).ok();
        Ok(Object {
            path: path.and_then(|key| key.strip_prefix(root).map(str::to_owned)),
            size,
            etag: unquoted(object.e_tag()),
            modified: object.last_modified().map(|time| time.secs()),
            archived: object
                .storage_class()
                .is_some_and(|class| is_archive(class.as_str())),
        })
    }
}

impl S3 {
    /// One answer: at most `most` keys that begin with `prefix`, or as many as the server has it.
    async fn answer(
        &self,
        prefix: &str,
        ask: &Ask,
        most: Option<i32>,
    ) -> Result<ListObjectsV2Output, Error> {
        let request = self
            .client
            .list_objects_v2()
            .bucket(self.location.bucket())
            .prefix(prefix)
            .set_request_payer(super::payer())
            .set_max_keys(most)
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url);
        let request = match ask {
            Ask::First => request,
            Ask::Token(token) => request.continuation_token(token),
            Ask::After(key) | Ask::Nothing(key) => request.start_after(key),
        };
        let limit = TimeoutConfig::builder().operation_attempt_timeout(self.limits.list);
        let request = request
            .customize()
            .interceptor(WholeList)
            .config_override(Builder::default().timeout_config(limit.build()));
        let request = match ask {
            // A server that answers in the form of version 1 knows this word alone.
            Ask::After(key) => {
                let marker = utf8_percent_encode(key, QUERY).to_string();
                request.mutate_request(move |request| {
                    let uri = format!("{}&marker={marker}", request.uri());
                    // Made of an address and ASCII, it is one.
                    let _ = request.set_uri(uri);
                })
            }
            _ => request,
        };
        request
            .send()
            .await
            .map_err(|error| failure(&error, self.location.to_string(), None))
    }

    /// Whether the server has a key that begins with this one, and writes it as `text` in a list.
    pub(super) async fn writes(&self, key: &str, text: &str) -> Result<bool, Error> {
        let answer = self.answer(key, &Ask::First, Some(1)).await?;
        let first = answer.contents().first().and_then(types::Object::key);
        Ok(first.is_some_and(|first| first.starts_with(text)))
    }

    pub(super) fn contradiction(&self, detail: String) -> Error {
        Error::Listing {
            what: self.location.to_string(),
            detail,
        }
    }
}

/// Sees that the XML of a list came to its end: the SDK takes one that was cut for a shorter one.
#[derive(Debug)]
struct WholeList;

impl Intercept for WholeList {
    fn name(&self) -> &'static str {
        "WholeList"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        if context.output_or_error().is_err() || ends_its_root(body) {
            Ok(())
        } else {
            Err("the list was cut off on its way".into())
        }
    }
}

/// Whether the last tag of an XML document is the end of a list.
fn ends_its_root(xml: &[u8]) -> bool {
    let xml = xml.trim_ascii_end();
    let last = xml.iter().rposition(|byte| *byte == b'<');
    let tag = last.map_or(&xml[..0], |at| &xml[at..]);
    let closes = tag.starts_with(b"</") && tag.ends_with(b"ListBucketResult>");
    closes || (tag.starts_with(b"<ListBucketResult") && tag.ends_with(b"/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_its_root() {
        for whole in [
            "<ListBucketResult></ListBucketResult>\n",
            "<s:a></s:ListBucketResult>",
            "<ListBucketResult/>",
        ] {
            assert!(ends_its_root(whole.as_bytes()), "{whole}");
        }
        for cut in [
            "",
            "<ListBucketResult>",
            "<a></a>",
            "<ListBucketResult><b>x</b>",
            "</ListBucketResul",
        ] {
            assert!(!ends_its_root(cut.as_bytes()), "{cut}");
        }
    }
}
