//! [`Library`]: a snapshot of an account (photos, sets, membership) as plain data.

use std::collections::{HashMap, HashSet};

use super::tags::Origin;

/// One photo of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Flickr's id.
    pub id: String,
    /// Which file it is a copy of; `None` for a photo that is not ours.
    pub origin: Option<Origin>,
    /// When it was uploaded, in unix seconds.
    pub uploaded: i64,
}

/// One set of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Flickr's id.
    pub id: String,
    /// Titles are not unique.
    pub title: String,
    /// When it was made, in unix seconds; 0 where that is unknown.
    pub created: i64,
    /// The id of the photo that is its cover.
    pub cover: String,
    /// How many photos and videos Flickr says are in it.
    pub count: usize,
    /// Its photos; `None` while they were not read.
    pub members: Option<Members>,
}

/// The photos of a set, as far as Flickr listed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// Their ids, in the set's order.
    pub ids: Vec<String>,
    /// Whether none is missing. A set of which some are not known must not be given a whole new list.
    pub whole: bool,
}

/// An account, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// All photos.
    pub photos: Vec<Photo>,
    /// All sets.
    pub sets: Vec<Set>,
    /// The ids of the photos that are in no set; `None` while that was not read.
    pub not_in_set: Option<HashSet<String>>,
}

impl Library {
    /// Whether a photo may be in no set, as far as that was read.
    pub(super) fn may_be_in_no_set(&self, id: &str) -> bool {
        self.not_in_set
            .as_ref()
            .is_none_or(|not_in_set| not_in_set.contains(id))
    }

    /// The origin of each of our photos, by id.
    pub(super) fn origins(&self) -> HashMap<&str, &Origin> {
        self.photos
            .iter()
            .filter_map(|photo| Some((photo.id.as_str(), photo.origin.as_ref()?)))
            .collect()
    }
}

/// Ids are decimal and grow with time: a shorter one is older.
type Age<'a> = (i64, usize, &'a str);

impl Photo {
    pub(super) fn age(&self) -> Age<'_> {
        (self.uploaded, self.id.len(), &self.id)
    }
}

impl Set {
    pub(super) fn age(&self) -> Age<'_> {
        (self.created, self.id.len(), &self.id)
    }
}
