//! The photos of a list: which ones the caller sees, and in which order.

use serde_json::{Value, json};

use crate::sandbox::api::context::Context;
use crate::sandbox::api::paging::{Beyond, page};
use crate::sandbox::api::photo_fields::{common, taken};
use crate::sandbox::params::Params;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::dates::parse_time;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::owner::NSID;

/// The photos that the caller may see and that fit the common filters, newest first.
pub fn visible<'a>(context: &'a Context<'_>) -> Vec<&'a Photo> {
    let photos = context
        .account
        .photos()
        .rev()
        .filter(|photo| context.is_owner() || photo.privacy.public);
    let mut photos: Vec<&Photo> = photos.collect();
    photos.sort_by_key(|photo| std::cmp::Reverse((photo.posted, photo.id)));
    let listed_until = context.now as f64 - context.account.settings().list_lag_seconds;
    photos.retain(|photo| photo.posted as f64 <= listed_until);
    photos.drain(..context.injected.stale().min(photos.len()));
    photos.retain(|photo| fits(context.params, photo));
    photos
}

fn fits(params: &Params, photo: &Photo) -> bool {
    let time = |name: &str| params.filled(name).and_then(parse_time);
    let min_taken = params
        .filled("min_taken_date")
        .is_none_or(|min| taken(photo).as_str() >= min);
    let max_taken = params
        .filled("max_taken_date")
        .is_none_or(|max| taken(photo).as_str() <= max);
    let privacy = params
        .filled("privacy_filter")
        .is_none_or(|wanted| wanted == photo.privacy.filter_number());
    let media = match params.filled("media") {
        Some("photos") => photo.kind != Kind::Video,
        Some("videos") => photo.kind == Kind::Video,
        _ => true,
    };
    let posted = time("min_upload_date").is_none_or(|min| photo.posted >= min)
        && time("max_upload_date").is_none_or(|max| photo.posted <= max);
    posted && min_taken && max_taken && privacy && media
}

/// The `photos` element of a list.
pub fn photos_json(context: &Context<'_>, photos: &[&Photo], beyond: Beyond) -> Value {
    let page = page(context, photos, 100, beyond);
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|photo| item(context, photo))
        .collect();
    json!({"photos": {
        "page": page.number, "pages": context.injected.pages(page.pages), "perpage": page.per_page,
        "total": context.injected.total(page.total), "photo": items,
    }})
}

fn item(context: &Context<'_>, photo: &Photo) -> Value {
    let mut fields = common(context, photo);
    fields.insert("owner".into(), NSID.into());
    Value::Object(fields)
}
