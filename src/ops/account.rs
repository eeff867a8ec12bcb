//! Whose account it is, how full, and which queue belongs to it: read before the first upload.

use serde::Serialize;

use super::Error;
use crate::error_chain::innermost;
use crate::flickr::{self, Client};
use crate::model::outage::Service;
use crate::ops::startup::Outage;
use crate::queue::{BoundAccount, Queue};
use crate::store::{self, Target};

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
    let user = flickr.whoami().await?;
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

/// What a user should know before `queued` photos are uploaded, where the account does not take all;
/// `None` where it does, or where Flickr does not say.
pub async fn shortage(flickr: &Client, queued: u64) -> Result<Option<String>, Error> {
    Ok(store::flickr::shortage(flickr, queued).await?)
}

/// Binds the queue to this target if it is not bound yet, and returns what is recorded.
/// [`Error::OtherAccount`] where it is another's.
pub async fn bind(queue: &Queue, target: &Target) -> Result<BoundAccount, Error> {
    let owner = target.owner().await?;
    let bound = match queue.account().await? {
        Some(bound) => bound,
        None => {
            let first = BoundAccount {
                nsid: owner.id.clone(),
                name: owner.name.clone(),
                had_photos: target.has_files().await?,
            };
            queue.bind_account(&first).await?
        }
    };
    if bound.nsid == owner.id {
        return Ok(bound);
    }
    Err(Error::OtherAccount {
        queue: queue.location().to_owned(),
        bound: called(&bound.name, &bound.nsid),
        asked: called(&owner.name, &owner.id),
    })
}

/// Asks Flickr whether it is away for a while. Costs one call.
pub async fn outage(flickr: &Client) -> Option<Outage> {
    let error = flickr.whoami().await.err()?;
    error.is_outage().then(|| Outage {
        service: Service::Calls,
        way: seen(&error),
    })
}

/// What a person can act on: the innermost cause, or else what was seen of the answer.
fn seen(error: &flickr::Error) -> String {
    use flickr::Error::{Ambiguous, Unavailable};
    match error {
        Unavailable { why, source, .. } | Ambiguous { why, source, .. } if source.is_none() => {
            why.clone()
        }
        error => innermost(error),
    }
}

/// An account as a person knows it.
fn called(name: &str, nsid: &str) -> String {
    match name {
        "" => nsid.to_owned(),
        name => format!("{name} ({nsid})"),
    }
}
