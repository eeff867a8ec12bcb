//! New photos that a fault keeps unknown to the next calls that name them.

use std::collections::{HashMap, HashSet};

use parking_lot::Mutex;

/// For each such photo, the number of calls that still do not know it.
#[derive(Debug, Default)]
pub struct FreshPhotos(Mutex<HashMap<u64, u32>>);

impl FreshPhotos {
    /// Keeps a photo unknown to the next `calls` calls that name it.
    pub fn hide(&self, photo: u64, calls: u32) {
        if calls > 0 {
            let mut fresh = self.0.lock();
            fresh.insert(photo, calls);
        }
    }

    /// Which of the photos that a call names are unknown to it; counts as one call for each.
    pub fn unknown_to_call(&self, named: impl Iterator<Item = u64>) -> HashSet<u64> {
        let mut fresh = self.0.lock();
        if fresh.is_empty() {
            return HashSet::new();
        }
        let hidden: HashSet<u64> = named.filter(|id| fresh.contains_key(id)).collect();
        for id in &hidden {
            if let Some(calls) = fresh.get_mut(id) {
                *calls -= 1;
            }
        }
        fresh.retain(|_, calls| *calls > 0);
        hidden
    }
}
