//! `/services/rest`: who calls, which method, and what it may do.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method as Verb, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::sandbox::api::format::{Failure, Format, html_error, numbers_as_strings};
use crate::sandbox::api::oauth::Signed;
use crate::sandbox::api::people;
use crate::sandbox::api::photos;
use crate::sandbox::api::photos_edit as edit;
use crate::sandbox::api::sets;
use crate::sandbox::api::sets_edit;
use crate::sandbox::connection::Wire;
use crate::sandbox::faults::injected::Hit;
use crate::sandbox::params::Params;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Perms, Photo, Set};
use crate::sandbox::state::{Core, Denied, check_key_shape, now};

/// A longer address is refused by the servers in front of Flickr.
const LONGEST_URI: usize = 8 * 1024;
/// A longer form is refused.
const LONGEST_FORM: usize = 16 * 1024 * 1024;

/// What a method works with.
pub struct Context<'a> {
    /// All of the call's parameters.
    pub params: &'a Params,
    /// What the caller may do; without a token he sees public photos only.
    pub perms: Perms,
    /// The account, held for this call.
    pub account: &'a mut Account,
    /// The sandbox.
    pub core: &'a Core,
    /// Photos that are not yet known to this call.
    pub hidden: HashSet<u64>,
    /// Unix seconds.
    pub now: i64,
    /// The faults that strike this call.
    pub hit: &'a Hit,
}

type Answer = Result<Value, Failure>;

/// One method of the API.
struct Method {
    name: &'static str,
    perms: Perms,
    run: fn(&mut Context<'_>) -> Answer,
}

const fn method(name: &'static str, perms: Perms, run: fn(&mut Context<'_>) -> Answer) -> Method {
    Method { name, perms, run }
}

const METHODS: &[Method] = &[
    method("flickr.test.echo", Perms::None, people::echo),
    method("flickr.test.login", Perms::Read, people::login),
    method(
        "flickr.auth.oauth.checkToken",
        Perms::None,
        people::check_token,
    ),
    method(
        "flickr.people.getUploadStatus",
        Perms::Read,
        people::upload_status,
    ),
    method("flickr.people.getLimits", Perms::Read, people::limits),
    method("flickr.people.getPhotos", Perms::None, people::photos),
    method("flickr.photos.search", Perms::None, photos::search),
    method("flickr.photos.getInfo", Perms::None, photos::info),
    method("flickr.photos.getSizes", Perms::None, photos::sizes),
    method("flickr.photos.getNotInSet", Perms::Read, photos::not_in_set),
    method(
        "flickr.photos.recentlyUpdated",
        Perms::Read,
        photos::recently_updated,
    ),
    method(
        "flickr.photos.getAllContexts",
        Perms::None,
        photos::all_contexts,
    ),
    method(
        "flickr.photos.upload.checkTickets",
        Perms::None,
        people::check_tickets,
    ),
    method("flickr.photos.delete", Perms::Delete, edit::delete),
    method("flickr.photos.setTags", Perms::Write, edit::set_tags),
    method("flickr.photos.addTags", Perms::Write, edit::add_tags),
    method("flickr.photos.removeTag", Perms::Write, edit::remove_tag),
    method("flickr.photos.setMeta", Perms::Write, edit::set_meta),
    method("flickr.photos.setPerms", Perms::Write, edit::set_perms),
    method("flickr.photos.setDates", Perms::Write, edit::set_dates),
    method("flickr.photosets.getList", Perms::None, sets::list),
    method("flickr.photosets.getInfo", Perms::None, sets::info),
    method("flickr.photosets.getPhotos", Perms::None, sets::photos),
    method("flickr.photosets.create", Perms::Write, sets_edit::create),
    method(
        "flickr.photosets.addPhoto",
        Perms::Write,
        sets_edit::add_photo,
    ),
    method(
        "flickr.photosets.editPhotos",
        Perms::Write,
        sets_edit::edit_photos,
    ),
    method(
        "flickr.photosets.removePhoto",
        Perms::Write,
        sets_edit::remove_photo,
    ),
    method(
        "flickr.photosets.removePhotos",
        Perms::Write,
        sets_edit::remove_photos,
    ),
    method(
        "flickr.photosets.reorderPhotos",
        Perms::Write,
        sets_edit::reorder_photos,
    ),
    method(
        "flickr.photosets.setPrimaryPhoto",
        Perms::Write,
        sets_edit::set_primary,
    ),
    method(
        "flickr.photosets.editMeta",
        Perms::Write,
        sets_edit::edit_meta,
    ),
    method("flickr.photosets.delete", Perms::Write, sets_edit::delete),
    method(
        "flickr.photosets.orderSets",
        Perms::Write,
        sets_edit::order_sets,
    ),
];

/// Answers one call.
pub async fn rest(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    if request
        .uri()
        .path_and_query()
        .is_some_and(|uri| uri.as_str().len() > LONGEST_URI)
    {
        core.note("too long", "", "http 414", &Hit::default());
        return html_error(StatusCode::URI_TOO_LONG);
    }
    let (parts, body) = request.into_parts();
    let mut signed = core.signed(&parts);
    let Ok(body) = to_bytes(body, LONGEST_FORM).await else {
        return html_error(StatusCode::PAYLOAD_TOO_LARGE);
    };
    signed
        .params
        .extend(Params::parse(&String::from_utf8_lossy(&body)));
    let name = signed.params.get("method").unwrap_or_default().to_owned();
    let hit = core.script.strike(&name);
    if hit.breaks_body() {
        core.note(logged_name(&name), "", "reset", &hit);
        return hit
            .after(html_error(StatusCode::BAD_REQUEST), &Format::Xml, &wire)
            .await;
    }
    let format = Format::asked_for(&signed.params).unwrap_or(Format::Xml);
    tokio::time::sleep(hit.body_delay).await;
    let (answer, outcome) = match hit.instead(&format) {
        Some(answer) => (answer, "not done".to_owned()),
        None => perform(&core, &signed, &format, &hit).await,
    };
    core.note(logged_name(&name), subject(&signed.params), &outcome, &hit);
    hit.after(answer, &format, &wire).await
}

/// Names that nobody knows share one line of the totals.
fn logged_name(name: &str) -> &str {
    METHODS
        .iter()
        .find(|method| method.name == name)
        .map_or("unknown method", |method| method.name)
}

fn subject(params: &Params) -> &str {
    ["photo_id", "photoset_id", "title"]
        .iter()
        .find_map(|name| params.filled(name))
        .unwrap_or_default()
}

async fn perform(core: &Core, signed: &Signed, format: &Format, hit: &Hit) -> (Response, String) {
    let answer = match permit(core, signed) {
        Ok((method, perms)) => run(core, method, perms, signed, hit).await,
        Err(Denied::Failure(failure)) => Err(failure),
        Err(Denied::Problem(problem)) => {
            let outcome = format!("oauth {}", problem.name());
            return (problem.into_response(), outcome);
        }
    };
    match answer {
        Ok(mut fields) => {
            if core.is_odd_answer() {
                numbers_as_strings(&mut fields);
            }
            (format.ok(&fields), "ok".to_owned())
        }
        Err(failure) => (
            format.fail(&failure),
            format!("fail {}: {}", failure.code, failure.message),
        ),
    }
}

/// Who calls, and whether he may.
fn permit(core: &Core, signed: &Signed) -> Result<(&'static Method, Perms), Denied> {
    let params = &signed.params;
    Format::asked_for(params).map_err(Denied::Failure)?;
    let perms = caller(core, signed)?;
    let name = params.get("method").unwrap_or_default();
    let unknown = || Denied::Failure(Failure::new(112, format!("Method \"{name}\" not found")));
    let method = METHODS
        .iter()
        .find(|method| method.name == name)
        .ok_or_else(unknown)?;
    if perms < method.perms {
        return Err(Denied::Failure(insufficient(method.perms, perms)));
    }
    if method.perms >= Perms::Write && signed.method != Verb::POST {
        return Err(Denied::Failure(Failure::new(
            116,
            "The POST method is now required for all setters",
        )));
    }
    Ok((method, perms))
}

/// Code 99 in Flickr's words.
pub fn insufficient(required: Perms, granted: Perms) -> Failure {
    let (required, granted) = (required.word(), granted.word());
    Failure::new(
        99,
        format!(
            "Insufficient permissions. Method requires {required} privileges; {granted} granted."
        ),
    )
}

fn caller(core: &Core, signed: &Signed) -> Result<Perms, Denied> {
    let params = &signed.params;
    if params.get("oauth_consumer_key").is_some() || params.get("oauth_signature").is_some() {
        return core.verify(signed);
    }
    let key = params.get("api_key").unwrap_or_default();
    check_key_shape(key).map_err(Denied::Failure)?;
    if key != core.credentials.api_key {
        return Err(Denied::Failure(Failure::new(
            100,
            "Invalid API Key (Key not found)",
        )));
    }
    Ok(Perms::None)
}

async fn run(core: &Core, method: &Method, perms: Perms, signed: &Signed, hit: &Hit) -> Answer {
    let hidden = still_unknown(core, &signed.params);
    core.change(|account| {
        let now = now() + account.settings().clock_ahead_seconds;
        let mut context = Context {
            params: &signed.params,
            perms,
            account,
            core,
            hidden,
            now,
            hit,
        };
        (method.run)(&mut context)
    })
    .await
}

/// The photos of this call that a fault keeps unknown; each such call brings them nearer.
fn still_unknown(core: &Core, params: &Params) -> HashSet<u64> {
    let mut fresh = core.fresh.lock();
    if fresh.is_empty() {
        return HashSet::new();
    }
    let named = ["photo_id", "primary_photo_id", "photo_ids"]
        .iter()
        .filter_map(|name| params.get(name));
    let named: HashSet<u64> = named
        .flat_map(|list| list.split(','))
        .filter_map(|id| id.parse().ok())
        .collect();
    let hidden: HashSet<u64> = named
        .into_iter()
        .filter(|id| fresh.contains_key(id))
        .collect();
    for id in &hidden {
        if let Some(calls) = fresh.get_mut(id) {
            *calls -= 1;
        }
    }
    fresh.retain(|_, calls| *calls > 0);
    hidden
}

impl Context<'_> {
    /// Whether the account's owner calls.
    pub fn is_owner(&self) -> bool {
        self.perms >= Perms::Read
    }

    /// A parameter, empty when missing.
    pub fn text(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// The id, when it is that of a photo that this caller may see.
    pub fn known_photo(&self, id: &str) -> Option<&Photo> {
        let id: u64 = id.parse().ok()?;
        let photo = self
            .account
            .photo(id)
            .filter(|_| !self.hidden.contains(&id))?;
        (self.is_owner() || photo.visibility.public).then_some(photo)
    }

    /// The photo that `photo_id` names.
    pub fn photo(&self) -> Result<&Photo, Failure> {
        let id = self.text("photo_id");
        self.known_photo(id)
            .ok_or_else(|| Failure::new(1, format!("Photo \"{id}\" not found (invalid ID)")))
    }

    /// The set that `photoset_id` names.
    pub fn set(&self) -> Result<&Set, Failure> {
        let id = self.text("photoset_id").parse().ok();
        id.and_then(|id| self.account.set(id))
            .ok_or_else(|| Failure::new(1, "Photoset not found"))
    }
}
