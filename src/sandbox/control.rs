//! What tests look at and switch: `/sandbox/state`, `calls`, `faults` and `account`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::sandbox::api::format::typed;
use crate::sandbox::faults;
use crate::sandbox::state::Core;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Change, Photo, Set, Visibility};

fn answer(value: &Value) -> Response {
    typed("application/json", value.to_string())
}

fn refuse(reason: &str) -> Response {
    let mut response = answer(&json!({ "error": reason }));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// The word for who may see a photo.
pub fn visibility_word(visibility: Visibility) -> &'static str {
    match (visibility.public, visibility.friend, visibility.family) {
        (true, _, _) => "public",
        (_, true, true) => "friends-family",
        (_, true, false) => "friends",
        (_, false, true) => "family",
        (_, false, false) => "private",
    }
}

/// Everything in the account: photos by id, sets in the owner's order. Nothing secret.
pub async fn state(State(core): State<Arc<Core>>) -> Response {
    let state = {
        let account = core.account();
        json!({
            "photos": account.photos().map(photo).collect::<Vec<_>>(),
            "sets": account.sets().map(set).collect::<Vec<_>>(),
            "account": settings(&account),
        })
    };
    answer(&state)
}

fn photo(photo: &Photo) -> Value {
    let machine = photo.tags.iter().filter(|tag| tag.machine);
    json!({
        "id": photo.id.to_string(), "title": photo.title, "description": photo.description,
        "tags": photo.tags.iter().map(|tag| tag.raw.as_str()).collect::<Vec<_>>(),
        "machine_tags": machine.map(|tag| tag.text.as_str()).collect::<Vec<_>>(),
        "visibility": visibility_word(photo.visibility), "size": photo.bytes, "sha1": photo.sha1,
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
pub async fn calls(State(core): State<Arc<Core>>) -> Response {
    answer(&json!({ "totals": core.log.totals(), "calls": core.log.latest(usize::MAX) }))
}

/// The account's settings.
pub async fn account(State(core): State<Arc<Core>>) -> Response {
    let settings = settings(&core.account());
    answer(&settings)
}

/// Changes the settings that are named, and answers all of them.
pub async fn set_account(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let named: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(named) => named,
        Err(error) => return refuse(&error.to_string()),
    };
    let mut all = settings(&core.account());
    for (name, value) in named {
        all[name] = value;
    }
    let fresh = match serde_json::from_value(all.clone()) {
        Ok(fresh) => fresh,
        Err(error) => return refuse(&error.to_string()),
    };
    let saved = core.change(|account| {
        account.commit(Change::Settings(fresh));
        Ok(())
    });
    match saved.await {
        Ok(()) => answer(&all),
        Err(failure) => refuse(&failure.message),
    }
}

/// The script, and how often each fault was looked at and struck.
pub async fn faults(State(core): State<Arc<Core>>) -> Response {
    answer(&json!(core.script.list()))
}

/// Replaces the script by a JSON array of faults.
pub async fn set_faults(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    match faults::parse(&body) {
        Ok(script) => {
            core.script.replace(script);
            answer(&json!(core.script.list()))
        }
        Err(reason) => refuse(&reason),
    }
}

/// Nothing goes wrong any more.
pub async fn clear_faults(State(core): State<Arc<Core>>) -> Response {
    core.script.replace(Vec::new());
    answer(&json!([]))
}
