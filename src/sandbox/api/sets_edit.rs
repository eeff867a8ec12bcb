//! The methods that change sets.

use std::collections::HashSet;

use serde_json::json;

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::state::data::{Change, Set};
use crate::sandbox::state::owner::NSID;

fn photo_missing(id: &str) -> Failure {
    Failure::new(2, format!("Photo \"{id}\" not found"))
}

fn save(context: &mut Context<'_>, mut set: Set) -> MethodResult {
    set.updated = context.now;
    context.account.commit(Change::Set(set));
    Ok(json!({}))
}

/// The ids of `photo_ids`; one that is not a photo's fails the whole call,
/// and so does a space after a comma.
fn listed(context: &Context<'_>) -> Result<Vec<u64>, Failure> {
    let list = context.text("photo_ids");
    let known = |id: &str| match context.known_photo(id) {
        Some(photo) => Ok(photo.id),
        None => Err(photo_missing(if id.starts_with(' ') { "" } else { id })),
    };
    let mut seen = HashSet::new();
    let ids = list
        .split(',')
        .filter(|_| !list.is_empty())
        .map(known)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ids.into_iter().filter(|&id| seen.insert(id)).collect())
}

/// The title of this call as it is kept; one of white space alone is none.
fn title(context: &Context<'_>) -> Option<String> {
    let given = context.params.filled("title")?;
    let kept = context.account.settings().set_titles.kept(given);
    (!kept.trim().is_empty()).then_some(kept)
}

/// `flickr.photosets.create`: titles need not be unique; the primary photo is a member.
pub fn create(context: &mut Context<'_>) -> MethodResult {
    let title = title(context).ok_or_else(|| Failure::new(1, "No title specified"))?;
    let primary = context.text("primary_photo_id");
    let unknown = || Failure::new(2, format!("Invalid primary photo id ({primary})"));
    let primary = context.known_photo(primary).ok_or_else(unknown)?.id;
    let description = context.text("description").to_owned();
    let id = context.account.reserve_set_id();
    context.account.commit(Change::Set(Set {
        id,
        title,
        description,
        primary,
        photos: vec![primary],
        created: context.now,
        updated: context.now,
    }));
    let url = format!("{}/photos/{NSID}/sets/{id}/", context.state.base_url);
    Ok(json!({"photoset": {"id": id.to_string(), "url": url}}))
}

/// `flickr.photosets.addPhoto`: appends.
pub fn add_photo(context: &mut Context<'_>) -> MethodResult {
    let id = context.text("photo_id");
    let set = context.set()?;
    let photo = context
        .known_photo(id)
        .ok_or_else(|| Failure::new(2, "Photo not found"))?
        .id;
    if context
        .account
        .sets_of(photo)
        .any(|member| member == set.id)
    {
        return Err(Failure::new(3, "Photo already in set"));
    }
    let change = Change::Member(set.id, photo, context.now);
    context.account.commit(change);
    Ok(json!({}))
}

/// `flickr.photosets.editPhotos`: the list becomes the whole membership and its order.
pub fn edit_photos(context: &mut Context<'_>) -> MethodResult {
    let mut set = context.set()?.clone();
    if context.text("photo_ids").is_empty() {
        return Err(Failure::new(5, "Empty photos list"));
    }
    set.photos = listed(context)?;
    let primary = context.known_photo(context.text("primary_photo_id"));
    set.primary = primary
        .ok_or_else(|| Failure::new(3, "Primary photo not found"))?
        .id;
    if !set.photos.contains(&set.primary) {
        return Err(Failure::new(4, "Primary photo not in list"));
    }
    save(context, set)
}

/// `flickr.photosets.removePhoto`
pub fn remove_photo(context: &mut Context<'_>) -> MethodResult {
    let set = context.set()?.clone();
    let photo = context.known_photo(context.text("photo_id"));
    let photo = photo.ok_or_else(|| Failure::new(2, "Photo not found"))?.id;
    if !set.photos.contains(&photo) {
        return Err(Failure::new(3, "Photo not in set"));
    }
    shrink(context, set, &[photo])
}

/// `flickr.photosets.removePhotos`
pub fn remove_photos(context: &mut Context<'_>) -> MethodResult {
    let set = context.set()?.clone();
    let gone = listed(context)?;
    shrink(context, set, &gone)
}

/// A set goes with its last photo.
fn shrink(context: &mut Context<'_>, mut set: Set, gone: &[u64]) -> MethodResult {
    set.photos.retain(|photo| !gone.contains(photo));
    match set.photos.first() {
        None => {
            context.account.commit(Change::SetGone(set.id));
            return Ok(json!({}));
        }
        Some(&first) if gone.contains(&set.primary) => set.primary = first,
        Some(_) => {}
    }
    save(context, set)
}

/// `flickr.photosets.reorderPhotos`: members that are not listed follow in their old order.
pub fn reorder_photos(context: &mut Context<'_>) -> MethodResult {
    let mut set = context.set()?.clone();
    let listed = listed(context)?;
    let mut order: Vec<u64> = listed
        .iter()
        .copied()
        .filter(|photo| set.photos.contains(photo))
        .collect();
    order.extend(set.photos.iter().filter(|photo| !listed.contains(photo)));
    set.photos = order;
    save(context, set)
}

/// `flickr.photosets.setPrimaryPhoto`
pub fn set_primary(context: &mut Context<'_>) -> MethodResult {
    let mut set = context.set()?.clone();
    let photo = context.known_photo(context.text("photo_id"));
    set.primary = photo.ok_or_else(|| Failure::new(2, "Photo not found"))?.id;
    if !set.photos.contains(&set.primary) {
        return Err(Failure::new(3, "Photo not in set"));
    }
    save(context, set)
}

/// `flickr.photosets.editMeta`
pub fn edit_meta(context: &mut Context<'_>) -> MethodResult {
    let mut set = context.set()?.clone();
    set.title = title(context).ok_or_else(|| Failure::new(2, "No title specified"))?;
    if let Some(description) = context.params.get("description") {
        set.description = description.to_owned();
    }
    save(context, set)
}

/// `flickr.photosets.delete`: the photos stay.
pub fn delete(context: &mut Context<'_>) -> MethodResult {
    let id = context.set()?.id;
    context.account.commit(Change::SetGone(id));
    Ok(json!({}))
}

/// `flickr.photosets.orderSets`: sets that are not listed go to the end, by id.
pub fn order_sets(context: &mut Context<'_>) -> MethodResult {
    let known = |id: &str| {
        let set = id.parse().ok().and_then(|id| context.account.set(id));
        set.map(|set| set.id)
            .ok_or_else(|| Failure::new(1, "Set not found"))
    };
    let mut order = context
        .text("photoset_ids")
        .split(',')
        .map(known)
        .collect::<Result<Vec<u64>, _>>()?;
    let mut seen = HashSet::new();
    order.retain(|&id| seen.insert(id));
    let mut rest: Vec<u64> = context
        .account
        .sets()
        .map(|set| set.id)
        .filter(|id| !seen.contains(id))
        .collect();
    rest.sort_unstable();
    order.extend(rest);
    context.account.commit(Change::Order(order));
    Ok(json!({}))
}
