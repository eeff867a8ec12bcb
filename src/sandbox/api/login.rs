//! The three steps of a login: a request token, a person's consent, an access token.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, RawQuery, Request as Incoming, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::MutexGuard;

use crate::sandbox::api::format::{Format, typed};
use crate::sandbox::api::oauth::{Problem, Signed};
use crate::sandbox::connection::Wire;
use crate::sandbox::faults::injected::Hit;
use crate::sandbox::pages;
use crate::sandbox::params::{Params, encode};
use crate::sandbox::state::data::{Change, Perms, Token};
use crate::sandbox::state::ids;
use crate::sandbox::state::{Core, Denied, FULL_NAME, NSID, USERNAME};

/// A form of a login is short.
const LONGEST_FORM: usize = 64 * 1024;
/// So many logins may be under way; the next one ends them all.
const MOST_LOGINS: usize = 1000;

/// A login under way.
#[derive(Debug, Clone)]
pub struct Request {
    secret: String,
    callback: String,
    consent: Option<(String, Perms)>,
}

/// Step 1: a request token.
pub async fn request_token(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    incoming: Incoming,
) -> Response {
    step(
        &core,
        &wire,
        "oauth.request_token",
        incoming,
        async |signed| begin(&core, signed),
    )
    .await
}

/// Step 3: an access token.
pub async fn access_token(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    incoming: Incoming,
) -> Response {
    step(
        &core,
        &wire,
        "oauth.access_token",
        incoming,
        async |signed| finish(&core, signed).await,
    )
    .await
}

/// What steps 1 and 3 have in common: faults, the form, the log.
async fn step(
    core: &Core,
    wire: &Wire,
    name: &str,
    incoming: Incoming,
    work: impl AsyncFnOnce(&Signed) -> Result<String, Denied>,
) -> Response {
    let hit = core.script.strike("oauth");
    let (parts, body) = incoming.into_parts();
    let mut signed = core.signed(&parts);
    let body = to_bytes(body, LONGEST_FORM).await.unwrap_or_default();
    signed
        .params
        .extend(Params::parse(&String::from_utf8_lossy(&body)));
    let (answer, outcome) = match hit.instead(&Format::Xml) {
        Some(answer) => (answer, "not done".to_owned()),
        None => match work(&signed).await {
            Ok(text) => (typed("text/plain;charset=UTF-8", text), "ok".to_owned()),
            Err(Denied::Problem(problem)) => {
                let outcome = format!("oauth {}", problem.name());
                (problem.into_response(), outcome)
            }
            Err(Denied::Failure(failure)) => {
                (Format::Xml.fail(&failure), format!("fail {}", failure.code))
            }
        },
    };
    core.note(name, "", &outcome, &hit);
    hit.after(answer, &Format::Xml, wire).await
}

type Logins<'a> = MutexGuard<'a, std::collections::HashMap<String, Request>>;

fn logins(core: &Core) -> Logins<'_> {
    core.logins.lock()
}

fn begin(core: &Core, signed: &Signed) -> Result<String, Denied> {
    core.check_key(signed.need("oauth_consumer_key")?)?;
    let callback = signed.need("oauth_callback")?.to_owned();
    signed.check_signature(&core.credentials.api_secret, "")?;
    core.check_nonce(signed)?;
    let (token, secret) = (ids::random_token(), ids::random_hex(16));
    let answer =
        format!("oauth_callback_confirmed=true&oauth_token={token}&oauth_token_secret={secret}");
    let mut logins = logins(core);
    if logins.len() >= MOST_LOGINS {
        logins.clear();
    }
    let consent = None;
    logins.insert(
        token,
        Request {
            secret,
            callback,
            consent,
        },
    );
    Ok(answer)
}

async fn finish(core: &Core, signed: &Signed) -> Result<String, Denied> {
    core.check_key(signed.need("oauth_consumer_key")?)?;
    let name = signed.need("oauth_token")?;
    let verifier = signed.need("oauth_verifier")?;
    let rejected = || Problem::new("token_rejected");
    let request = logins(core).get(name).cloned().ok_or_else(rejected)?;
    signed.check_signature(&core.credentials.api_secret, &request.secret)?;
    core.check_nonce(signed)?;
    let (expected, perms) = request.consent.ok_or_else(rejected)?;
    let digits = |text: &str| text.replace('-', "");
    // Taken out only by the right verifier; of two calls at once, one finds it gone.
    if digits(verifier) != digits(&expected) || logins(core).remove(name).is_none() {
        return Err(rejected().into());
    }
    let token = Token {
        token: ids::random_token(),
        secret: ids::random_hex(16),
        perms,
    };
    let answer = format!(
        "fullname={}&oauth_token={}&oauth_token_secret={}&user_nsid={}&username={USERNAME}",
        encode(FULL_NAME),
        token.token,
        token.secret,
        encode(NSID),
    );
    let saved = core.change(|account| {
        account.commit(Change::Token(token));
        Ok(answer)
    });
    saved.await.map_err(Denied::Failure)
}

fn asked_perms(params: &Params) -> Perms {
    match params.get("perms") {
        Some("write") => Perms::Write,
        Some("delete") => Perms::Delete,
        _ => Perms::Read,
    }
}

/// Step 2, seen by a person: the question.
pub async fn ask(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(&query.unwrap_or_default());
    let token = params.get("oauth_token").unwrap_or_default();
    if !logins(&core).contains_key(token) {
        return pages::message(
            StatusCode::NOT_FOUND,
            "This login is not known",
            "The request token has expired or was used. Start the login again.",
        );
    }
    pages::consent(token, asked_perms(&params).word())
}

/// Step 2, the button: shows the code, or goes back to the callback's address.
pub async fn grant(State(core): State<Arc<Core>>, incoming: Incoming) -> Response {
    let query = Params::parse(incoming.uri().query().unwrap_or_default());
    let body = to_bytes(incoming.into_body(), LONGEST_FORM)
        .await
        .unwrap_or_default();
    let mut params = Params::parse(&String::from_utf8_lossy(&body));
    params.extend(query);
    let token = params.get("oauth_token").unwrap_or_default();
    let mut logins = logins(&core);
    let Some(request) = logins.get_mut(token) else {
        drop(logins);
        return pages::message(
            StatusCode::NOT_FOUND,
            "This login is not known",
            "Start the login again.",
        );
    };
    let is_address = request.callback != "oob";
    let code = if is_address {
        ids::random_hex(16)
    } else {
        ids::random_code()
    };
    request.consent = Some((code.clone(), asked_perms(&params)));
    core.note("oauth.authorize", "", "ok", &Hit::default());
    if is_address {
        redirect(&request.callback, token, &code)
    } else {
        pages::code(&code)
    }
}

fn redirect(callback: &str, token: &str, verifier: &str) -> Response {
    let joint = if callback.contains('?') { '&' } else { '?' };
    let target = format!("{callback}{joint}oauth_token={token}&oauth_verifier={verifier}");
    let mut response = StatusCode::FOUND.into_response();
    match HeaderValue::from_str(&target) {
        Ok(target) => {
            response.headers_mut().insert(header::LOCATION, target);
            response
        }
        Err(_) => pages::message(
            StatusCode::BAD_REQUEST,
            "The callback is not an address",
            callback,
        ),
    }
}
