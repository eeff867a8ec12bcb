//! An S3 that cannot be trusted: it breaks off, truncates, answers with the wrong range, forgets
//! conditions, and replaces a file by another of the same size while it is read.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use futures_util::stream;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::photos::{Dice, Version, bytes, key};

/// The bucket that has the photos.
pub const BUCKET: &str = "chaos";

/// Keys in a page of a listing.
const PAGE: usize = 100;

/// One of this many files has the ETag of an upload in parts, which is no MD5.
const IN_PARTS: usize = 5;

/// A source of photos. It ends when it is dropped.
pub struct Source {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub url: String,
    bucket: Arc<Bucket>,
    _serving: AbortOnDropHandle<()>,
}

struct Bucket {
    photos: usize,
    seed: u64,
    /// Whether each file was replaced.
    replaced: Mutex<Vec<bool>>,
    requests: AtomicU64,
    faults: AtomicU64,
}

/// What one GET does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// All is well.
    Whole,
    /// The connection breaks after a part.
    Breaks,
    /// The same, and the file is another one from then on.
    Replaces,
    /// The answer is shorter than the file, and says so as if that were all.
    Truncates,
    /// A range begins before what was asked for.
    WrongRange,
    /// A range is answered with the whole file.
    NoRange,
}

impl Source {
    /// Serves this number of photos.
    pub async fn start(photos: usize, seed: u64) -> Source {
        let bucket = Arc::new(Bucket {
            photos,
            seed,
            replaced: Mutex::new(vec![false; photos]),
            requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        });
        let routes = Router::new()
            .route("/{bucket}", get(list))
            .route("/{bucket}/", get(list))
            .route("/{bucket}/{*key}", get(object))
            .with_state(Arc::clone(&bucket));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = async move {
            // It ends with the task alone.
            let _ = axum::serve(listener, routes).await;
        };
        Source {
            url,
            bucket,
            _serving: AbortOnDropHandle::new(tokio::spawn(serving)),
        }
    }

    /// Whether the n-th file was replaced.
    pub fn was_replaced(&self, n: usize) -> bool {
        self.bucket.replaced()[n]
    }

    /// The n-th file's ETag as it was listed, without quotes.
    pub fn listed_etag(&self, n: usize) -> String {
        let bytes = bytes(n, self.bucket.seed, Version::First);
        Bucket::etag(n, &bytes).trim_matches('"').to_owned()
    }

    /// How many answers were not what they should be.
    pub fn faults(&self) -> u64 {
        self.bucket.faults.load(Ordering::Relaxed)
    }
}

impl Bucket {
    fn replaced(&self) -> parking_lot::MutexGuard<'_, Vec<bool>> {
        self.replaced.lock()
    }

    fn version(&self, n: usize) -> Version {
        match self.replaced()[n] {
            true => Version::Second,
            false => Version::First,
        }
    }

    fn bytes(&self, n: usize) -> Vec<u8> {
        bytes(n, self.seed, self.version(n))
    }

    fn etag(n: usize, bytes: &[u8]) -> String {
        let md5 = HEXLOWER.encode(&Md5::digest(bytes));
        let parts = if is_in_parts(n) { "-2" } else { "" };
        format!("\"{md5}{parts}\"")
    }

    /// What the next GET of a file meets, and the dice for its details.
    fn fate(&self, n: usize, is_range: bool) -> (Fate, Dice) {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut dice = Dice::new(self.seed ^ (n as u64) << 32 ^ request);
        let fate = match dice.between(0, 100) {
            0..12 => Fate::Breaks,
            12..16 if !self.replaced()[n] => Fate::Replaces,
            // Of a new version in parts nobody could tell: no listing knows its size.
            16..20 if !(self.replaced()[n] && is_in_parts(n)) => Fate::Truncates,
            20..35 if is_range => Fate::WrongRange,
            35..45 if is_range => Fate::NoRange,
            _ => Fate::Whole,
        };
        if fate != Fate::Whole {
            self.faults.fetch_add(1, Ordering::Relaxed);
        }
        (fate, dice)
    }
}

fn is_in_parts(n: usize) -> bool {
    n.is_multiple_of(IN_PARTS)
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Listing {
    continuation_token: Option<String>,
    prefix: Option<String>,
}

async fn list(State(bucket): State<Arc<Bucket>>, Query(asked): Query<Listing>) -> Response {
    let mut keys: Vec<(String, usize)> = (0..bucket.photos).map(|n| (key(n), n)).collect();
    keys.sort();
    let prefix = asked.prefix.unwrap_or_default();
    let after = asked.continuation_token.unwrap_or_default();
    let rest: Vec<_> = keys
        .into_iter()
        .filter(|(key, _)| key.starts_with(&prefix) && *key > after)
        .collect();
    let page = &rest[..rest.len().min(PAGE)];
    let contents: String = page
        .iter()
        .map(|(key, n)| {
            let bytes = bucket.bytes(*n);
            let etag = Bucket::etag(*n, &bytes);
            format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><ETag>{etag}</ETag>\
                 <StorageClass>STANDARD</StorageClass></Contents>",
                bytes.len()
            )
        })
        .collect();
    let more = rest.len() > page.len();
    let next = match page.last() {
        Some((key, _)) if more => format!("<NextContinuationToken>{key}</NextContinuationToken>"),
        _ => String::new(),
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>{BUCKET}</Name>\
         <EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>"
    );
    ([("content-type", "application/xml")], xml).into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let xml = format!("<Error><Code>{code}</Code><Message>on purpose</Message></Error>");
    (status, xml).into_response()
}

/// The body of an answer, and the length that it claims to have. A body that breaks or is
/// truncated ends at `cut`.
fn body_of(fate: Fate, rest: &Bytes, cut: usize) -> (usize, Body) {
    let (length, chunks) = match fate {
        Fate::Truncates => (cut, vec![Ok(rest.slice(..cut))]),
        Fate::Breaks | Fate::Replaces => {
            let broken = Err(io::Error::other("broken on purpose"));
            (rest.len(), vec![Ok(rest.slice(..cut)), broken])
        }
        _ => (rest.len(), vec![Ok(rest.clone())]),
    };
    (length, Body::from_stream(stream::iter(chunks)))
}

async fn object(
    State(bucket): State<Arc<Bucket>>,
    Path((_, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(n) = (0..bucket.photos).find(|n| key(*n) == path) else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchKey");
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = header("range")
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.trim_end_matches('-').parse::<usize>().ok());
    let (fate, mut dice) = bucket.fate(n, asked.is_some());
    let bytes = bucket.bytes(n);
    let etag = Bucket::etag(n, &bytes);
    // Sometimes the condition is ignored.
    let is_other = header("if-match").is_some_and(|wanted| wanted != etag);
    if is_other && dice.between(0, 100) < 70 {
        return refusal(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
    }
    let start = match (asked, fate) {
        (None, _) | (Some(_), Fate::NoRange) => 0,
        (Some(asked), Fate::WrongRange) => asked / 2,
        (Some(asked), _) => asked,
    };
    let total = bytes.len();
    let rest = Bytes::from(bytes).slice(start.min(total)..);
    let cut = dice.between(1, rest.len().max(2) as u64) as usize;
    let cut = cut.min(rest.len());
    if fate == Fate::Replaces {
        bucket.replaced()[n] = true;
    }
    let (length, body) = body_of(fate, &rest, cut);
    let answer = Response::builder()
        .header("etag", etag)
        .header("content-type", "image/jpeg")
        .header("content-length", length);
    let answer = match asked {
        Some(_) if fate != Fate::NoRange => {
            let last = (start + length).saturating_sub(1);
            let range = format!("bytes {start}-{last}/{total}");
            answer.status(206).header("content-range", range)
        }
        _ => answer.status(200),
    };
    answer.body(body).expect("plain headers").into_response()
}
