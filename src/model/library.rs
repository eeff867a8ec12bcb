//! [`Library`]: a snapshot of an account (photos, sets, membership) as plain data.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Key;
use super::name::{Origin, SetName, set_title};

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
    /// When it was made, in unix seconds.
    pub created: i64,
    /// The id of the photo that is its cover.
    pub cover: String,
    /// How many photos and videos Flickr says are in it.
    pub count: usize,
    /// The ids of its photos in order; `None` while they were not read.
    pub members: Option<Vec<String>>,
}

/// An account, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// All photos.
    pub photos: Vec<Photo>,
    /// All sets.
    pub sets: Vec<Set>,
    /// The ids of the photos that are in no set; `None` while that was not read.
    pub loose: Option<HashSet<String>>,
}

/// Copies of one file: the same key and the same version, uploaded more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The file.
    pub key: Key,
    /// The oldest copy's id: the one that is kept and put into the set.
    pub keep: String,
    /// The ids of the later copies, oldest first.
    pub later: Vec<String>,
}

/// The photos that belong into sets, and the copies that do not.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    /// For each title the photos in the order of their keys.
    pub sets: BTreeMap<String, Vec<&'a Photo>>,
    /// Files that are in the account more than once.
    pub duplicates: Vec<Duplicate>,
}

impl Library {
    /// Sorts our photos into sets by their folders; of several copies of one file the oldest counts.
    pub(super) fn wanted(&self, naming: SetName) -> Wanted<'_> {
        let mut ours: Vec<(&Origin, &Photo)> = self
            .photos
            .iter()
            .filter_map(|photo| Some((photo.origin.as_ref()?, photo)))
            .collect();
        ours.sort_unstable_by(|a, b| (a.0, a.1.age()).cmp(&(b.0, b.1.age())));
        let mut wanted = Wanted::default();
        for copies in ours.chunk_by(|a, b| a.0 == b.0) {
            let (origin, oldest) = copies[0];
            if copies.len() > 1 {
                wanted.duplicates.push(Duplicate {
                    key: origin.key.clone(),
                    keep: oldest.id.clone(),
                    later: copies[1..].iter().map(|copy| copy.1.id.clone()).collect(),
                });
            }
            if let Some(title) = set_title(&origin.key, naming) {
                wanted.sets.entry(title).or_default().push(oldest);
            }
        }
        wanted
    }

    /// The sets of each title, oldest first.
    pub(super) fn sets_by_title(&self) -> BTreeMap<&str, Vec<&Set>> {
        let mut titles: BTreeMap<&str, Vec<&Set>> = BTreeMap::new();
        for set in &self.sets {
            titles.entry(&set.title).or_default().push(set);
        }
        for sets in titles.values_mut() {
            sets.sort_by_key(|set| set.age());
        }
        titles
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
    fn age(&self) -> Age<'_> {
        (self.uploaded, self.id.len(), &self.id)
    }
}

impl Set {
    fn age(&self) -> Age<'_> {
        (self.created, self.id.len(), &self.id)
    }
}
