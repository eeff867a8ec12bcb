//! What an account is, and what a run on it will meet: read before the first upload.

use serde::Serialize;

use super::Error;
use crate::flickr::{self, Client, Rights, Visibility};
use crate::model::flickr::tags::Origin;

/// Whose account it is, with which rights, and how full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Flickr's id of the account.
    pub nsid: String,
    /// The name that it shows.
    pub name: String,
    /// `read`, `write` or `delete`; each includes those before it.
    pub rights: String,
    /// How many photos and videos it holds, where Flickr says so.
    pub photos: Option<u64>,
    /// How many it may hold; `None` for no limit, or where Flickr does not say.
    pub photos_limit: Option<u64>,
    /// Flickr's word for how these two stand; may be empty.
    pub limit_status: String,
}

/// Reads whose account it is; fails where the key or the token is refused.
pub async fn owner(flickr: &Client) -> Result<Owner, Error> {
    let user = flickr.login().await?;
    let rights = flickr.rights().await?;
    let status = flickr.upload_status().await?;
    Ok(Owner {
        nsid: user.nsid,
        name: user.name,
        rights: rights.as_str().to_owned(),
        photos: status.photos,
        photos_limit: status.photos_limit,
        limit_status: status.limit_status,
    })
}

/// Whether the account has photos of ours, or may have: one that is in the list's first page, or in a
/// page that is not read. One call.
pub async fn has_photos(flickr: &Client) -> Result<bool, Error> {
    let page = flickr.photos_page(None, 1).await?;
    let is_ours = |photo: &flickr::Photo| Origin::of_tags(&photo.machine_tags).is_some();
    let read = page.items.len() as u64;
    let has_more = page.total.map_or(read > 0, |total| total > read);
    Ok(has_more || page.items.iter().any(is_ours))
}

/// What a user should know before so many photos are uploaded that the account does not take them all;
/// `None` where it does, or where Flickr does not say.
pub async fn shortage(flickr: &Client, queued: u64) -> Result<Option<String>, Error> {
    Ok(short(&flickr.upload_status().await?, queued))
}

fn short(status: &flickr::UploadStatus, queued: u64) -> Option<String> {
    let left = status.photos_left().filter(|left| *left < queued)?;
    Some(format!(
        "{queued} photos are queued, and the account takes {left} more of its {}: the run stops when it is full",
        status.photos_limit.unwrap_or_default()
    ))
}

/// What a worker should know of the account before it uploads what is queued: warnings, one line
/// each. Fails where no upload can succeed.
pub async fn preflight(
    flickr: &Client,
    visibility: Visibility,
    queued: u64,
) -> Result<Vec<String>, Error> {
    let rights = flickr.rights().await?;
    if rights < Rights::Write {
        let message = format!("it may only {}", rights.as_str());
        return Err(flickr::Error::Rights { message }.into());
    }
    let status = flickr.upload_status().await?;
    let mut lines = Vec::new();
    if !status.pro {
        let limit = match (status.photos, status.photos_limit) {
            (Some(photos), Some(limit)) => format!("{photos} of the {limit} photos that it may"),
            (_, Some(limit)) => format!("{limit} photos in all"),
            _ => "1,000 photos in all".to_owned(),
        };
        lines.push(format!(
            "{} is a free account: it holds {limit}; the run stops when it is full",
            status.name
        ));
        lines.extend(short(&status, queued));
        if visibility != Visibility::Public {
            lines.push(
                "a free account holds 50 photos that are not public; the run stops at the 51st"
                    .to_owned(),
            );
        }
    }
    if let Some(bytes) = status.remaining_bytes {
        lines.push(format!(
            "the account takes {} MB more this month",
            bytes / 1_000_000
        ));
    }
    Ok(lines)
}
