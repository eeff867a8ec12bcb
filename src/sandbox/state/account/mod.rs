//! The one account of the sandbox.
//!
//! A change is a value: it is applied here and written to the journal, in the same order.

mod apply;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::sandbox::state::data::{Change, Photo, Privacy, Set, Settings, Token};
use crate::sandbox::state::ids;

/// Everything that survives a restart.
#[derive(Debug, Default)]
pub struct Account {
    photos: BTreeMap<u64, Photo>,
    sets: HashMap<u64, Set>,
    order: Vec<u64>,
    by_sha1: HashMap<String, BTreeSet<u64>>,
    deleted: HashMap<String, u64>,
    sets_of: HashMap<u64, BTreeSet<u64>>,
    tokens: HashMap<String, Token>,
    settings: Settings,
    non_public: usize,
    next_photo: u64,
    next_set: u64,
    unsaved: Vec<Change>,
}

impl Account {
    /// Applies a change and keeps it for the journal.
    pub fn commit(&mut self, change: Change) {
        self.apply(change.clone());
        self.unsaved.push(change);
    }

    /// The changes that the journal does not have yet.
    pub fn take_unsaved(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unsaved)
    }

    /// The changes that make this account out of an empty one.
    pub fn snapshot(&self) -> Vec<Change> {
        let mut changes = vec![
            Change::Settings(self.settings),
            Change::Counters(self.next_photo, self.next_set),
        ];
        changes.extend(self.tokens.values().cloned().map(Change::Token));
        let deleted = self.deleted.iter();
        changes.extend(deleted.map(|(sha1, id)| Change::Remembered(sha1.clone(), *id)));
        changes.extend(
            self.photos
                .values()
                .cloned()
                .map(Box::new)
                .map(Change::Photo),
        );
        changes.extend(self.sets.values().cloned().map(Change::Set));
        changes.push(Change::Order(self.order.clone()));
        changes
    }

    /// A photo id that was never given out.
    pub fn reserve_photo_id(&mut self) -> u64 {
        let id = self.next_photo.max(ids::FIRST_PHOTO);
        self.next_photo = id + 1;
        id
    }

    /// A set id that was never given out.
    pub fn reserve_set_id(&mut self) -> u64 {
        let id = self.next_set.max(ids::FIRST_SET);
        self.next_set = id + 1;
        id
    }

    /// Unix seconds by Flickr's clock.
    pub fn now(&self) -> i64 {
        Timestamp::now().as_second() + self.settings.clock_ahead_seconds
    }

    /// A photo by its id.
    pub fn photo(&self, id: u64) -> Option<&Photo> {
        self.photos.get(&id)
    }

    /// All photos, by ascending id.
    pub fn photos(&self) -> impl DoubleEndedIterator<Item = &Photo> + ExactSizeIterator {
        self.photos.values()
    }

    /// A set by its id.
    pub fn set(&self, id: u64) -> Option<&Set> {
        self.sets.get(&id)
    }

    /// All sets in the owner's order.
    pub fn sets(&self) -> impl Iterator<Item = &Set> {
        self.order.iter().filter_map(|id| self.sets.get(id))
    }

    /// The ids of the sets that hold a photo.
    pub fn sets_of(&self, photo: u64) -> impl Iterator<Item = u64> {
        self.sets_of.get(&photo).into_iter().flatten().copied()
    }

    /// The oldest photo whose file has this checksum.
    pub fn oldest_with(&self, sha1: &str) -> Option<&Photo> {
        let ids = self.by_sha1.get(sha1)?;
        ids.iter()
            .filter_map(|id| self.photos.get(id))
            .min_by_key(|photo| (photo.posted, photo.id))
    }

    /// The id of a photo of this checksum that was deleted: its bytes stay known.
    pub fn deleted_with(&self, sha1: &str) -> Option<u64> {
        self.deleted.get(sha1).copied()
    }

    /// A token that was given out.
    pub fn token(&self, token: &str) -> Option<&Token> {
        self.tokens.get(token)
    }

    /// The account's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether another item of that privacy is one too many.
    pub fn is_full(&self, privacy: Privacy) -> bool {
        let limits = &self.settings;
        let non_public = !privacy.public && self.non_public >= limits.non_public_limit;
        !limits.pro && (self.photos.len() >= limits.items_limit || non_public)
    }
}
