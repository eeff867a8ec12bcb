//! Lists of photos: filters, paging with its quirks, and the fields that `extras` asks for.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::sandbox::api::rest::Context;
use crate::sandbox::params::Params;
use crate::sandbox::state::data::{Photo, Visibility};
use crate::sandbox::state::media::Kind;
use crate::sandbox::state::{FULL_NAME, NSID, USERNAME};

/// The most items of one page.
const MOST_PER_PAGE: usize = 500;
/// The server that all current uploads are on.
const SERVER: &str = "65535";

/// One size of a photo.
pub struct Size {
    /// As `getSizes` names it.
    pub label: &'static str,
    /// As `extras` names it: `url_` and this.
    pub extra: &'static str,
    suffix: &'static str,
    longest: u32,
    square: bool,
}

const fn size(
    label: &'static str,
    extra: &'static str,
    suffix: &'static str,
    longest: u32,
    square: bool,
) -> Size {
    Size {
        label,
        extra,
        suffix,
        longest,
        square,
    }
}

/// All sizes but the original, in the order of `getSizes`.
pub const SIZES: &[Size] = &[
    size("Square", "sq", "_s", 75, true),
    size("Large Square", "q", "_q", 150, true),
    size("Thumbnail", "t", "_t", 100, false),
    size("Small", "s", "_m", 240, false),
    size("Small 320", "n", "_n", 320, false),
    size("Small 400", "w", "_w", 400, false),
    size("Medium", "m", "", 500, false),
    size("Medium 640", "z", "_z", 640, false),
    size("Medium 800", "c", "_c", 800, false),
    size("Large", "l", "_b", 1024, false),
    size("Large 1600", "h", "_h", 1600, false),
    size("Large 2048", "k", "_k", 2048, false),
];

impl Size {
    /// Width and height of a photo in this size; `None` where the photo is smaller.
    pub fn of(&self, photo: &Photo) -> Option<(u32, u32)> {
        let longest = photo.width.max(photo.height);
        if self.square {
            return Some((self.longest, self.longest));
        }
        if longest == 0 {
            // Unknown dimensions: a video, say. The small sizes exist all the same.
            return (self.longest <= 500).then_some((self.longest, self.longest * 3 / 4));
        }
        let scale = |side: u32| {
            u32::try_from(u64::from(side) * u64::from(self.longest) / u64::from(longest))
                .unwrap_or(side)
        };
        (longest > self.longest).then(|| (scale(photo.width).max(1), scale(photo.height).max(1)))
    }

    /// Whether addresses of this size end so.
    pub fn is_suffix(&self, name: &str) -> bool {
        self.suffix.trim_start_matches('_') == name
    }

    /// Its address; the bytes there are those of the original.
    pub fn url(&self, base: &str, photo: &Photo) -> String {
        format!(
            "{base}/static/{SERVER}/{}_{}{}.jpg",
            photo.id, photo.secret, self.suffix
        )
    }
}

/// The address of the original; of a video's poster, when it is one.
pub fn original_url(base: &str, photo: &Photo) -> String {
    let (id, secret, format) = (
        photo.id,
        &photo.original_secret,
        photo.kind.original_format(),
    );
    format!("{base}/static/{SERVER}/{id}_{secret}_o.{format}")
}

/// A Unix time as the owner's clock shows it; the sandbox's owner lives at UTC.
pub fn mysql(unix: i64) -> String {
    let at = Timestamp::from_second(unix).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a Unix time or a MySQL datetime.
pub fn parse_time(text: &str) -> Option<i64> {
    let civil = || text.trim().replace(' ', "T").parse::<DateTime>().ok();
    text.parse()
        .ok()
        .or_else(|| Some(TimeZone::UTC.to_timestamp(civil()?).ok()?.as_second()))
}

/// When a photo was taken, as far as known.
pub fn taken(photo: &Photo) -> String {
    photo.taken.clone().unwrap_or_else(|| mysql(photo.posted))
}

/// The photos that the caller may see and that fit the common filters, newest first.
pub fn visible<'a>(context: &'a Context<'_>) -> Vec<&'a Photo> {
    let photos = context
        .account
        .photos()
        .rev()
        .filter(|photo| context.is_owner() || photo.visibility.public);
    let mut photos: Vec<&Photo> = photos.collect();
    photos.sort_by_key(|photo| std::cmp::Reverse((photo.posted, photo.id)));
    let listed_until = context.now as f64 - context.account.settings().list_lag_seconds;
    photos.retain(|photo| photo.posted as f64 <= listed_until);
    photos.drain(..context.hit.stale().min(photos.len()));
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
        .is_none_or(|wanted| wanted == privacy_number(photo.visibility));
    let media = match params.filled("media") {
        Some("photos") => photo.kind != Kind::Video,
        Some("videos") => photo.kind == Kind::Video,
        _ => true,
    };
    let posted = time("min_upload_date").is_none_or(|min| photo.posted >= min)
        && time("max_upload_date").is_none_or(|max| photo.posted <= max);
    posted && min_taken && max_taken && privacy && media
}

fn privacy_number(visibility: Visibility) -> &'static str {
    match (visibility.public, visibility.friend, visibility.family) {
        (true, _, _) => "1",
        (_, true, false) => "2",
        (_, false, true) => "3",
        (_, true, true) => "4",
        (_, false, false) => "5",
    }
}

/// What lies past the last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// The last page, again.
    Clamp,
    /// Only so many items can be reached at all; after them the pages start over.
    Repeat(usize),
}

/// One page of a list.
pub struct Page<'a, T> {
    /// Counted from 1.
    pub number: usize,
    /// How many there are; 0 for an empty list.
    pub pages: usize,
    /// How many items a page holds.
    pub per_page: usize,
    /// The length of the whole list.
    pub total: usize,
    /// What is on this one.
    pub items: &'a [T],
}

/// Cuts the page out that the call asks for.
pub fn page<'a, T>(
    context: &Context<'_>,
    items: &'a [T],
    default: usize,
    beyond: Beyond,
) -> Page<'a, T> {
    let number_of = |name| {
        context
            .params
            .get(name)
            .and_then(|text| text.parse::<usize>().ok())
            .filter(|&n| n > 0)
    };
    let per_page = number_of("per_page").unwrap_or(default).min(MOST_PER_PAGE);
    let asked = number_of("page").unwrap_or(1);
    let pages = items.len().div_ceil(per_page);
    let (number, shown) = match beyond {
        Beyond::Clamp => (asked.min(pages.max(1)), asked.min(pages.max(1))),
        Beyond::Repeat(most) => {
            let reachable = items.len().min(most).div_ceil(per_page).max(1);
            (asked, (asked - 1) % reachable + 1)
        }
    };
    let shown = if context.hit.repeats() { 1 } else { shown };
    let from = ((shown - 1) * per_page).min(items.len());
    let full = &items[from..(from + per_page).min(items.len())];
    let kept = if context.hit.is_short() {
        full.len() - full.len().div_ceil(3)
    } else {
        full.len()
    };
    Page {
        number,
        pages,
        per_page,
        total: items.len(),
        items: &full[..kept],
    }
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
        "page": page.number, "pages": context.hit.pages(page.pages), "perpage": page.per_page,
        "total": context.hit.total(page.total), "photo": items,
    }})
}

fn item(context: &Context<'_>, photo: &Photo) -> Value {
    let mut fields = common(context, photo);
    fields.insert("owner".into(), NSID.into());
    Value::Object(fields)
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
    fields.insert("ispublic".into(), flag(photo.visibility.public));
    fields.insert("isfriend".into(), flag(photo.visibility.friend));
    fields.insert("isfamily".into(), flag(photo.visibility.family));
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
    let base = &context.core.base_url;
    let found = match name {
        "o" if context.is_owner() => Some((original_url(base, photo), (photo.width, photo.height))),
        _ => {
            let size = SIZES.iter().find(|size| size.extra == name);
            size.and_then(|size| Some((size.url(base, photo), size.of(photo)?)))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_or_mysql() {
        assert_eq!(parse_time("86400"), Some(86400));
        assert_eq!(parse_time("1970-01-02 00:00:01"), Some(86401));
        assert_eq!(parse_time("1970-01-02"), Some(86400));
        assert_eq!(parse_time("yesterday"), None);
        assert_eq!(mysql(86401), "1970-01-02 00:00:01");
    }
}
