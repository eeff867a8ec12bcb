//! For the tests: small servers that stand for Flickr, on loopback, and a second reading of OAuth.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::net::{TcpListener, TcpStream};

use super::{Budget, Client, Credentials, Endpoints, Timeouts};

/// A request as a server saw it.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) verb: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    /// The parameters of the query, or of a form in the body, decoded.
    pub(super) fn params(&self) -> Vec<(String, String)> {
        let mut params = pairs(self.uri.query().unwrap_or_default());
        if self.verb == Method::POST {
            params.extend(pairs(std::str::from_utf8(&self.body).unwrap()));
        }
        params
    }

    pub(super) fn param(&self, name: &str) -> Option<String> {
        self.params()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The `oauth_` parameters of the header, decoded.
    pub(super) fn oauth(&self) -> Vec<(String, String)> {
        let header = self.headers["authorization"].to_str().unwrap();
        let fields = header.strip_prefix("OAuth ").unwrap().split(',');
        fields
            .map(|field| field.trim().split_once('=').unwrap())
            .map(|(k, v)| (k.into(), decode(v.trim_matches('"'))))
            .collect()
    }
}

/// A server's answer.
pub(super) struct Canned {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Canned {
    pub(super) fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(super) fn ok(body: &str) -> Self {
        Self::new(200, body)
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A server that remembers what it was asked.
pub(super) struct Server {
    pub(super) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A server that answers with these in turn, with the last one for ever.
pub(super) async fn scripted(replies: Vec<Canned>) -> Server {
    let next = Mutex::new(0);
    server(move |_| {
        let mut next = next.lock().unwrap();
        let reply = &replies[(*next).min(replies.len() - 1)];
        *next += 1;
        Canned {
            status: reply.status,
            headers: reply.headers.clone(),
            body: reply.body.clone(),
        }
    })
    .await
}

/// A server that answers as `answer` says.
pub(super) async fn server(answer: impl Fn(&Seen) -> Canned + Send + Sync + 'static) -> Server {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let state = Arc::new((answer, seen.clone()));
    let app = Router::new().fallback(move |request: Request| {
        let state = state.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX)
                .await
                .unwrap_or_default();
            let request = Seen {
                verb: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body,
            };
            let reply = state.0(&request);
            state.1.lock().unwrap().push(request);
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            response.body(axum::body::Body::from(reply.body)).unwrap()
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { base, seen }
}

/// A server that does with each connection what `talk` does; gives its base.
pub(super) async fn raw<F: Future<Output = ()> + Send>(
    talk: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            talk(stream).await;
        }
    });
    base
}

pub(super) fn credentials() -> Credentials {
    Credentials {
        api_key: "653e7a6ecc1d528c516cc8f92cf98611".into(),
        api_secret: "a9567d986a7539fe".into(),
        token: "72157626318069415-087bfc7b5816092c".into(),
        token_secret: "a202d1f853ec69de".into(),
    }
}

/// Long enough for a busy machine, but for what is tried over and over.
pub(super) fn timeouts() -> Timeouts {
    Timeouts {
        backoff: Duration::from_millis(1),
        ..Timeouts::default()
    }
}

pub(super) fn client(base: &str) -> Client {
    client_with(base, timeouts())
}

pub(super) fn client_with(base: &str, timeouts: Timeouts) -> Client {
    Client::new(
        Endpoints::under(base).unwrap(),
        credentials(),
        Budget::unlimited(),
        timeouts,
    )
    .unwrap()
}

/// A reading of RFC 5849 section 3.4 of our own: the signature of a request with all these parameters.
pub(super) fn signature(
    verb: &str,
    address: &str,
    params: &[(String, String)],
    key: &str,
) -> String {
    let mut encoded: Vec<_> = params
        .iter()
        .filter(|(name, _)| name != "oauth_signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    encoded.sort();
    let joined: Vec<_> = encoded
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let base = format!("{verb}&{}&{}", encode(address), encode(&joined.join("&")));
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

/// Whether the header of a request signs these parameters.
pub(super) fn is_signed(seen: &Seen, base: &str, params: Vec<(String, String)>) -> bool {
    let oauth = seen.oauth();
    let given = oauth
        .iter()
        .find(|(name, _)| name == "oauth_signature")
        .map(|(_, value)| value.clone());
    let params: Vec<_> = params.into_iter().chain(oauth).collect();
    let address = format!("{base}{}", seen.uri.path());
    given
        == Some(signature(
            seen.verb.as_str(),
            &address,
            &params,
            "a9567d986a7539fe&a202d1f853ec69de",
        ))
}

fn encode(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let fields = text.split('&').filter(|field| !field.is_empty());
    fields
        .map(|field| field.split_once('=').unwrap())
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}
