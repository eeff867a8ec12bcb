//! The methods that read photos.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::api::listing::{photos_json, visible};
use crate::sandbox::api::paging::Beyond;
use crate::sandbox::api::photo_fields::taken;
use crate::sandbox::state::dates::parse_time;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::owner::{FULL_NAME, NSID, OWNER_NUMBER, USERNAME};
use crate::sandbox::state::sizes::{SIZES, original_url};

/// `flickr.photos.getNotInSet`
pub fn not_in_set(context: &mut Context<'_>) -> MethodResult {
    let mut photos = visible(context);
    photos.retain(|photo| context.account.sets_of(photo.id).next().is_none());
    Ok(photos_json(context, &photos, Beyond::Clamp))
}

/// `flickr.photos.recentlyUpdated`
pub fn recently_updated(context: &mut Context<'_>) -> MethodResult {
    let Some(min) = context.params.filled("min_date") else {
        return Err(Failure::new(1, "Required argument missing."));
    };
    let min = parse_time(min).ok_or_else(|| Failure::new(2, "Not a valid date"))?;
    let mut photos = visible(context);
    photos.retain(|photo| photo.updated >= min);
    photos.sort_by_key(|photo| Reverse((photo.updated, photo.id)));
    Ok(photos_json(context, &photos, Beyond::Clamp))
}

/// `flickr.photos.getAllContexts`: no wrapper, and no key for what there is none of.
pub fn all_contexts(context: &mut Context<'_>) -> MethodResult {
    let photo = context.photo()?.id;
    let sets = context
        .account
        .sets_of(photo)
        .filter_map(|id| context.account.set(id));
    let sets: Vec<Value> = sets
        .map(|set| {
            json!({"id": set.id.to_string(), "title": set.title, "primary": set.primary.to_string(),
                "count_photo": set.photos.len().to_string(), "count_video": 0, "view_count": "0", "comment_count": "0"})
        })
        .collect();
    Ok(if sets.is_empty() {
        json!({})
    } else {
        json!({ "set": sets })
    })
}

/// `flickr.photos.getInfo`
pub fn info(context: &mut Context<'_>) -> MethodResult {
    let photo = context.photo()?;
    let tags: Vec<Value> = photo
        .tags
        .iter()
        .map(|tag| {
            tag.to_json(
                &format!("{OWNER_NUMBER}-{}-{}", photo.id, tag.number()),
                NSID,
                USERNAME,
            )
        })
        .collect();
    let page = format!("{}/photos/{NSID}/{}/", context.state.base_url, photo.id);
    let mut fields = json!({
        "id": photo.id.to_string(), "secret": photo.secret, "server": "65535", "farm": 66,
        "dateuploaded": photo.posted.to_string(), "isfavorite": 0, "license": "0", "safety_level": "0", "rotation": 0,
        "owner": {"nsid": NSID, "username": USERNAME, "realname": FULL_NAME, "location": "", "iconserver": "0",
            "iconfarm": 0, "path_alias": null, "gift": {"gift_eligible": false, "new_flow": true}},
        "title": {"_content": photo.title}, "description": {"_content": photo.description},
        "visibility": {"ispublic": u8::from(photo.privacy.public),
            "isfriend": u8::from(photo.privacy.friend), "isfamily": u8::from(photo.privacy.family)},
        "dates": {"posted": photo.posted.to_string(), "taken": taken(photo), "takengranularity": "0",
            "takenunknown": u8::from(photo.taken.is_none()), "lastupdate": photo.updated.to_string()},
        "views": "0", "editability": {"cancomment": 1, "canaddmeta": 1},
        "publiceditability": {"cancomment": 1, "canaddmeta": 0},
        "usage": {"candownload": 1, "canblog": 1, "canprint": 1, "canshare": 1},
        "comments": {"_content": "0"}, "notes": {"note": []}, "people": {"haspeople": 0},
        "tags": {"tag": tags}, "urls": {"url": [{"type": "photopage", "_content": page}]},
        "media": photo.kind.media(),
    });
    if context.is_owner() {
        fields["originalsecret"] = photo.original_secret.clone().into();
        fields["originalformat"] = photo.kind.original_format().into();
        fields["permissions"] = json!({"permcomment": 3, "permaddmeta": 2});
    }
    if photo.kind == Kind::Video {
        fields["video"] = json!({"ready": 1, "failed": 0, "pending": 0, "duration": "1", "width": "640", "height": "480"});
    }
    Ok(json!({ "photo": fields }))
}

/// `flickr.photos.getSizes`: a video's bytes are only under `Video Original`.
pub fn sizes(context: &mut Context<'_>) -> MethodResult {
    let photo = context.photo()?;
    let base = &context.state.base_url;
    let entry = |label: &str, source: String, (width, height): (u32, u32), media: &str| {
        let side = |pixels: u32| {
            if pixels == 0 {
                Value::from("")
            } else {
                Value::from(pixels)
            }
        };
        let url = format!("{base}/photos/{NSID}/{}/", photo.id);
        json!({"label": label, "width": side(width), "height": side(height), "source": source, "url": url, "media": media})
    };
    let known = SIZES
        .iter()
        .filter_map(|size| Some((size, size.of(photo)?)));
    let mut all: Vec<Value> = known
        .map(|(size, dims)| entry(size.label, size.url(base, photo), dims, "photo"))
        .collect();
    if context.is_owner() {
        all.push(entry(
            "Original",
            original_url(base, photo),
            (photo.width, photo.height),
            "photo",
        ));
        if photo.kind == Kind::Video {
            let play = format!(
                "{base}/photos/{NSID}/{}/play/orig/{}/",
                photo.id, photo.original_secret
            );
            all.push(entry("Video Original", play, (0, 0), "video"));
        }
    }
    let can_download = u8::from(context.is_owner());
    Ok(json!({"sizes": {"canblog": 0, "canprint": 0, "candownload": can_download, "size": all}}))
}
