//! The methods that read sets.

use serde_json::{Value, json};

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::api::paging::{Beyond, page};
use crate::sandbox::api::photo_fields::common;
use crate::sandbox::state::data::{Photo, Set};
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::owner::{NSID, USERNAME};

/// `flickr.photosets.getList`: in the owner's order, 500 a page.
pub fn list(context: &mut Context<'_>) -> MethodResult {
    check_user(context)?;
    let mut sets: Vec<&Set> = context
        .account
        .sets()
        .filter(|set| is_visible(context, set))
        .collect();
    let mut newest: Vec<u64> = sets.iter().map(|set| set.id).collect();
    newest.sort_unstable();
    let known = newest.len() - context.injected.stale().min(newest.len());
    if let Some(&first_unknown) = newest.get(known) {
        sets.retain(|set| set.id < first_unknown);
    }
    let page = page(context, &sets, 500, Beyond::Clamp);
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|set| set_json(context, set))
        .collect();
    Ok(json!({"photosets": {
        "cancreate": 1, "page": page.number, "pages": context.injected.pages(page.pages), "perpage": page.per_page,
        "total": context.injected.total(page.total), "photoset": items,
    }}))
}

/// `flickr.photosets.getInfo`
pub fn info(context: &mut Context<'_>) -> MethodResult {
    let set = visible_set(context)?;
    let mut fields = set_json(context, set);
    fields["coverphoto_server"] = "0".into();
    fields["coverphoto_farm"] = 0.into();
    Ok(json!({ "photoset": fields }))
}

/// `flickr.photosets.getPhotos`
pub fn photos(context: &mut Context<'_>) -> MethodResult {
    check_user(context)?;
    let set = visible_set(context)?;
    let known = set
        .photos
        .iter()
        .filter_map(|&id| context.account.photo(id));
    let mut members: Vec<&Photo> = known
        .filter(|photo| context.is_owner() || photo.privacy.public)
        .collect();
    match context.params.filled("media") {
        Some("photos") => members.retain(|photo| photo.kind != Kind::Video),
        Some("videos") => members.retain(|photo| photo.kind == Kind::Video),
        _ => {}
    }
    members.truncate(members.len() - context.injected.stale().min(members.len()));
    let page = page(context, &members, 500, Beyond::Clamp);
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|photo| member_json(context, set, photo))
        .collect();
    Ok(json!({"photoset": {
        "id": set.id.to_string(), "primary": set.primary.to_string(), "owner": NSID, "ownername": USERNAME,
        "photo": items, "page": page.number, "per_page": page.per_page, "perpage": page.per_page,
        "pages": context.injected.pages(page.pages), "title": set.title, "total": context.injected.total(page.total),
        "sorting_option_id": "manual-add-to-end",
    }}))
}

fn member_json(context: &Context<'_>, set: &Set, photo: &Photo) -> Value {
    let mut fields = common(context, photo);
    fields.insert("isprimary".into(), u8::from(photo.id == set.primary).into());
    Value::Object(fields)
}

/// Nobody else is known here.
fn check_user(context: &Context<'_>) -> Result<(), Failure> {
    match context.params.filled("user_id") {
        None | Some(NSID) => Ok(()),
        Some("me") if context.is_owner() => Ok(()),
        Some(_) => Err(Failure::new(2, "User not found")),
    }
}

/// Strangers do not see a set without a public photo.
fn is_visible(context: &Context<'_>, set: &Set) -> bool {
    let public = |&id: &u64| {
        context
            .account
            .photo(id)
            .is_some_and(|photo| photo.privacy.public)
    };
    context.is_owner() || set.photos.iter().any(public)
}

fn visible_set<'a>(context: &'a Context<'_>) -> Result<&'a Set, Failure> {
    let set = context.set()?;
    is_visible(context, set)
        .then_some(set)
        .ok_or_else(|| Failure::new(1, "Photoset not found"))
}

fn set_json(context: &Context<'_>, set: &Set) -> Value {
    let primary = context.account.photo(set.primary);
    let known = set
        .photos
        .iter()
        .filter_map(|&id| context.account.photo(id));
    let videos = known.filter(|photo| photo.kind == Kind::Video).count();
    let photos = set.photos.len() - videos;
    json!({
        "id": set.id.to_string(), "owner": NSID, "username": USERNAME, "primary": set.primary.to_string(),
        "secret": primary.map(|photo| photo.secret.as_str()), "server": "65535", "farm": 66,
        "count_views": 0, "count_comments": "0", "count_photos": photos, "count_videos": videos,
        "title": {"_content": set.title}, "description": {"_content": set.description},
        "can_comment": 0, "date_create": set.created.to_string(), "date_update": set.updated.to_string(),
        "sorting_option_id": "manual-add-to-end", "photos": photos, "videos": videos,
        "visibility_can_see_set": 1, "needs_interstitial": 0,
    })
}
