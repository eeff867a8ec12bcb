//! What an account is like before the first upload, and what a run on it will meet.

use super::errors::from_flickr;
use crate::flickr::{Client, Photo, Rights, UploadStatus};
use crate::model::flickr::privacy::Privacy;
use crate::model::flickr::tags::Origin;
use crate::store::Error;

/// Whether the account has photos of ours, or may have: one that is in the list's first page, or in a
/// page that is not read. One call.
pub(super) async fn has_photos(client: &Client) -> Result<bool, Error> {
    let page = client.photos_page(None, 1).await.map_err(from_flickr)?;
    let is_ours = |photo: &Photo| Origin::from_tags(&photo.machine_tags).is_some();
    let read = page.items.len() as u64;
    let has_more = page.total.map_or(read > 0, |total| total > read);
    Ok(has_more || page.items.iter().any(is_ours))
}

/// What a user should know before `queued` photos are uploaded where the account does not take them
/// all; `None` where it does, or where Flickr does not say.
pub async fn shortage(client: &Client, queued: u64) -> Result<Option<String>, Error> {
    let status = client.upload_status().await.map_err(from_flickr)?;
    Ok(short(&status, queued))
}

fn short(status: &UploadStatus, queued: u64) -> Option<String> {
    let left = status.photos_left().filter(|left| *left < queued)?;
    Some(format!(
        "{queued} photos are queued, and the account takes {left} more of its {}: the run stops when it is full",
        status.photos_limit.unwrap_or_default()
    ))
}

/// What a worker should know of the account before it uploads what is queued: warnings, one line
/// each. Fails where no upload can succeed.
pub(super) async fn preflight(
    client: &Client,
    privacy: Privacy,
    queued: u64,
) -> Result<Vec<String>, Error> {
    let rights = client.rights().await.map_err(from_flickr)?;
    if rights < Rights::Write {
        let message = format!("it may only {}", rights.as_str());
        return Err(from_flickr(crate::flickr::Error::Rights { message }));
    }
    let status = client.upload_status().await.map_err(from_flickr)?;
    let mut lines = Vec::new();
    if !status.pro {
        lines.extend(limits_of_a_free_account(&status, privacy, queued));
    }
    if let Some(bytes) = status.remaining_bytes {
        lines.push(format!(
            "the account takes {} MB more this month",
            bytes / 1_000_000
        ));
    }
    Ok(lines)
}

fn limits_of_a_free_account(status: &UploadStatus, privacy: Privacy, queued: u64) -> Vec<String> {
    let limit = match (status.photos, status.photos_limit) {
        (Some(photos), Some(limit)) => format!("{photos} of the {limit} photos that it may"),
        (_, Some(limit)) => format!("{limit} photos in all"),
        _ => "1,000 photos in all".to_owned(),
    };
    let mut lines = vec![format!(
        "{} is a free account: it holds {limit}; the run stops when it is full",
        status.name
    )];
    lines.extend(short(status, queued));
    if privacy != Privacy::Public {
        lines.push(
            "a free account holds 50 photos that are not public; the run stops at the 51st"
                .to_owned(),
        );
    }
    lines
}
