//! What it means that Flickr refuses a file's bytes because the account has them (upload code 9).
//!
//! It names *a* photo of these bytes, not all of them: this file's, another file's, one that
//! somebody put there by other means, or one that was deleted.

use tokio::time::{Instant, sleep};

use super::Flickr;
use super::errors::from_flickr;
use super::prior_uploads::Prior;
use crate::flickr::{self, Photo};
use crate::model::flickr::tags::{NAMESPACE, Origin};
use crate::store::{Error, PriorAttempt};

/// The pauses before a photo that Flickr names but does not know is asked for again, in tenths of
/// the time that Flickr may need: longer than that in all.
const PAUSES: [u32; 4] = [1, 2, 4, 8];

/// The photo that Flickr says has the same bytes.
pub(super) struct Twin {
    /// Its id, where Flickr tells.
    pub photo_id: Option<String>,
    /// Whether Flickr says that it was deleted.
    pub deleted: bool,
}

/// Whether the file needs a photo of its own.
pub(super) enum Meaning {
    /// It has one, with this id.
    There(String),
    /// It has none: upload without the check.
    Missing,
}

/// Finds out what an answer about a twin means for this file.
///
/// Before a second copy of these bytes is made, the account is searched for this file's own. A
/// photo without our tags becomes the photo of the first file that asks: it is given the tags and
/// keeps its title, which is its owner's.
pub(super) async fn meaning(
    to: &Flickr,
    origin: &Origin,
    twin: Twin,
    is_first_attempt: bool,
) -> Result<Meaning, Error> {
    let named = match &twin.photo_id {
        Some(id) if !twin.deleted => named(to, id).await?,
        _ => None,
    };
    match named {
        Some(photo) => match Origin::from_tags(&photo.machine_tags) {
            // Its bytes are these: Flickr says so, whatever the version says.
            Some(found) if found.key == origin.key => return Ok(Meaning::There(photo.id)),
            Some(_) => {}
            None if is_ours(&photo) => {}
            None if to.uploads.may_adopt(&photo.id) => return adopt(to, origin, photo.id).await,
            None => {}
        },
        // It may be this file's photo, too fresh for the lists: told apart the next time.
        None if twin.photo_id.is_none() && is_first_attempt => {
            if let Meaning::There(photo) = own(to, origin).await? {
                return Ok(Meaning::There(photo));
            }
            return Err(unclear(
                "Flickr has these bytes and does not say as which photo",
            ));
        }
        None => {}
    }
    own(to, origin).await
}

/// Looks for this file's own photo in all of the account.
async fn own(to: &Flickr, origin: &Origin) -> Result<Meaning, Error> {
    let now = Instant::now();
    let prior = PriorAttempt {
        since: 0,
        after: Some(now),
        sent: now,
    };
    let found = to.uploads.find(origin, prior).await.map_err(from_flickr)?;
    Ok(match found {
        // Flickr has these bytes, and this key a photo that may well be they: an older version of
        // this program told of a photo's bytes no more than a folder's clock.
        Prior::Photo(photo) | Prior::Unsure(photo) => Meaning::There(photo),
        Prior::Missing => Meaning::Missing,
    })
}

fn unclear(why: &str) -> Error {
    Error::Ambiguous {
        since: None,
        service: None,
        way: String::new(),
        reason: why.to_owned(),
    }
}

/// The photo of this id; `None` where Flickr does not know it, not even after a real wait. A fresh
/// one is unknown for a while, and one that was deleted for good.
async fn named(to: &Flickr, id: &str) -> Result<Option<Photo>, Error> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match to.client.photo(id).await {
            Ok(photo) => return Ok(Some(photo)),
            Err(flickr::Error::NotFound { .. }) => {}
            Err(error) => return Err(from_flickr(error)),
        }
        let Some(tenths) = pauses.next() else {
            return Ok(None);
        };
        sleep(to.lag * tenths / 10).await;
    }
}

/// Whether a photo has tags of ours, be they broken.
fn is_ours(photo: &Photo) -> bool {
    let mut tags = photo.machine_tags.split_whitespace();
    tags.any(|tag| tag.split(':').next() == Some(NAMESPACE))
}

/// Makes a photo that somebody put there by other means this file's: the bytes are the same.
async fn adopt(to: &Flickr, origin: &Origin, photo: String) -> Result<Meaning, Error> {
    match to.client.add_tags(&photo, &origin.tags()).await {
        Ok(()) => Ok(Meaning::There(photo)),
        Err(error) => {
            to.uploads.was_not_adopted(&photo);
            Err(from_flickr(error))
        }
    }
}
