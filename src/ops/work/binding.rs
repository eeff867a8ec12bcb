//! Which account a queue belongs to: its first worker's, and no other's.

use super::Error;
use crate::flickr::Client;
use crate::ops::account::has_photos;
use crate::queue::{BoundAccount, Queue};

/// What must be right of a queue before a worker takes anything from it: it loses no message that
/// a dead worker had, and it is this account's. What is only worth knowing is logged.
pub(super) async fn prepare(queue: &Queue, flickr: &Client) -> Result<BoundAccount, Error> {
    for line in queue.check(false).await? {
        tracing::warn!("{line}");
    }
    bind(queue, flickr).await
}

/// Binds the queue to this account if it is not bound yet, and returns what is recorded.
/// [`Error::OtherAccount`] where it is another's.
pub async fn bind(queue: &Queue, flickr: &Client) -> Result<BoundAccount, Error> {
    let user = flickr.user().await?;
    let bound = match queue.account().await? {
        Some(bound) => bound,
        None => {
            let first = BoundAccount {
                nsid: user.nsid.clone(),
                name: user.name.clone(),
                had_photos: has_photos(flickr).await?,
            };
            queue.bind_account(&first).await?
        }
    };
    if bound.nsid == user.nsid {
        return Ok(bound);
    }
    Err(Error::OtherAccount {
        queue: queue.location().to_owned(),
        bound: called(&bound.name, &bound.nsid),
        asked: called(&user.name, &user.nsid),
    })
}

/// An account as a person knows it.
fn called(name: &str, nsid: &str) -> String {
    match name {
        "" => nsid.to_owned(),
        name => format!("{name} ({nsid})"),
    }
}
