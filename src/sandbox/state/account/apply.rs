//! How a change is applied to the account.

use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Change, Photo, Set};

impl Account {
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

    fn put_photo(&mut self, photo: Photo) {
        self.next_photo = self.next_photo.max(photo.id + 1);
        self.by_sha1
            .entry(photo.sha1.clone())
            .or_default()
            .insert(photo.id);
        self.non_public += usize::from(!photo.privacy.public);
        if let Some(before) = self.photos.insert(photo.id, photo) {
            self.non_public -= usize::from(!before.privacy.public);
        }
    }

    fn remove_photo(&mut self, id: u64) {
        let Some(photo) = self.photos.remove(&id) else {
            return;
        };
        self.non_public -= usize::from(!photo.privacy.public);
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
}
