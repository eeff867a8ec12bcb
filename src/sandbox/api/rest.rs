//! `/services/rest`: who calls, which method, and what it may do.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{self, ConnectInfo, Request};
use axum::http::{Method as Verb, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::sandbox::api::auth::{self, Denied};
use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult, insufficient};
use crate::sandbox::api::format::Format;
use crate::sandbox::api::injected_answers::{answer_after, answer_instead};
use crate::sandbox::api::methods::{self, Method};
use crate::sandbox::api::numbers::numbers_as_strings;
use crate::sandbox::api::signature::Signed;
use crate::sandbox::connection::Connection;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::params::Params;
use crate::sandbox::response::html_error;
use crate::sandbox::state::State;
use crate::sandbox::state::data::Perms;

/// The servers in front of Flickr refuse a longer address.
const LONGEST_URI: usize = 8 * 1024;
/// A longer form is refused.
const LONGEST_FORM: usize = 16 * 1024 * 1024;

/// Answers one call.
pub async fn rest(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    if is_too_long(request.uri()) {
        state.log_call("too long", "", "http 414", &Injected::default());
        return html_error(StatusCode::URI_TOO_LONG);
    }
    let Some(signed) = read(&state, request).await else {
        return html_error(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let name = signed.params.get("method").unwrap_or_default().to_owned();
    let injected = state.script.fire(&name);
    if injected.breaks_body() {
        state.log_call(logged_name(&name), "", "reset", &injected);
        let answer = html_error(StatusCode::BAD_REQUEST);
        return answer_after(&injected, answer, &Format::Xml, &connection).await;
    }
    let format = Format::asked_for(&signed.params).unwrap_or(Format::Xml);
    tokio::time::sleep(injected.body_delay).await;
    let (answer, outcome) = match answer_instead(&injected, &format) {
        Some(answer) => (answer, "not done".to_owned()),
        None => perform(&state, &signed, &format, &injected).await,
    };
    let subject = subject(&signed.params);
    state.log_call(logged_name(&name), subject, &outcome, &injected);
    answer_after(&injected, answer, &format, &connection).await
}

fn is_too_long(uri: &Uri) -> bool {
    uri.path_and_query()
        .is_some_and(|uri| uri.as_str().len() > LONGEST_URI)
}

/// The call with all of its parameters; `None` if its body is too large.
async fn read(state: &State, request: Request) -> Option<Signed> {
    let (parts, body) = request.into_parts();
    let mut signed = auth::signed(state, &parts);
    let body = to_bytes(body, LONGEST_FORM).await.ok()?;
    let form = Params::parse(&String::from_utf8_lossy(&body));
    signed.params.extend(form);
    Some(signed)
}

/// All unknown names share one line of the totals.
fn logged_name(name: &str) -> &str {
    methods::find(name).map_or("unknown method", |method| method.name)
}

fn subject(params: &Params) -> &str {
    ["photo_id", "photoset_id", "title"]
        .iter()
        .find_map(|name| params.filled(name))
        .unwrap_or_default()
}

/// Does a call; returns the answer, and the outcome for the log.
async fn perform(
    state: &State,
    signed: &Signed,
    format: &Format,
    injected: &Injected,
) -> (Response, String) {
    let result = match permit(state, signed) {
        Ok((method, perms)) => run(state, method, perms, signed, injected).await,
        Err(Denied::Failure(failure)) => Err(failure),
        Err(Denied::Problem(problem)) => {
            let outcome = Denied::Problem(problem.clone()).outcome();
            return (problem.into_response(), outcome);
        }
    };
    match result {
        Ok(mut fields) => {
            if state.is_odd_answer() {
                numbers_as_strings(&mut fields);
            }
            (format.ok(&fields), "ok".to_owned())
        }
        Err(failure) => (format.fail(&failure), failure.outcome()),
    }
}

/// Which method is called, and what the caller's token allows.
fn permit(state: &State, signed: &Signed) -> Result<(&'static Method, Perms), Denied> {
    let params = &signed.params;
    Format::asked_for(params)?;
    let perms = caller(state, signed)?;
    let name = params.get("method").unwrap_or_default();
    let unknown = || Failure::new(112, format!("Method \"{name}\" not found"));
    let method = methods::find(name).ok_or_else(unknown)?;
    if perms < method.perms {
        return Err(insufficient(method.perms, perms).into());
    }
    if method.perms >= Perms::Write && signed.method != Verb::POST {
        let message = "The POST method is now required for all setters";
        return Err(Failure::new(116, message).into());
    }
    Ok((method, perms))
}

fn caller(state: &State, signed: &Signed) -> Result<Perms, Denied> {
    let params = &signed.params;
    if params.get("oauth_consumer_key").is_some() || params.get("oauth_signature").is_some() {
        return auth::verify(state, signed);
    }
    let key = params.get("api_key").unwrap_or_default();
    auth::check_key_shape(key)?;
    if key != state.credentials.api_key {
        return Err(Failure::new(100, "Invalid API Key (Key not found)").into());
    }
    Ok(Perms::None)
}

async fn run(
    state: &State,
    method: &Method,
    perms: Perms,
    signed: &Signed,
    injected: &Injected,
) -> MethodResult {
    let hidden = state.fresh.unknown_to_call(named_photos(&signed.params));
    state
        .change(|account| {
            let now = account.now();
            let mut context = Context {
                params: &signed.params,
                perms,
                account,
                state,
                hidden,
                now,
                injected,
            };
            (method.run)(&mut context)
        })
        .await
}

/// The photos that a call names.
fn named_photos(params: &Params) -> impl Iterator<Item = u64> {
    ["photo_id", "primary_photo_id", "photo_ids"]
        .iter()
        .filter_map(|name| params.get(name))
        .flat_map(|list| list.split(','))
        .filter_map(|id| id.parse().ok())
}
