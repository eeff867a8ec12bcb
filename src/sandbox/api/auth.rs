//! Who calls: a request's OAuth parameters, its key, its signature, its clock and its nonce.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::sandbox::api::failure::Failure;
use crate::sandbox::api::format::Format;
use crate::sandbox::api::problem::Problem;
use crate::sandbox::api::signature::Signed;
use crate::sandbox::params::Params;
use crate::sandbox::state::State;
use crate::sandbox::state::data::Perms;

/// Why a caller is not let in.
#[derive(Debug)]
pub enum Denied {
    /// Answered as plain text.
    Problem(Problem),
    /// Answered as the API answers.
    Failure(Failure),
}

impl Denied {
    /// The refusal as it is sent, of a call that answers in XML.
    pub fn answer(&self) -> Response {
        match self {
            Denied::Problem(problem) => problem.clone().into_response(),
            Denied::Failure(failure) => Format::Xml.fail(failure),
        }
    }

    /// The refusal, for the log of calls.
    pub fn outcome(&self) -> String {
        match self {
            Denied::Problem(problem) => format!("oauth {}", problem.name()),
            Denied::Failure(failure) => failure.outcome(),
        }
    }
}

impl From<Problem> for Denied {
    fn from(problem: Problem) -> Self {
        Denied::Problem(problem)
    }
}

impl From<Failure> for Denied {
    fn from(failure: Failure) -> Self {
        Denied::Failure(failure)
    }
}

/// Reads head and query; a handler adds the parameters of the body.
pub fn signed(state: &State, parts: &Parts) -> Signed {
    let mut params = Params::parse(parts.uri.query().unwrap_or_default());
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    params.extend(header.and_then(Params::from_header).unwrap_or_default());
    Signed {
        method: parts.method.clone(),
        url: format!("{}{}", origin(state, &parts.headers), parts.uri.path()),
        params,
    }
}

/// Scheme and host as the client called them.
fn origin(state: &State, headers: &HeaderMap) -> String {
    match headers.get(HOST).and_then(|host| host.to_str().ok()) {
        Some(host) => {
            let host = host.to_ascii_lowercase();
            format!("http://{}", host.strip_suffix(":80").unwrap_or(&host))
        }
        None => state.base_url.clone(),
    }
}

/// Verifies a signed call and returns what its token allows.
pub fn verify(state: &State, signed: &Signed) -> Result<Perms, Denied> {
    check_key(state, signed.need("oauth_consumer_key")?)?;
    let name = signed.need("oauth_token")?;
    let (secret, perms) = state
        .token(name)
        .ok_or_else(|| Problem::new("token_rejected"))?;
    signed.check_signature(&state.credentials.api_secret, &secret)?;
    check_nonce(state, signed)?;
    Ok(perms)
}

/// Knows one key; a key of the wrong shape gets the API's answer, not OAuth's.
pub fn check_key(state: &State, key: &str) -> Result<(), Denied> {
    check_key_shape(key)?;
    if key == state.credentials.api_key {
        return Ok(());
    }
    Err(Problem::new("consumer_key_unknown").into())
}

/// Keys have 32 hex digits; others get code 100.
pub fn check_key_shape(key: &str) -> Result<(), Failure> {
    if key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Failure::new(
        100,
        "Invalid API Key (Key has invalid format)",
    ))
}

/// Refuses a clock that is off and a nonce that was used.
pub fn check_nonce(state: &State, signed: &Signed) -> Result<(), Problem> {
    let at = signed.need("oauth_timestamp")?.parse();
    let at = at.map_err(|_| Problem::new("timestamp_refused"))?;
    let token = signed.params.get("oauth_token").unwrap_or_default();
    let nonce = format!("{token} {}", signed.need("oauth_nonce")?);
    let tolerance = i64::try_from(state.clock_tolerance.as_secs()).unwrap_or(i64::MAX / 4);
    Ok(state.nonces.accept(nonce, at, state.now(), tolerance)?)
}
