//! What tests read and switch: `/sandbox/state`, `calls`, `faults` and `account`.

use std::sync::Arc;

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::sandbox::faults::fault;
use crate::sandbox::response::typed;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Change, Photo, Set};
use crate::sandbox::state::{NotSaved, State};

fn answer(value: &Value) -> Response {
    typed("application/json", value.to_string())
}

fn refuse(reason: &str) -> Response {
    let mut response = answer(&json!({ "error": reason }));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// Everything in the account: photos by id, sets in the owner's order. Nothing secret.
pub async fn state(extract::State(state): extract::State<Arc<State>>) -> Response {
    let everything = {
        let account = state.account();
        json!({
            "photos": account.photos().map(photo).collect::<Vec<_>>(),
            "sets": account.sets().map(set).collect::<Vec<_>>(),
            "account": settings(&account),
        })
    };
    answer(&everything)
}

fn photo(photo: &Photo) -> Value {
    let machine = photo.tags.iter().filter(|tag| tag.machine);
    json!({
        "id": photo.id.to_string(), "title": photo.title, "description": photo.description,
        "tags": photo.tags.iter().map(|tag| tag.raw.as_str()).collect::<Vec<_>>(),
        "machine_tags": machine.map(|tag| tag.text.as_str()).collect::<Vec<_>>(),
        "visibility": photo.privacy.word(), "size": photo.bytes, "sha1": photo.sha1,
        "uploaded": photo.posted, "updated": photo.updated, "media": photo.kind.media(),
        "format": photo.kind.original_format(), "width": photo.width, "height": photo.height,
    })
}

fn set(set: &Set) -> Value {
    json!({
        "id": set.id.to_string(), "title": set.title, "description": set.description,
        "primary": set.primary.to_string(), "created": set.created,
        "photos": set.photos.iter().map(u64::to_string).collect::<Vec<_>>(),
    })
}

fn settings(account: &Account) -> Value {
    // Plain numbers and flags always serialise.
    serde_json::to_value(account.settings()).unwrap_or_default()
}

/// The log: the latest calls, oldest first, and exact totals by method.
pub async fn calls(extract::State(state): extract::State<Arc<State>>) -> Response {
    answer(&json!({ "totals": state.log.totals(), "calls": state.log.latest(usize::MAX) }))
}

/// The account's settings.
pub async fn account(extract::State(state): extract::State<Arc<State>>) -> Response {
    let settings = settings(&state.account());
    answer(&settings)
}

/// Changes the settings that are named, and answers all of them.
pub async fn set_account(
    extract::State(state): extract::State<Arc<State>>,
    body: Bytes,
) -> Response {
    let named: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(named) => named,
        Err(error) => return refuse(&error.to_string()),
    };
    let mut all = settings(&state.account());
    for (name, value) in named {
        all[name] = value;
    }
    let fresh = match serde_json::from_value(all.clone()) {
        Ok(fresh) => fresh,
        Err(error) => return refuse(&error.to_string()),
    };
    let saved = state.change(|account| {
        account.commit(Change::Settings(fresh));
        Ok::<_, NotSaved>(())
    });
    match saved.await {
        Ok(()) => answer(&all),
        Err(NotSaved) => refuse("Write operation failed"),
    }
}

/// The script, with how often each fault was considered and fired.
pub async fn faults(extract::State(state): extract::State<Arc<State>>) -> Response {
    answer(&json!(state.script.list()))
}

/// Replaces the script by a JSON array of faults.
pub async fn set_faults(
    extract::State(state): extract::State<Arc<State>>,
    body: Bytes,
) -> Response {
    match fault::parse(&body) {
        Ok(script) => {
            state.script.replace(script);
            answer(&json!(state.script.list()))
        }
        Err(reason) => refuse(&reason),
    }
}

/// Nothing goes wrong any more.
pub async fn clear_faults(extract::State(state): extract::State<Arc<State>>) -> Response {
    state.script.replace(Vec::new());
    answer(&json!([]))
}
