//! The methods that look at photos.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::sandbox::api::format::Failure;
use crate::sandbox::api::listing::{
    Beyond, SIZES, original_url, parse_time, photos_json, taken, visible,
};
use crate::sandbox::api::rest::Context;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::media::Kind;
use crate::sandbox::state::tags::{machine_match, normalise};
use crate::sandbox::state::{FULL_NAME, NSID, OWNER_NUMBER, USERNAME};

/// A search reaches this many results; its later pages repeat the first ones.
const SEARCH_REACH: usize = 4000;

type Answer = Result<Value, Failure>;

/// `flickr.photos.search`: an index, which lags and ends early.
pub fn search(context: &mut Context<'_>) -> Answer {
    let filters = [
        "user_id",
        "tags",
        "machine_tags",
        "text",
        "min_upload_date",
        "max_upload_date",
        "min_taken_date",
    ];
    if !filters
        .iter()
        .any(|name| context.params.filled(name).is_some())
    {
        return Err(Failure::new(
            3,
            "Parameterless searches have been disabled. Please use flickr.photos.getRecent instead.",
        ));
    }
    match context.params.filled("user_id") {
        None | Some(NSID) => {}
        Some("me") if context.is_owner() => {}
        Some(_) => return Err(Failure::new(2, "Unknown user")),
    }
    // Seconds are plenty: the lag is a setting of tests and demonstrations.
    let indexed_until = context.now as f64 - context.account.settings().search_lag_seconds;
    let mut found = visible(context);
    found.retain(|photo| photo.posted as f64 <= indexed_until);
    found.retain(|photo| fits_tags(context, photo) && fits_text(context, photo));
    sort(&mut found, context.text("sort"));
    Ok(photos_json(context, &found, Beyond::Repeat(SEARCH_REACH)))
}

fn fits_tags(context: &Context<'_>, photo: &Photo) -> bool {
    let has = |term: &str| {
        let (plain, whole) = (normalise(term), term.to_lowercase());
        photo
            .tags
            .iter()
            .any(|tag| tag.text == plain || (tag.machine && tag.text == whole))
    };
    let has_machine = |term: &str| photo.tags.iter().any(|tag| machine_match(term, tag));
    fits_terms(context, "tags", "tag_mode", &has)
        && fits_terms(context, "machine_tags", "machine_tag_mode", &has_machine)
}

fn fits_terms(context: &Context<'_>, list: &str, mode: &str, has: &dyn Fn(&str) -> bool) -> bool {
    let Some(list) = context.params.filled(list) else {
        return true;
    };
    let mut terms = list
        .split(',')
        .map(str::trim)
        .filter(|term| !term.is_empty());
    if context.text(mode) == "all" {
        terms.all(has)
    } else {
        terms.any(has)
    }
}

fn fits_text(context: &Context<'_>, photo: &Photo) -> bool {
    let Some(text) = context.params.filled("text") else {
        return true;
    };
    let hay = format!("{} {}", photo.title, photo.description).to_lowercase();
    let tagged = |word: &str| photo.tags.iter().any(|tag| tag.text == normalise(word));
    text.to_lowercase()
        .split_whitespace()
        .all(|word| hay.contains(word) || tagged(word))
}

fn sort(photos: &mut [&Photo], order: &str) {
    match order {
        "date-posted-asc" => photos.reverse(),
        "date-taken-asc" => photos.sort_by_key(|photo| (taken(photo), photo.id)),
        "date-taken-desc" => photos.sort_by_key(|photo| Reverse((taken(photo), photo.id))),
        _ => {}
    }
}

/// `flickr.photos.getNotInSet`
pub fn not_in_set(context: &mut Context<'_>) -> Answer {
    let mut photos = visible(context);
    photos.retain(|photo| context.account.sets_of(photo.id).next().is_none());
    Ok(photos_json(context, &photos, Beyond::Clamp))
}

/// `flickr.photos.recentlyUpdated`
pub fn recently_updated(context: &mut Context<'_>) -> Answer {
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
pub fn all_contexts(context: &mut Context<'_>) -> Answer {
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
pub fn info(context: &mut Context<'_>) -> Answer {
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
    let page = format!("{}/photos/{NSID}/{}/", context.core.base_url, photo.id);
    let mut fields = json!({
        "id": photo.id.to_string(), "secret": photo.secret, "server": "65535", "farm": 66,
        "dateuploaded": photo.posted.to_string(), "isfavorite": 0, "license": "0", "safety_level": "0", "rotation": 0,
        "owner": {"nsid": NSID, "username": USERNAME, "realname": FULL_NAME, "location": "", "iconserver": "0",
            "iconfarm": 0, "path_alias": null, "gift": {"gift_eligible": false, "new_flow": true}},
        "title": {"_content": photo.title}, "description": {"_content": photo.description},
        "visibility": {"ispublic": u8::from(photo.visibility.public),
            "isfriend": u8::from(photo.visibility.friend), "isfamily": u8::from(photo.visibility.family)},
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
pub fn sizes(context: &mut Context<'_>) -> Answer {
    let photo = context.photo()?;
    let base = &context.core.base_url;
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
