//! The methods about the account, its tokens and its tickets.

use serde_json::{Map, Value, json};

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::api::listing::{photos_json, visible};
use crate::sandbox::api::paging::Beyond;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::owner::{FULL_NAME, NSID, USERNAME};

/// The largest photo, 200 MB.
pub const LARGEST_PHOTO: u64 = 209_715_200;
/// The largest video, 1 GB.
pub const LARGEST_VIDEO: u64 = 1_073_741_824;

/// `flickr.test.echo`
pub fn echo(context: &mut Context<'_>) -> MethodResult {
    let texts = context
        .params
        .iter()
        .map(|(name, value)| (name.to_owned(), json!({ "_content": value })));
    Ok(Value::Object(texts.collect::<Map<_, _>>()))
}

/// `flickr.test.login`
pub fn login(_: &mut Context<'_>) -> MethodResult {
    Ok(json!({"user": {"id": NSID, "username": {"_content": USERNAME}, "path_alias": null}}))
}

/// `flickr.auth.oauth.checkToken`
pub fn check_token(context: &mut Context<'_>) -> MethodResult {
    if !context.is_owner() {
        return Err(Failure::new(98, "Invalid token"));
    }
    Ok(json!({"oauth": {
        "token": {"_content": context.text("oauth_token")},
        "perms": {"_content": context.perms.word()},
        "user": {"nsid": NSID, "username": USERNAME, "fullname": FULL_NAME},
    }}))
}

/// `flickr.people.getPhotos`: the photostream, newest first, without an end.
pub fn photos(context: &mut Context<'_>) -> MethodResult {
    match context.params.filled("user_id") {
        None => return Err(Failure::new(1, "Required arguments missing")),
        Some(NSID) => {}
        Some("me") if context.is_owner() => {}
        Some(_) => return Err(Failure::new(2, "Unknown user")),
    }
    let photos = visible(context);
    Ok(photos_json(context, &photos, Beyond::Clamp))
}

/// `flickr.people.getUploadStatus`
pub fn upload_status(context: &mut Context<'_>) -> MethodResult {
    let used: u64 = context.account.photos().map(|photo| photo.bytes).sum();
    let videos = context
        .account
        .photos()
        .filter(|photo| photo.kind == Kind::Video)
        .count();
    let settings = context.account.settings();
    let count = context.account.photos().len();
    let standing = match settings.items_limit {
        limit if count < limit => "below_limit",
        limit if count == limit => "at_limit",
        _ => "over_limit",
    };
    let most: u64 = 214_748_364_800;
    let kb = |bytes: u64| bytes / 1024;
    let left = most.saturating_sub(used);
    Ok(json!({"user": {
        "id": NSID, "ispro": u8::from(settings.pro), "upload_count": count,
        "upload_limit": if settings.pro { 0 } else { settings.items_limit },
        "upload_limit_status": if settings.pro { "below_limit" } else { standing }, "username": {"_content": USERNAME},
        "bandwidth": {"max": most, "used": used, "maxbytes": most, "usedbytes": used, "remainingbytes": left,
            "maxkb": kb(most), "usedkb": kb(used), "remainingkb": kb(left), "unlimited": 1},
        "filesize": {"max": LARGEST_PHOTO, "maxbytes": LARGEST_PHOTO, "maxkb": kb(LARGEST_PHOTO), "maxmb": 200},
        "sets": {"created": context.account.sets().count(), "remaining": "lots"},
        "videosize": {"maxbytes": LARGEST_VIDEO, "maxkb": kb(LARGEST_VIDEO), "maxmb": 1024},
        "videos": {"uploaded": videos, "remaining": "lots"},
    }}))
}

/// `flickr.people.getLimits`
pub fn limits(_: &mut Context<'_>) -> MethodResult {
    Ok(json!({"person": {
        "nsid": NSID,
        "photos": {"maxdisplaypx": "1024", "maxupload": LARGEST_PHOTO},
        "videos": {"maxduration": "180", "maxupload": LARGEST_VIDEO},
    }}))
}

/// `flickr.photos.upload.checkTickets`: at the first check a ticket is pending, at the second it is done.
pub fn check_tickets(context: &mut Context<'_>) -> MethodResult {
    let check = |id: &str| match context.state.tickets.check(id) {
        None => json!({"id": id, "invalid": 1}),
        Some((_, 1)) => json!({"id": id, "complete": 0}),
        Some((photo, _)) => match context.account.photo(photo) {
            Some(photo) => json!({"id": id, "complete": 1, "photoid": photo.id.to_string(),
                "imported": photo.posted.to_string()}),
            None => json!({"id": id, "complete": 2}),
        },
    };
    let ids = context.text("tickets").split(',');
    let all: Vec<Value> = ids.filter(|id| !id.is_empty()).map(check).collect();
    Ok(json!({"uploader": {"ticket": all}}))
}
