//! Looking on Flickr for photos that an earlier attempt may have left there, with calls that
//! many jobs share.
//!
//! A listing of the photos uploaded since some moment answers for every job at once; the next
//! one asks only for what came since, or for what is older. So a storm of lost answers costs a few
//! calls, not one each. Of a photo no more is kept than tells its file, as hashes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::flickr::{Client, Error, Photo, Span};
use crate::model::flickr::tags::Origin;
use crate::model::marks::{Marks, hash};
use crate::store::PriorAttempt;

/// How long Flickr's lists may lag behind its uploads: each listing looks this far back beyond
/// the one before.
const OVERLAP: Duration = Duration::from_secs(60);

/// What is known of a file's photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Prior {
    /// There is none.
    Missing,
    /// It has this id.
    Photo(String),
    /// One of its key has this id, and what is known of the two does not tell whether it has the file's bytes.
    Unsure(String),
}

/// The photos of ours that listings found, by the files that they are copies of.
pub(super) struct PriorUploads {
    flickr: Client,
    index: Mutex<UploadIndex>,
    /// The ids of photos without tags of ours that were given them: two files may have the bytes of one.
    adopted: parking_lot::Mutex<HashSet<String>>,
}

#[derive(Default)]
struct UploadIndex {
    /// By the hash of the key and the photo's id.
    photos: BTreeMap<(u64, Box<str>), ListedPhoto>,
    covers: Option<Covered>,
}

struct ListedPhoto {
    marks: Marks<u64>,
    /// When the listing began that showed it last.
    at: Instant,
}

/// The span that the photos cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Covered {
    /// From when, by Flickr's clock.
    first: i64,
    /// When the last listing began.
    began: Instant,
    /// The same by Flickr's clock.
    began_unix: i64,
}

impl PriorUploads {
    /// Nothing is listed yet.
    pub(super) fn new(flickr: &Client) -> PriorUploads {
        PriorUploads {
            flickr: flickr.clone(),
            index: Mutex::default(),
            adopted: parking_lot::Mutex::default(),
        }
    }

    /// Whether a photo without tags of ours may be given those of a file: the first to ask has it.
    pub(super) fn may_adopt(&self, photo: &str) -> bool {
        let mut adopted = self.adopted.lock();
        adopted.insert(photo.to_owned())
    }

    /// Takes that back: the tags could not be given.
    pub(super) fn was_not_adopted(&self, photo: &str) {
        let mut adopted = self.adopted.lock();
        adopted.remove(photo);
    }

    /// The photo of this file, if Flickr shows one. Waits until a listing can tell.
    pub(super) async fn find(&self, origin: &Origin, prior: PriorAttempt) -> Result<Prior, Error> {
        if let Some(after) = prior.after {
            sleep_until(after).await;
        }
        loop {
            let (found, is_old) = self.listed(origin, prior).await?;
            let Prior::Photo(id) = found else {
                return Ok(found);
            };
            if !is_old || self.is_still_there(&id, origin).await? {
                return Ok(Prior::Photo(id));
            }
            self.index.lock().await.forget(origin, &id);
        }
    }

    /// What listings show of this file, and whether it may have changed since.
    async fn listed(&self, origin: &Origin, prior: PriorAttempt) -> Result<(Prior, bool), Error> {
        // Whoever waits here while another lists finds that listing done.
        let mut index = self.index.lock().await;
        let found = index.prior(origin);
        if matches!(found, Prior::Photo(_)) {
            let is_old = index.is_older(origin, &found, prior.sent);
            return Ok((found, is_old));
        }
        let since = prior.since.saturating_sub(OVERLAP.as_secs() as i64).max(0);
        if !index.is_newer_than(prior.after) {
            self.list_newest(&mut index, origin, since).await?;
        }
        if let Some(covered) = index.covers.filter(|covered| covered.first > since)
            && !matches!(index.prior(origin), Prior::Photo(_))
        {
            let until = Some(covered.first);
            let reached = self.read(&mut index, Span { since, until }, Some(origin));
            let first = reached.await?.unwrap_or(since);
            index.covers = Some(Covered { first, ..covered });
        }
        Ok((index.prior(origin), false))
    }

    /// Lists what came since the last listing, or since `since` where that is later.
    async fn list_newest(
        &self,
        index: &mut UploadIndex,
        origin: &Origin,
        since: i64,
    ) -> Result<(), Error> {
        let (began, began_unix) = (Instant::now(), self.flickr.now());
        let joined = index.covers.filter(|covered| since < covered.began_unix);
        let (start, first) = joined.map_or((since, since), |covered| {
            let overlap = OVERLAP.as_secs() as i64;
            let start = covered.began_unix.saturating_sub(overlap);
            (start, covered.first.min(start))
        });
        let span = Span {
            since: start,
            until: None,
        };
        // To end early would leave a gap behind what is covered already.
        let wanted = joined.is_none().then_some(origin);
        let reached = self.read(index, span, wanted).await?;
        index.covers = Some(Covered {
            first: reached.unwrap_or(first),
            began,
            began_unix,
        });
        Ok(())
    }

    /// Reads a span into the index, until it shows the file that is looked for.
    async fn read(
        &self,
        index: &mut UploadIndex,
        span: Span,
        wanted: Option<&Origin>,
    ) -> Result<Option<i64>, Error> {
        let began = Instant::now();
        let visit = |photo: Photo| {
            index.add(photo, began);
            wanted.is_some_and(|origin| matches!(index.prior(origin), Prior::Photo(_)))
        };
        self.flickr.visit_photos(span, visit).await
    }

    /// Whether a photo that was listed some time ago is there, and is still a copy of this file.
    async fn is_still_there(&self, id: &str, origin: &Origin) -> Result<bool, Error> {
        match self.flickr.photo(id).await {
            Ok(photo) => Ok(Origin::from_tags(&photo.machine_tags).is_some_and(|found| {
                found.key == origin.key && origin.has_bytes_of(&found) == Some(true)
            })),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl UploadIndex {
    fn add(&mut self, photo: Photo, at: Instant) {
        if let Some(origin) = Origin::from_tags(&photo.machine_tags) {
            let marks = origin.marks().hashed();
            let place = (hash(origin.key.as_str()), photo.id.into_boxed_str());
            self.photos.insert(place, ListedPhoto { marks, at });
        }
    }

    fn forget(&mut self, origin: &Origin, id: &str) {
        self.photos.remove(&(hash(origin.key.as_str()), id.into()));
    }

    fn of_key(&self, origin: &Origin) -> impl Iterator<Item = (&str, &ListedPhoto)> {
        let key = hash(origin.key.as_str());
        self.photos
            .range((key, "".into())..)
            .take_while(move |((of, _), _)| *of == key)
            .map(|((_, id), listed)| (&**id, listed))
    }

    fn prior(&self, origin: &Origin) -> Prior {
        let marks = origin.marks().hashed();
        let mut prior = Prior::Missing;
        for (id, listed) in self.of_key(origin) {
            match marks.has_bytes_of(&listed.marks) {
                Some(true) => return Prior::Photo(id.to_owned()),
                Some(false) => {}
                None => prior = Prior::Unsure(id.to_owned()),
            }
        }
        prior
    }

    fn is_older(&self, origin: &Origin, prior: &Prior, than: Instant) -> bool {
        let Prior::Photo(wanted) = prior else {
            return false;
        };
        self.of_key(origin)
            .any(|(id, listed)| id == wanted && listed.at < than)
    }

    fn is_newer_than(&self, after: Option<Instant>) -> bool {
        self.covers
            .is_some_and(|covered| after.is_none_or(|after| covered.began >= after))
    }
}

#[cfg(test)]
mod tests;
