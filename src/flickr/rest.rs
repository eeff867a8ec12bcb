//! Calls of REST methods: asked, answered, checked, and repeated where that is safe.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, Envelope, Verdict};
use super::oauth::{self, Params};
use super::{Client, Error, random};

/// How often a call is made at most, the first time included.
const ATTEMPTS: u32 = 5;

/// One REST method with its parameters.
pub(super) struct Call {
    method: &'static str,
    params: Params,
    kind: Kind,
    /// The key that a good answer has beside `stat`. Flickr has answered with another method's answer.
    root: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// GET, may be repeated.
    Read,
    /// GET with the whole of OAuth in the query.
    ReadByQuery,
    /// POST, ends the same if it is done twice.
    Write,
    /// POST, must not be done twice.
    WriteOnce,
}

impl Call {
    /// A call that changes nothing.
    pub(super) fn read(method: &'static str, params: Params, root: &'static str) -> Self {
        Self {
            method,
            params,
            kind: Kind::Read,
            root: Some(root),
        }
    }

    /// A read whose parameters travel with OAuth's own in the query, for a method that takes one of those as its argument.
    pub(super) fn read_by_query(method: &'static str, root: &'static str) -> Self {
        Self {
            method,
            params: Params::new(),
            kind: Kind::ReadByQuery,
            root: Some(root),
        }
    }

    /// A change that ends the same if it is made twice. Its ids travel in the body: an address has too little room.
    pub(super) fn write(method: &'static str, params: Params) -> Self {
        Self {
            method,
            params,
            kind: Kind::Write,
            root: None,
        }
    }

    /// A change that must not be made twice.
    pub(super) fn write_once(method: &'static str, params: Params, root: &'static str) -> Self {
        Self {
            method,
            params,
            kind: Kind::WriteOnce,
            root: Some(root),
        }
    }

    /// The same call with one more parameter.
    pub(super) fn with(mut self, key: &'static str, value: String) -> Self {
        self.params.push((key, value));
        self
    }

    pub(super) fn method(&self) -> &'static str {
        self.method
    }

    /// A request that got no clear answer: harmless where it may be repeated, ambiguous where not.
    fn unclear(&self, why: String) -> Error {
        if self.kind == Kind::WriteOnce {
            Error::ambiguous(self.method, why)
        } else {
            Error::unavailable(self.method, why)
        }
    }
}

impl Client {
    /// Makes a call, out of the budget, until it is answered: five times at most.
    pub(super) async fn call(&self, call: Call) -> Result<Value, Error> {
        let mut attempt = 1;
        loop {
            let _permit = self.shared.budget.take().await?;
            match self.call_once(&call).await {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                    tracing::debug!(
                        flickr.method = call.method,
                        attempt,
                        "{error}; trying again"
                    );
                    if !matches!(error, Error::Throttled { .. }) {
                        tokio::time::sleep(self.backoff(attempt)).await;
                    }
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    /// Makes a call and reads its answer as `T`.
    pub(super) async fn call_as<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let method = call.method;
        let value = self.call(call).await?;
        serde_json::from_value(value).map_err(|error| {
            Error::unavailable(method, format!("an answer of an unknown form: {error}"))
        })
    }

    /// What an answer means for everybody: a pause, a clock to set, a base string to log.
    pub(super) fn heed(&self, doing: &str, answer: &Answer, verdict: Verdict) -> Verdict {
        match verdict {
            Verdict::Failed(Error::Throttled { wait }) => {
                self.shared
                    .budget
                    .throttled(wait, self.shared.timeouts.backoff);
                Verdict::Failed(Error::Throttled { wait })
            }
            Verdict::Failed(Error::ClockSkew) => {
                let date = answer.date.as_deref().unwrap_or_default();
                let corrected = self.shared.signer.correct_clock(date);
                let again = || {
                    Error::unavailable(doing, "this machine's clock was wrong; now set by Flickr's")
                };
                Verdict::Failed(if corrected { again() } else { Error::ClockSkew })
            }
            Verdict::Failed(Error::Signature) => {
                self.shared
                    .signer
                    .log_refusal(&String::from_utf8_lossy(&answer.body));
                Verdict::Failed(Error::Signature)
            }
            other => other,
        }
    }

    async fn call_once(&self, call: &Call) -> Result<Value, Error> {
        let request = self.request(call)?;
        self.shared.rest_calls.fetch_add(1, Ordering::Relaxed);
        let sent = async { Answer::read(request.send().await?).await };
        let answer = sent.await.map_err(|error| lost(call, error))?;
        match self.heed(call.method, &answer, answer.verdict(call.method, false)) {
            Verdict::Done(envelope) => expected(call, envelope),
            Verdict::Failed(error) => Err(error),
            Verdict::Unclear(why) => Err(call.unclear(why)),
        }
    }

    /// The call as a request, signed now.
    fn request(&self, call: &Call) -> Result<reqwest::RequestBuilder, Error> {
        let shared = &*self.shared;
        let address = shared.endpoints.rest.as_str();
        let mut params = call.params.clone();
        params.push(("method", call.method.into()));
        params.push(("format", "json".into()));
        params.push(("nojsoncallback", "1".into()));
        Ok(match call.kind {
            Kind::Read => shared
                .rest_http
                .get(format!("{address}?{}", oauth::encode(&params)))
                .header(
                    AUTHORIZATION,
                    shared.signer.header("GET", address, &params)?,
                ),
            Kind::ReadByQuery => shared.rest_http.get(shared.signer.query(address, &params)),
            Kind::Write | Kind::WriteOnce => shared
                .rest_http
                .post(address)
                .header(
                    AUTHORIZATION,
                    shared.signer.header("POST", address, &params)?,
                )
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(oauth::encode(&params)),
        })
    }

    /// 1, 2, 4 ... times the first wait, give or take half.
    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = self.shared.timeouts.backoff * 2_u32.pow(attempt - 1);
        doubled.mul_f64(0.5 + random())
    }
}

/// A request that failed on the way. Without a connection nothing was sent, so nothing was done.
fn lost(call: &Call, error: reqwest::Error) -> Error {
    if error.is_connect() {
        return Error::unavailable(call.method, "no connection").because(error);
    }
    let why = if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    call.unclear(why.into()).because(error)
}

/// What is under the root key, which must be there.
fn expected(call: &Call, envelope: Envelope) -> Result<Value, Error> {
    let Envelope::Json(mut value) = envelope else {
        return Err(call.unclear("XML for an answer".into()));
    };
    let Some(root) = call.root else {
        return Ok(value);
    };
    match value.get_mut(root) {
        Some(found) => Ok(found.take()),
        None => Err(call.unclear(format!("an answer without {root:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::testing::{self, Reply, client, client_with, is_signed, scripted};
    use super::super::{Calls, Rights, Timeouts};
    use super::*;

    const LOGIN: &str =
        r#"{"user":{"id":"78733179@N04","username":{"_content":"@janko-m"}},"stat":"ok"}"#;
    const MADE: &str = r#"{"photoset":{"id":"72157636216289703"},"stat":"ok"}"#;

    #[tokio::test]
    async fn a_read_is_a_signed_get_and_a_write_is_a_signed_post_with_its_ids_in_the_body() {
        let server = scripted(vec![Reply::ok(LOGIN), Reply::ok(r#"{"stat":"ok"}"#)]).await;
        let client = client(&server.base);
        client.login().await.unwrap();
        client
            .edit_set("1", "2", &["3".into(), "2".into()])
            .await
            .unwrap();
        let seen = server.seen();
        assert_eq!(
            (seen[0].verb.as_str(), seen[0].uri.path()),
            ("GET", "/services/rest")
        );
        assert_eq!((seen[1].verb.as_str(), seen[1].uri.query()), ("POST", None));
        assert_eq!(seen[1].param("photo_ids").as_deref(), Some("3,2"));
        for request in &seen {
            assert!(is_signed(request, &server.base, request.params()));
            assert_eq!(request.param("nojsoncallback").as_deref(), Some("1"));
            assert_eq!(request.headers["user-agent"], super::super::USER_AGENT);
        }
    }

    #[tokio::test]
    async fn the_token_is_checked_with_all_of_oauth_in_the_query() {
        let answer =
            r#"{"oauth":{"token":{"_content":"1"},"perms":{"_content":"write"}},"stat":"ok"}"#;
        let server = scripted(vec![Reply::ok(answer)]).await;
        assert_eq!(client(&server.base).rights().await.unwrap(), Rights::Write);
        let seen = &server.seen()[0];
        assert!(!seen.headers.contains_key("authorization"));
        let params = seen.params();
        assert_eq!(
            params
                .iter()
                .filter(|(name, _)| name == "oauth_token")
                .count(),
            1
        );
        let address = format!("{}/services/rest", server.base);
        let signature = testing::signature(
            "GET",
            &address,
            &params,
            "a9567d986a7539fe&a202d1f853ec69de",
        );
        assert_eq!(seen.param("oauth_signature"), Some(signature));
    }

    #[tokio::test]
    async fn a_read_is_repeated_through_every_kind_of_trouble_and_signed_anew() {
        let server = scripted(vec![
            Reply::new(502, "<html>Will be right back</html>"),
            Reply::new(429, "<html><body><h1>429 Too Many Requests</h1>"),
            Reply::ok(r#"<rsp stat="ok"><set_ids/><created_now/></rsp>"#),
            Reply::ok(r#"{"photos":{},"stat":"ok"}"#),
            Reply::ok(LOGIN),
        ])
        .await;
        let client = client(&server.base);
        assert_eq!(client.login().await.unwrap().name, "@janko-m");
        assert_eq!(
            client.calls(),
            Calls {
                rest: 5,
                uploads: 0
            }
        );
        let mut nonces: Vec<_> = server
            .seen()
            .iter()
            .map(|seen| seen.oauth()[1].clone())
            .collect();
        nonces.sort();
        nonces.dedup();
        assert_eq!(nonces.len(), 5, "{nonces:?}");
    }

    #[tokio::test]
    async fn a_read_is_given_up_after_five_times() {
        let server = scripted(vec![Reply::new(503, "")]).await;
        let error = client(&server.base).login().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert_eq!(server.seen().len(), 5);
    }

    #[tokio::test]
    async fn what_is_not_transient_is_not_repeated() {
        let server = scripted(vec![Reply::new(401, "oauth_problem=token_rejected")]).await;
        let error = client(&server.base).login().await.unwrap_err();
        assert!(
            matches!(error, Error::TokenRevoked { .. }) && error.stops_everything(),
            "{error}"
        );
        assert_eq!(server.seen().len(), 1);
    }

    #[tokio::test]
    async fn the_making_of_a_set_is_not_repeated_after_an_unclear_answer() {
        for unclear in [
            Reply::new(502, ""),
            Reply::ok(""),
            Reply::ok(r#"{"stat":"ok"}"#),
        ] {
            let server = scripted(vec![unclear, Reply::ok(MADE)]).await;
            let error = client(&server.base)
                .create_set("Oslo", "1")
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
            assert_eq!(server.seen().len(), 1);
        }
    }

    #[tokio::test]
    async fn the_making_of_a_set_is_repeated_where_it_was_refused_before_anything_was_done() {
        let server = scripted(vec![Reply::new(429, ""), Reply::ok(MADE)]).await;
        assert_eq!(
            client(&server.base).create_set("Oslo", "1").await.unwrap(),
            "72157636216289703"
        );
    }

    #[tokio::test]
    async fn a_deletion_whose_answer_was_lost_is_a_deletion() {
        let server = scripted(vec![
            Reply::new(504, ""),
            Reply::ok(r#"{"stat":"fail","code":1,"message":"Photoset not found"}"#),
        ])
        .await;
        client(&server.base).delete_set("1").await.unwrap();
        assert_eq!(server.seen().len(), 2);
    }

    #[tokio::test]
    async fn a_wrong_clock_is_set_by_flickrs_once() {
        let refused = || {
            Reply::new(401, "oauth_problem=timestamp_refused")
                .header("date", "Tue, 29 Nov 2033 12:00:00 GMT")
        };
        let server = scripted(vec![refused(), Reply::ok(LOGIN)]).await;
        client(&server.base).login().await.unwrap();
        let oauth = server.seen()[1].oauth();
        let timestamp = &oauth
            .iter()
            .find(|(name, _)| name == "oauth_timestamp")
            .unwrap()
            .1;
        assert!(timestamp.starts_with("20168784"), "{timestamp}");

        let server = scripted(vec![refused()]).await;
        let error = client(&server.base).login().await.unwrap_err();
        assert!(matches!(error, Error::ClockSkew), "{error}");
        assert_eq!(server.seen().len(), 2);
    }

    #[tokio::test]
    async fn a_lost_connection_is_harmless_to_a_read_and_ambiguous_to_the_making_of_a_set() {
        let base = testing::raw(async |mut stream| {
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.shutdown().await;
        })
        .await;
        let client = client(&base);
        let error = client.login().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert_eq!(client.calls().rest, 5);
        let error = client.create_set("Oslo", "1").await.unwrap_err();
        assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    }

    #[tokio::test]
    async fn nobody_there_means_that_nothing_was_done() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = client(&base).create_set("Oslo", "1").await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    }

    /// Takes a connection and says nothing.
    async fn silent(stream: tokio::net::TcpStream) {
        let _open = stream;
        std::future::pending().await
    }

    #[tokio::test]
    async fn no_error_tells_the_token_or_a_secret_or_an_address() {
        let base = testing::raw(silent).await;
        let timeouts = Timeouts {
            call: Duration::from_millis(20),
            ..testing::timeouts()
        };
        let client = client_with(&base, timeouts);
        let error = client.rights().await.unwrap_err();
        let mut told = format!("{error} {error:?} {client:?} {:?}", testing::credentials());
        let mut cause = std::error::Error::source(&error);
        assert!(cause.is_some());
        while let Some(error) = cause {
            told += &format!(" {error} {error:?}");
            cause = error.source();
        }
        let secrets = testing::credentials();
        assert!(!told.contains(&secrets.token), "{told}");
        assert!(
            !told.contains("a9567d986a7539fe") && !told.contains("a202d1f853ec69de"),
            "{told}"
        );
        assert!(!told.contains("oauth_signature"), "{told}");
    }
}
