//! The fields of a photo in a list, with those that `extras` asks for.

use serde_json::{Map, Value, json};

use crate::sandbox::api::context::Context;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::dates::mysql;
use crate::sandbox::state::owner::{FULL_NAME, USERNAME};
use crate::sandbox::state::sizes::{SERVER, called, original_url};

/// The time at which a photo was taken, as far as known.
pub fn taken(photo: &Photo) -> String {
    photo.taken.clone().unwrap_or_else(|| mysql(photo.posted))
}

/// The fields of a photo in any list, with those that `extras` asks for.
pub fn common(context: &Context<'_>, photo: &Photo) -> Map<String, Value> {
    let flag = |yes: bool| Value::from(u8::from(yes));
    let mut fields = Map::new();
    fields.insert("id".into(), photo.id.to_string().into());
    fields.insert("secret".into(), photo.secret.clone().into());
    fields.insert("server".into(), SERVER.into());
    fields.insert("farm".into(), 66.into());
    fields.insert("title".into(), photo.title.clone().into());
    fields.insert("ispublic".into(), flag(photo.privacy.public));
    fields.insert("isfriend".into(), flag(photo.privacy.friend));
    fields.insert("isfamily".into(), flag(photo.privacy.family));
    for extra in context.text("extras").split(',') {
        add_extra(&mut fields, context, photo, extra.trim());
    }
    fields
}

fn add_extra(fields: &mut Map<String, Value>, context: &Context<'_>, photo: &Photo, extra: &str) {
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match extra {
        "description" => drop(put("description", json!({"_content": photo.description}))),
        "license" => drop(put("license", "0".into())),
        "date_upload" => drop(put("dateupload", photo.posted.to_string().into())),
        "date_taken" => {
            put("datetaken", taken(photo).into());
            put("datetakengranularity", 0.into());
            put(
                "datetakenunknown",
                u8::from(photo.taken.is_none()).to_string().into(),
            );
        }
        "owner_name" => drop(put("ownername", USERNAME.into())),
        "realname" => drop(put("realname", FULL_NAME.into())),
        "icon_server" => {
            put("iconserver", "0".into());
            put("iconfarm", 0.into());
        }
        "original_format" if context.is_owner() => {
            put("originalsecret", photo.original_secret.clone().into());
            put("originalformat", photo.kind.original_format().into());
        }
        "last_update" => drop(put("lastupdate", photo.updated.to_string().into())),
        "tags" => drop(put("tags", joined_tags(photo, false).into())),
        "machine_tags" => drop(put("machine_tags", joined_tags(photo, true).into())),
        "o_dims" if context.is_owner() && photo.width > 0 => {
            put("o_width", photo.width.to_string().into());
            put("o_height", photo.height.to_string().into());
        }
        "views" => drop(put("views", "0".into())),
        "media" => {
            put("media", photo.kind.media().into());
            put("media_status", "ready".into());
        }
        "path_alias" => drop(put("pathalias", Value::Null)),
        _ => add_url(fields, context, photo, extra),
    }
}

fn add_url(fields: &mut Map<String, Value>, context: &Context<'_>, photo: &Photo, extra: &str) {
    let Some(name) = extra.strip_prefix("url_") else {
        return;
    };
    let base = &context.state.base_url;
    let found = match name {
        "o" if context.is_owner() => Some((original_url(base, photo), (photo.width, photo.height))),
        _ => called(name).and_then(|size| Some((size.url(base, photo), size.of(photo)?))),
    };
    if let Some((url, (width, height))) = found {
        fields.insert(extra.to_owned(), url.into());
        fields.insert(format!("height_{name}"), height.into());
        fields.insert(format!("width_{name}"), width.into());
    }
}

fn joined_tags(photo: &Photo, machine_only: bool) -> String {
    let tags = photo.tags.iter().filter(|tag| tag.machine || !machine_only);
    tags.map(|tag| tag.text.as_str())
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
