//! A login's step between a request token and an access token: a person says yes.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{self, RawQuery, Request};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::sandbox::faults::injected::Injected;
use crate::sandbox::pages::layout::{bare, message};
use crate::sandbox::params::{LONGEST_FORM, Params};
use crate::sandbox::state::data::Perms;
use crate::sandbox::state::pending_login::Consent;
use crate::sandbox::state::{State, ids};

/// The question.
pub async fn ask(
    extract::State(state): extract::State<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(&query.unwrap_or_default());
    let token = params.get("oauth_token").unwrap_or_default();
    let Some(login) = state.logins.get(token) else {
        return message(
            StatusCode::NOT_FOUND,
            "This login is not known",
            "The request token has expired or was used. Start the login again.",
        );
    };
    consent(&login.callback, token, asked_perms(&params).word())
}

/// The button: shows the code, or goes back to the callback's address.
pub async fn grant(
    extract::State(state): extract::State<Arc<State>>,
    request: Request,
) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default());
    let body = to_bytes(request.into_body(), LONGEST_FORM)
        .await
        .unwrap_or_default();
    let mut params = Params::parse(&String::from_utf8_lossy(&body));
    params.extend(query);
    let token = params.get("oauth_token").unwrap_or_default();
    let Some(login) = state.logins.get(token) else {
        return message(
            StatusCode::NOT_FOUND,
            "This login is not known",
            "Start the login again.",
        );
    };
    let is_address = login.callback != "oob";
    let verifier = if is_address {
        ids::random_hex(16)
    } else {
        ids::random_code()
    };
    let consent = Consent {
        verifier: verifier.clone(),
        perms: asked_perms(&params),
    };
    state.logins.consent(token, consent);
    state.log_call("oauth.authorize", "", "ok", &Injected::default());
    if is_address {
        redirect(&login.callback, token, &verifier)
    } else {
        code(&verifier)
    }
}

fn asked_perms(params: &Params) -> Perms {
    match params.get("perms") {
        Some("write") => Perms::Write,
        Some("delete") => Perms::Delete,
        _ => Perms::Read,
    }
}

/// Scheme, host and port of a callback: a browser follows a form's redirect only where the page says so.
fn origin(callback: &str) -> Option<String> {
    let uri: Uri = callback.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
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
        Err(_) => message(
            StatusCode::BAD_REQUEST,
            "The callback is not an address",
            callback,
        ),
    }
}

fn consent(callback: &str, token: &str, perms: &str) -> Response {
    let may = match perms {
        "read" => "see your private photos",
        "write" => "see your private photos, upload, and change photos and albums",
        _ => "see, upload, change and delete your photos and albums",
    };
    let body = html! {
        div.card.narrow {
            h1 { "Let this application in?" }
            p.lead { "It wants to " (may) "." }
            form method="post" action="/services/oauth/authorize" {
                input type="hidden" name="oauth_token" value=(token);
                input type="hidden" name="perms" value=(perms);
                button.main type="submit" { "OK, let it in" }
            }
        }
    };
    bare(StatusCode::OK, "Log in", origin(callback).as_deref(), &body)
}

fn code(code: &str) -> Response {
    let body = html! {
        div.card.narrow {
            h1 { "You are done here" }
            p.lead { "Type this code into the application:" }
            p.big id="code" { (code) }
        }
    };
    bare(StatusCode::OK, "Your code", None, &body)
}
