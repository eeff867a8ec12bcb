//! Looking on Flickr for photos that an earlier attempt may have left there, with calls that
//! many jobs share.
//!
//! A listing of the photos uploaded since some moment answers for every job at once; the next
//! one asks only for what came since. So a storm of lost answers costs a few calls, not one each.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;

use crate::flickr::{Client, Error};
use crate::model::name::Origin;

/// How far Flickr's clock and ours may be apart, and how long its lists may lag behind its
/// uploads: each listing looks this far back beyond the one before.
pub const MARGIN: Duration = Duration::from_secs(600);

/// What a job has to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Since when (unix seconds) an upload of it may have happened.
    pub since: i64,
    /// Only a listing begun after this moment answers: the last attempt had ended by then.
    pub after: SystemTime,
}

/// The photos of ours that listings found, by the files that they are copies of.
pub struct Uploads {
    flickr: Client,
    listed: Mutex<Listed>,
}

#[derive(Default)]
struct Listed {
    photos: HashMap<Origin, String>,
    /// The span that the photos cover: from when (unix seconds), and when the last listing began.
    covers: Option<(i64, SystemTime)>,
}

impl Uploads {
    /// Nothing is listed yet.
    pub fn new(flickr: &Client) -> Uploads {
        Uploads {
            flickr: flickr.clone(),
            listed: Mutex::default(),
        }
    }

    /// The id of a photo of this file, if Flickr shows one. Only a help: its lists lag.
    pub async fn find(&self, origin: &Origin, look: Look) -> Result<Option<String>, Error> {
        // Whoever waits here while another lists finds that listing done.
        let mut listed = self.listed.lock().await;
        let from = look.since.saturating_sub(MARGIN.as_secs() as i64).max(0);
        let known = listed.photos.get(origin).cloned();
        if known.is_some() || listed.answers(from, look.after) {
            return Ok(known);
        }
        let began = SystemTime::now();
        let start = listed.start_of_next(from);
        for photo in self.flickr.photos(Some(start)).await?.items {
            if let Some(origin) = Origin::of_tags(&photo.machine_tags) {
                listed.photos.entry(origin).or_insert(photo.id);
            }
        }
        let first = listed.covers.map_or(from, |(first, _)| first.min(from));
        listed.covers = Some((first, began));
        Ok(listed.photos.get(origin).cloned())
    }
}

impl Listed {
    fn answers(&self, from: i64, after: SystemTime) -> bool {
        self.covers
            .is_some_and(|(first, began)| first <= from && began >= after)
    }

    /// From when the next listing must ask: what the last one covered need not come again.
    fn start_of_next(&self, from: i64) -> i64 {
        match self.covers {
            Some((first, began)) if first <= from => unix(began - MARGIN),
            _ => from,
        }
    }
}

/// Seconds since 1970.
pub fn unix(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_answers_for_what_it_covers_and_the_next_asks_only_for_what_came_since() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let mut listed = Listed::default();
        assert!(!listed.answers(100, at(0)));
        assert_eq!(listed.start_of_next(100), 100);
        listed.covers = Some((100, at(5000)));
        assert!(listed.answers(100, at(5000)) && listed.answers(4000, at(4999)));
        assert!(!listed.answers(99, at(5000)) && !listed.answers(100, at(5001)));
        assert_eq!(listed.start_of_next(200), 4400);
        assert_eq!(listed.start_of_next(50), 50);
    }
}
