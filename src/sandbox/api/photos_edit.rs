//! The methods that change photos.

use serde_json::json;

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::state::data::{Change, Photo, Privacy};
use crate::sandbox::state::dates::parse_time;
use crate::sandbox::state::descriptions::rewritten;
use crate::sandbox::state::ids;
use crate::sandbox::state::owner::{NSID, OWNER_NUMBER, USERNAME};
use crate::sandbox::state::tags;

fn save(context: &mut Context<'_>, mut photo: Photo) {
    photo.updated = context.now;
    context.account.commit(Change::Photo(Box::new(photo)));
}

/// `flickr.photos.delete`
pub fn delete(context: &mut Context<'_>) -> MethodResult {
    let id = context.photo()?.id;
    context.account.commit(Change::PhotoGone(id));
    Ok(json!({}))
}

/// `flickr.photos.setTags`: replaces all.
pub fn set_tags(context: &mut Context<'_>) -> MethodResult {
    let mut photo = context.photo()?.clone();
    photo.tags = tags::parse(context.text("tags"));
    check_number(&photo)?;
    save(context, photo);
    Ok(json!({}))
}

/// `flickr.photos.addTags`: answers those that were not there.
pub fn add_tags(context: &mut Context<'_>) -> MethodResult {
    let mut photo = context.photo()?.clone();
    let mut added = tags::parse(context.text("tags"));
    added.retain(|tag| !photo.tags.iter().any(|known| tags::same(known, tag)));
    photo.tags.extend(added.iter().cloned());
    check_number(&photo)?;
    let shown = added.iter().map(|tag| {
        let number = tag.number().to_string();
        let mut fields = tag.to_json(&number, NSID, USERNAME);
        fields["full_tag_id"] = format!("{OWNER_NUMBER}-{}-{number}", photo.id).into();
        fields
    });
    let answer = json!({"tags": {"tag": shown.collect::<Vec<_>>()}});
    save(context, photo);
    Ok(answer)
}

/// Too many tags change nothing at all.
fn check_number(photo: &Photo) -> Result<(), Failure> {
    if photo.tags.len() > tags::MOST {
        return Err(Failure::new(2, "Maximum number of tags reached"));
    }
    Ok(())
}

/// `flickr.photos.removeTag`: by the tag's id, which names the photo too.
pub fn remove_tag(context: &mut Context<'_>) -> MethodResult {
    let missing = || Failure::new(1, "Tag not found");
    let id = context.text("tag_id");
    let mut parts = id.splitn(3, '-').skip(1);
    let (photo, number) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let mut photo = context.known_photo(photo).ok_or_else(missing)?.clone();
    let place = photo
        .tags
        .iter()
        .position(|tag| tag.number().to_string() == number)
        .ok_or_else(missing)?;
    photo.tags.remove(place);
    save(context, photo);
    Ok(json!({}))
}

/// `flickr.photos.setMeta`
pub fn set_meta(context: &mut Context<'_>) -> MethodResult {
    let mut photo = context.photo()?.clone();
    let (title, description) = (
        context.params.get("title"),
        context.params.get("description"),
    );
    if title.is_none() && description.is_none() {
        return Err(Failure::new(2, "Required arguments missing"));
    }
    if let Some(title) = title {
        photo.title = title.to_owned();
    }
    if let Some(description) = description {
        photo.description = rewritten(description);
    }
    let answer =
        json!({"title": {"_content": photo.title}, "description": {"_content": photo.description}});
    save(context, photo);
    Ok(json!({ "photo": answer }))
}

/// `flickr.photos.setPerms`: the secret changes, and with it the addresses.
pub fn set_perms(context: &mut Context<'_>) -> MethodResult {
    let mut photo = context.photo()?.clone();
    let flag = |name| context.params.get(name).map(|value| value == "1");
    let (Some(public), Some(friend), Some(family)) =
        (flag("is_public"), flag("is_friend"), flag("is_family"))
    else {
        return Err(Failure::new(2, "Required arguments missing"));
    };
    photo.privacy = Privacy {
        public,
        friend,
        family,
    };
    photo.secret = ids::random_hex(10);
    photo.original_secret = ids::random_hex(10);
    let answer = json!({"photoid": {"_content": photo.id.to_string(), "secret": photo.secret,
        "originalsecret": photo.original_secret}});
    save(context, photo);
    Ok(answer)
}

/// `flickr.photos.setDates`
pub fn set_dates(context: &mut Context<'_>) -> MethodResult {
    let mut photo = context.photo()?.clone();
    let (posted, taken) = (
        context.params.filled("date_posted"),
        context.params.filled("date_taken"),
    );
    if posted.is_none() && taken.is_none() {
        return Err(Failure::new(2, "Not enough arguments"));
    }
    if let Some(text) = posted {
        // As recorded: a date with dashes is read as the number that it starts with.
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        photo.posted = digits
            .parse()
            .map_err(|_| Failure::new(4, "Invalid date_posted"))?;
    }
    if let Some(text) = taken {
        photo.taken =
            Some(full_datetime(text).ok_or_else(|| Failure::new(5, "Invalid date_taken format"))?);
    }
    save(context, photo);
    Ok(json!({}))
}

/// Completes a prefix of a MySQL datetime, such as `2013` or `2013-10`.
fn full_datetime(text: &str) -> Option<String> {
    const REST: &str = "0000-01-01 00:00:00";
    let full = format!("{text}{}", REST.get(text.len()..)?);
    parse_time(&full)?;
    Some(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_a_date_is_completed() {
        assert_eq!(
            full_datetime("2013").as_deref(),
            Some("2013-01-01 00:00:00")
        );
        assert_eq!(
            full_datetime("2013-10-05 12:30:00").as_deref(),
            Some("2013-10-05 12:30:00")
        );
        assert_eq!(full_datetime("2013-13"), None);
        assert_eq!(full_datetime("soon"), None);
    }
}
