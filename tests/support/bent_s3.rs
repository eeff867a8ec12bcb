//! A small S3 on loopback whose lists can be bent: each answer is made as S3 makes it, and then
//! changed by the test. Objects are given whole.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::sync::watch;

/// What S3 leaves as it is when it encodes a key.
pub const S3_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*')
    .remove(b'/');

/// A request for a list.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// How many came before it, those that ask for one key among them.
    pub number: usize,
    /// Its parameters.
    pub query: HashMap<String, String>,
}

impl Asked {
    /// One of its parameters.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// A list as it is about to be written.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The keys, as they will stand there.
    pub keys: Vec<String>,
    pub is_truncated: Option<bool>,
    pub token: Option<String>,
    pub next_marker: Option<String>,
    pub key_count: Option<usize>,
    pub folders: Vec<String>,
    pub says_encoded: bool,
    pub leaves_out_sizes: bool,
}

/// What the server does about a request.
pub enum Bent {
    /// Answers with this.
    List(List),
    /// Answers with this body, cut off after this number of bytes.
    Cut(List, usize),
    /// Never answers.
    Silence,
}

type Bend = dyn Fn(&Asked, List) -> Bent + Send + Sync;

struct Shared {
    objects: Vec<(String, Vec<u8>)>,
    page: usize,
    bend: Box<Bend>,
    lists: AtomicUsize,
    log: Mutex<Vec<Asked>>,
    seen: watch::Sender<usize>,
}

/// The server; it ends with the test's runtime.
pub struct BentS3 {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl BentS3 {
    /// A server of one bucket's keys, each with bytes of its own, in answers of `page` keys.
    pub async fn start(
        keys: impl IntoIterator<Item = impl Into<String>>,
        page: usize,
        bend: impl Fn(&Asked, List) -> Bent + Send + Sync + 'static,
    ) -> BentS3 {
        let mut objects: Vec<(String, Vec<u8>)> = keys
            .into_iter()
            .map(Into::into)
            .map(|key| (key.clone(), super::env::picture(&key)))
            .collect();
        objects.sort();
        let shared = Arc::new(Shared {
            objects,
            page,
            bend: Box::new(bend),
            lists: AtomicUsize::new(0),
            log: Mutex::default(),
            seen: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        BentS3 { address, shared }
    }

    /// What a child process needs in its environment to use this server.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL_S3", format!("http://{}", self.address)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The number of list requests until now.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.log.lock().expect("no panic").clone()
    }

    /// Waits until this number of list requests has arrived.
    pub async fn until_asked(&self, lists: usize) {
        let mut seen = self.shared.seen.subscribe();
        seen.wait_for(|seen| *seen >= lists)
            .await
            .expect("a server");
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let (_, key) = path.split_once('/').unwrap_or((path, ""));
    if !key.is_empty() {
        return shared.object(&percent_decode_str(key).decode_utf8_lossy());
    }
    let asked = Asked {
        number: shared.lists.fetch_add(1, Ordering::Relaxed),
        query,
    };
    shared.log.lock().expect("no panic").push(asked.clone());
    shared.seen.send_modify(|seen| *seen += 1);
    match (shared.bend)(&asked, shared.list(&asked)) {
        Bent::List(list) => xml(list.xml().into_bytes()),
        Bent::Cut(list, bytes) => xml(list.xml().into_bytes()[..bytes].to_vec()),
        Bent::Silence => std::future::pending().await,
    }
}

impl Shared {
    /// The list as S3 itself makes it.
    fn list(&self, asked: &Asked) -> List {
        let prefix = asked.get("prefix").unwrap_or_default();
        let after = asked.get("continuation-token").or(asked.get("start-after"));
        let most = asked.get("max-keys").and_then(|most| most.parse().ok());
        let most = most.unwrap_or(self.page);
        let all = self.objects.iter().map(|(key, _)| key);
        let mut rest = all
            .filter(|key| key.starts_with(prefix))
            .filter(|key| after.is_none_or(|after| key.as_str() > after));
        let keys: Vec<&String> = rest.by_ref().take(most).collect();
        let is_truncated = rest.next().is_some();
        let token = keys.last().filter(|_| is_truncated);
        List {
            token: token.map(|key| key.to_string()),
            is_truncated: Some(is_truncated),
            key_count: Some(keys.len()),
            keys: keys.iter().map(|key| s3_encoded(key)).collect(),
            says_encoded: true,
            ..List::default()
        }
    }

    fn object(&self, key: &str) -> Response {
        let found = self.objects.iter().find(|(name, _)| name == key);
        let Some((_, bytes)) = found else {
            let text = "<Error><Code>NoSuchKey</Code></Error>";
            let mut response = xml(text.into());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let etag = HEXLOWER.encode(&Md5::digest(bytes));
        Response::builder()
            .header("etag", format!("\"{etag}\""))
            .body(Body::from(bytes.clone()))
            .expect("a response")
    }
}

/// A key as S3 encodes it in a list: a plus is a space.
pub fn s3_encoded(key: &str) -> String {
    utf8_percent_encode(key, S3_ENCODED)
        .to_string()
        .replace("%20", "+")
}

impl List {
    fn xml(&self) -> String {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult>".to_owned();
        let mut element = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("<{name}>{}</{name}>", value.replace('&', "&amp;")));
            }
        };
        let url = self.says_encoded.then(|| "url".to_owned());
        element("EncodingType", url);
        element("KeyCount", self.key_count.map(|n| n.to_string()));
        element("IsTruncated", self.is_truncated.map(|is| is.to_string()));
        element("NextContinuationToken", self.token.clone());
        element("NextMarker", self.next_marker.clone());
        for key in &self.keys {
            // A bent key may be none that is there: its size does not matter then.
            let size = if self.leaves_out_sizes {
                ""
            } else {
                "<Size>30</Size>"
            };
            let key = key.replace('&', "&amp;").replace('<', "&lt;");
            text.push_str(&format!(
                "<Contents><Key>{key}</Key>{size}<ETag>\"e\"</ETag></Contents>"
            ));
        }
        for folder in &self.folders {
            text.push_str(&format!(
                "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
            ));
        }
        text + "</ListBucketResult>"
    }
}

fn xml(bytes: Vec<u8>) -> Response {
    Response::builder()
        .header("content-type", "application/xml")
        .body(Body::from(bytes))
        .expect("a response")
}
