//! `flickr.photos.search`.

use std::cmp::Reverse;

use crate::sandbox::api::context::Context;
use crate::sandbox::api::failure::{Failure, MethodResult};
use crate::sandbox::api::listing::{photos_json, visible};
use crate::sandbox::api::paging::Beyond;
use crate::sandbox::api::photo_fields::taken;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::owner::NSID;
use crate::sandbox::state::tags::{machine_match, normalise};

/// A search reaches this many results; later pages repeat the first ones.
const SEARCH_REACH: usize = 4000;

/// `flickr.photos.search`: an index, which lags and ends early.
pub fn search(context: &mut Context<'_>) -> MethodResult {
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
