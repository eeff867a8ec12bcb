//! The two steps of a login that a client takes: a request token, and an access token for it.
//! The step between them is a person's, in `pages/login.rs`.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{self, ConnectInfo, Request};
use axum::response::Response;

use crate::sandbox::api::auth::{self, Denied};
use crate::sandbox::api::failure::Failure;
use crate::sandbox::api::format::Format;
use crate::sandbox::api::injected_answers::{answer_after, answer_instead};
use crate::sandbox::api::problem::Problem;
use crate::sandbox::api::signature::Signed;
use crate::sandbox::connection::Connection;
use crate::sandbox::params::{LONGEST_FORM, Params, encode};
use crate::sandbox::response::typed;
use crate::sandbox::state::data::{Change, Token};
use crate::sandbox::state::owner::{FULL_NAME, NSID, USERNAME};
use crate::sandbox::state::pending_login::PendingLogin;
use crate::sandbox::state::{State, ids};

/// The first step: a request token.
pub async fn request_token(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let work = async |signed: &Signed| begin(&state, signed);
    step(&state, &connection, "oauth.request_token", request, work).await
}

/// The last step: an access token.
pub async fn access_token(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let work = async |signed: &Signed| finish(&state, signed).await;
    step(&state, &connection, "oauth.access_token", request, work).await
}

/// What both steps have in common: faults, the form, the log.
async fn step(
    state: &State,
    connection: &Connection,
    name: &str,
    request: Request,
    work: impl AsyncFnOnce(&Signed) -> Result<String, Denied>,
) -> Response {
    let injected = state.script.fire("oauth");
    let (parts, body) = request.into_parts();
    let mut signed = auth::signed(state, &parts);
    let body = to_bytes(body, LONGEST_FORM).await.unwrap_or_default();
    let form = Params::parse(&String::from_utf8_lossy(&body));
    signed.params.extend(form);
    let (answer, outcome) = match answer_instead(&injected, &Format::Xml) {
        Some(answer) => (answer, "not done".to_owned()),
        None => match work(&signed).await {
            Ok(text) => (typed("text/plain;charset=UTF-8", text), "ok".to_owned()),
            Err(denied) => (denied.answer(), denied.outcome()),
        },
    };
    state.log_call(name, "", &outcome, &injected);
    answer_after(&injected, answer, &Format::Xml, connection).await
}

fn begin(state: &State, signed: &Signed) -> Result<String, Denied> {
    auth::check_key(state, signed.need("oauth_consumer_key")?)?;
    let callback = signed.need("oauth_callback")?.to_owned();
    signed.check_signature(&state.credentials.api_secret, "")?;
    auth::check_nonce(state, signed)?;
    let (token, secret) = (ids::random_token(), ids::random_hex(16));
    let answer =
        format!("oauth_callback_confirmed=true&oauth_token={token}&oauth_token_secret={secret}");
    let login = PendingLogin {
        secret,
        callback,
        consent: None,
    };
    state.logins.begin(token, login);
    Ok(answer)
}

async fn finish(state: &State, signed: &Signed) -> Result<String, Denied> {
    auth::check_key(state, signed.need("oauth_consumer_key")?)?;
    let name = signed.need("oauth_token")?;
    let verifier = signed.need("oauth_verifier")?;
    let rejected = || Problem::new("token_rejected");
    let login = state.logins.get(name).ok_or_else(rejected)?;
    signed.check_signature(&state.credentials.api_secret, &login.secret)?;
    auth::check_nonce(state, signed)?;
    let consent = login.consent.ok_or_else(rejected)?;
    let digits = |text: &str| text.replace('-', "");
    // Only the right verifier ends the login. Of two calls at once, one finds it ended.
    if digits(verifier) != digits(&consent.verifier) || !state.logins.end(name) {
        return Err(rejected().into());
    }
    let token = Token {
        token: ids::random_token(),
        secret: ids::random_hex(16),
        perms: consent.perms,
    };
    let answer = format!(
        "fullname={}&oauth_token={}&oauth_token_secret={}&user_nsid={}&username={USERNAME}",
        encode(FULL_NAME),
        token.token,
        token.secret,
        encode(NSID),
    );
    let saved = state.change(|account| {
        account.commit(Change::Token(token));
        Ok::<_, Failure>(answer)
    });
    Ok(saved.await?)
}
