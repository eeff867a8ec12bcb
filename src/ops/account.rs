//! What an account is, and what a run on it will meet: read before the first upload.

use serde::Serialize;

use super::Error;
use crate::flickr::{self, Client, Rights, Visibility};

/// Whose account it is, and with which rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Flickr's id of the account.
    pub nsid: String,
    /// The name that it shows.
    pub name: String,
    /// `read`, `write` or `delete`; each includes those before it.
    pub rights: String,
}

/// Reads whose account it is; fails where the key or the token is refused.
pub async fn owner(flickr: &Client) -> Result<Owner, Error> {
    let user = flickr.login().await?;
    let rights = flickr.rights().await?;
    Ok(Owner {
        nsid: user.nsid,
        name: user.name,
        rights: rights.as_str().to_owned(),
    })
}

/// Whether the account has any photo or video. One call.
pub async fn has_photos(flickr: &Client) -> Result<bool, Error> {
    let page = flickr.photos_page(None, 1).await?;
    Ok(!page.items.is_empty() || page.total.unwrap_or_default() > 0)
}

/// What a worker should know of the account before it uploads: warnings, one line each.
/// Fails where no upload can succeed.
pub async fn preflight(flickr: &Client, visibility: Visibility) -> Result<Vec<String>, Error> {
    let rights = flickr.rights().await?;
    if rights < Rights::Write {
        let message = format!("it may only {}", rights.as_str());
        return Err(flickr::Error::Rights { message }.into());
    }
    let status = flickr.upload_status().await?;
    let mut lines = Vec::new();
    if !status.pro {
        lines.push(format!(
            "{} is a free account: it holds 1,000 photos in all; the run stops when it is full",
            status.name
        ));
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
