//! Calls of REST methods: asked, answered, checked, and repeated where that is safe.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::envelope::Envelope;
use super::oauth::{self, Params};
use super::response::{RawResponse, Reply};
use super::{Client, Error, random, redact};

/// How often a call is made at most, the first time included.
const ATTEMPTS: u32 = 5;
/// The same for a call that Flickr answers with "too many": the pauses between them grow to half a minute.
const ATTEMPTS_WHILE_THROTTLED: u32 = 15;

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
            self.until_drain(self.shared.budget.take()).await??.spend();
            match self.until_abort(self.call_once(&call)).await? {
                Err(error) if error.is_transient() && attempt < self.attempts(&error) => {
                    tracing::debug!(
                        flickr.method = call.method,
                        attempt,
                        "{error}; trying again"
                    );
                    if !matches!(error, Error::Throttled { .. }) {
                        let pause = self.shared.budget.rest(self.backoff(attempt));
                        self.until_drain(pause).await??;
                    }
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    /// To be asked for fewer calls is no failure, so a run that can be stopped goes on for some minutes.
    fn attempts(&self, error: &Error) -> u32 {
        match error {
            Error::Throttled { .. } if self.stop.is_some() => ATTEMPTS_WHILE_THROTTLED,
            _ => ATTEMPTS,
        }
    }

    /// Waits for what comes before a call.
    async fn until_drain<T>(&self, wait: impl Future<Output = T>) -> Result<T, Error> {
        let Some(stop) = &self.stop else {
            return Ok(wait.await);
        };
        tokio::select! {
            biased;
            () = stop.draining() => Err(Error::Draining),
            over = wait => Ok(over),
        }
    }

    async fn until_abort<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, Error> {
        let Some(stop) = &self.stop else {
            return Ok(call.await);
        };
        tokio::select! {
            biased;
            () = stop.aborting() => Err(Error::Aborted),
            over = call => Ok(over),
        }
    }

    /// Makes a call and reads its answer as `T`.
    pub(super) async fn call_as<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let method = call.method;
        let value = self.call(call).await?;
        serde_json::from_value(value).map_err(|error| {
            let error = redact::text(&error.to_string(), &self.shared.signer.secrets());
            Error::unavailable(method, format!("an answer of an unknown form: {error}"))
        })
    }

    /// What an answer means for everybody: a pause, a clock to set, a base string to log.
    pub(super) fn apply_to_budget(&self, doing: &str, answer: &RawResponse, reply: Reply) -> Reply {
        if let Some(date) = &answer.date {
            self.shared.clock.learn(date);
        }
        match reply {
            Reply::Failed(error @ Error::Throttled { wait, .. }) => {
                self.shared
                    .budget
                    .throttled(wait, self.shared.timeouts.backoff);
                Reply::Failed(error)
            }
            Reply::Failed(Error::ClockSkew) => {
                let date = answer.date.as_deref().unwrap_or_default();
                let corrected = self.shared.signer.correct_clock(date);
                let again = || {
                    Error::unavailable(doing, "this machine's clock was wrong; now set by Flickr's")
                };
                Reply::Failed(if corrected { again() } else { Error::ClockSkew })
            }
            Reply::Failed(Error::Signature) => {
                self.shared
                    .signer
                    .log_refusal(&String::from_utf8_lossy(&answer.body));
                Reply::Failed(Error::Signature)
            }
            Reply::Failed(error) => {
                Reply::Failed(redact::error(error, &self.shared.signer.secrets()))
            }
            Reply::Unclear(why) => {
                Reply::Unclear(redact::text(&why, &self.shared.signer.secrets()))
            }
            done => done,
        }
    }

    async fn call_once(&self, call: &Call) -> Result<Value, Error> {
        let request = self.request(call)?;
        self.shared.rest_calls.fetch_add(1, Ordering::Relaxed);
        let sent = async { RawResponse::read(request.send().await?).await };
        let answer = sent.await.map_err(|error| lost(call, error))?;
        match self.apply_to_budget(call.method, &answer, answer.reply(call.method, false)) {
            Reply::Done(envelope) => expected(call, envelope),
            Reply::Failed(error) if call.kind == Kind::WriteOnce => {
                Err(answer.as_ambiguous(call.method, error))
            }
            Reply::Failed(error) => Err(error),
            Reply::Unclear(why) => Err(call.unclear(why)),
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
mod tests;
