//! The one account of the sandbox, and how it changes.
//!
//! A change is a value: it is applied here and written to the journal, in the same order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::sandbox::state::data::{Change, Photo, Set, Settings, Token, Visibility};
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

    /// The changes since the last call, for the journal.
    pub fn take_unsaved(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unsaved)
    }

    /// Applies a change that the journal already has.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Counters(photo, set) => {
                self.next_photo = self.next_photo.max(photo);
                self.next_set = self.next_set.max(set);
            }
            Change::Photo(photo) => self.put_photo(*photo),
            Change::PhotoGone(id) => self.remove_photo(id),
            Change::Remembered(sha1, id) => drop(self.deleted.insert(sha1, id)),
            Change::Set(set) => self.put_set(set),
            Change::SetGone(id) => self.remove_set(id),
            Change::Member(set, photo, now) => self.append(set, photo, now),
            Change::Order(order) => self.order = order,
            Change::Token(token) => {
                self.tokens.insert(token.token.clone(), token);
            }
            Change::Settings(settings) => self.settings = settings,
        }
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

    fn put_photo(&mut self, photo: Photo) {
        self.next_photo = self.next_photo.max(photo.id + 1);
        self.by_sha1
            .entry(photo.sha1.clone())
            .or_default()
            .insert(photo.id);
        self.non_public += usize::from(!photo.visibility.public);
        if let Some(before) = self.photos.insert(photo.id, photo) {
            self.non_public -= usize::from(!before.visibility.public);
        }
    }

    fn remove_photo(&mut self, id: u64) {
        let Some(photo) = self.photos.remove(&id) else {
            return;
        };
        self.non_public -= usize::from(!photo.visibility.public);
        if let Some(same) = self.by_sha1.get_mut(&photo.sha1) {
            same.remove(&id);
        }
        self.deleted.insert(photo.sha1, id);
        for set_id in self.sets_of.remove(&id).unwrap_or_default() {
            let Some(set) = self.sets.get_mut(&set_id) else {
                continue;
            };
            set.photos.retain(|&member| member != id);
            match set.photos.first() {
                None => self.remove_set(set_id),
                Some(&first) if set.primary == id => set.primary = first,
                Some(_) => {}
            }
        }
    }

    fn put_set(&mut self, set: Set) {
        self.next_set = self.next_set.max(set.id + 1);
        if let Some(before) = self.sets.get(&set.id) {
            let gone: Vec<u64> = before.photos.clone();
            gone.into_iter()
                .for_each(|photo| self.forget_membership(set.id, photo));
        } else {
            self.order.insert(0, set.id);
        }
        for &photo in &set.photos {
            self.sets_of.entry(photo).or_default().insert(set.id);
        }
        self.sets.insert(set.id, set);
    }

    fn remove_set(&mut self, id: u64) {
        self.order.retain(|&set| set != id);
        for photo in self
            .sets
            .remove(&id)
            .map(|set| set.photos)
            .unwrap_or_default()
        {
            self.forget_membership(id, photo);
        }
    }

    fn append(&mut self, set_id: u64, photo: u64, now: i64) {
        if let Some(set) = self.sets.get_mut(&set_id) {
            set.photos.push(photo);
            set.updated = now;
            self.sets_of.entry(photo).or_default().insert(set_id);
        }
    }

    fn forget_membership(&mut self, set: u64, photo: u64) {
        if let Some(sets) = self.sets_of.get_mut(&photo) {
            sets.remove(&set);
        }
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

    /// Whether another item of that visibility is one too many.
    pub fn is_full(&self, visibility: Visibility) -> bool {
        let limits = &self.settings;
        let non_public = !visibility.public && self.non_public >= limits.non_public_limit;
        !limits.pro && (self.photos.len() >= limits.items_limit || non_public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::state::media::Kind;
    use crate::sandbox::state::tags::Tag;

    fn photo(id: u64) -> Change {
        Change::Photo(Box::new(Photo {
            id,
            secret: "0123456789".into(),
            original_secret: "9876543210".into(),
            title: "t".into(),
            description: String::new(),
            tags: vec![Tag::new("a:b=c")],
            visibility: Visibility::default(),
            posted: 5,
            updated: 5,
            taken: None,
            kind: Kind::Jpeg,
            width: 1,
            height: 1,
            bytes: 9,
            sha1: "same".into(),
        }))
    }

    fn set(id: u64, photos: &[u64]) -> Change {
        Change::Set(Set {
            id,
            title: "s".into(),
            description: String::new(),
            primary: photos[0],
            photos: photos.to_vec(),
            created: 1,
            updated: 1,
        })
    }

    #[test]
    fn a_snapshot_makes_the_same_account() {
        let mut account = Account::default();
        for change in [
            photo(7),
            photo(8),
            set(1, &[7]),
            set(2, &[8]),
            Change::Member(1, 8, 9),
            Change::PhotoGone(7),
        ] {
            account.commit(change);
        }
        let mut again = Account::default();
        account
            .snapshot()
            .into_iter()
            .for_each(|change| again.apply(change));
        let shape = |a: &Account| {
            a.sets()
                .map(|s| (s.id, s.primary, s.photos.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(shape(&again), [(2, 8, vec![8]), (1, 8, vec![8])]);
        assert_eq!(shape(&again), shape(&account));
        assert_eq!(again.reserve_photo_id(), account.reserve_photo_id());
        assert_eq!(again.oldest_with("same").unwrap().id, 8);
        assert_eq!(again.non_public, 1);
    }

    #[test]
    fn a_set_goes_with_its_last_photo() {
        let mut account = Account::default();
        for change in [photo(7), set(1, &[7]), Change::PhotoGone(7)] {
            account.commit(change);
        }
        assert_eq!(account.sets().count(), 0);
        assert_eq!(account.sets_of(7).count(), 0);
    }
}
