//! [`Albums`]: which photos of ours belong together in a set, and which of them are copies of one file.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::library::{Library, Photo};
use super::set_title;
use super::set_title::{SetName, set_name};
use super::tags::Origin;
use crate::model::Key;

/// Copies of one file: one key of one store with the same bytes, uploaded more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The file.
    pub key: Key,
    /// The oldest copy's id: the one that is kept and put into the set.
    pub keep: String,
    /// The ids of the later copies, oldest first.
    pub later: Vec<String>,
}

/// What one set should hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Album<'a> {
    /// The folder, or its last part.
    pub name: &'a str,
    /// The title that a new set of it gets.
    pub title: String,
    /// In the order of their keys, one of each file.
    pub photos: Vec<&'a Photo>,
}

/// All that sets should hold, and the copies that they should not.
#[derive(Debug, Default)]
pub struct Albums<'a> {
    /// In the order of their names.
    pub albums: Vec<Album<'a>>,
    /// Files that are in the account more than once.
    pub duplicates: Vec<Duplicate>,
    /// For each later copy the id of the copy that is kept.
    kept: HashMap<&'a str, &'a str>,
    /// For each photo of ours that is in a folder, copies too, the place of its album in `albums`.
    of_photo: HashMap<&'a str, usize>,
}

impl<'a> Albums<'a> {
    /// Sorts our photos into albums by their folders; of several copies of one file the oldest counts.
    pub fn of(library: &'a Library, naming: SetName) -> Albums<'a> {
        let mut ours: Vec<(&Origin, &Photo)> = library
            .photos
            .iter()
            .filter_map(|photo| Some((photo.origin.as_ref()?, photo)))
            .collect();
        ours.sort_unstable_by(|a, b| (&a.0.key, a.1.age()).cmp(&(&b.0.key, b.1.age())));
        let mut found = Albums::default();
        // Of each album the photos that are kept, and their later copies.
        let mut named: BTreeMap<&str, (Vec<&Photo>, Vec<&Photo>)> = BTreeMap::new();
        for of_key in ours.chunk_by(|a, b| a.0.key == b.0.key) {
            let name = set_name(&of_key[0].0.key, naming);
            let mut sort_in = |copies: &[(&'a Origin, &'a Photo)]| {
                found.note_copies(copies);
                if let Some(name) = name {
                    let (kept, later) = named.entry(name).or_default();
                    kept.push(copies[0].1);
                    later.extend(copies[1..].iter().map(|copy| copy.1));
                }
            };
            match of_key {
                [_] => sort_in(of_key),
                _ => files(of_key).iter().for_each(|copies| sort_in(copies)),
            }
        }
        for (place, (name, (photos, later))) in named.into_iter().enumerate() {
            let all = photos.iter().chain(&later);
            found
                .of_photo
                .extend(all.map(|photo| (photo.id.as_str(), place)));
            found.albums.push(Album {
                name,
                title: set_title::requested(name),
                photos,
            });
        }
        found
    }

    fn note_copies(&mut self, copies: &[(&'a Origin, &'a Photo)]) {
        let [(origin, oldest), later @ ..] = copies else {
            return;
        };
        if later.is_empty() {
            return;
        }
        let kept = later
            .iter()
            .map(|copy| (copy.1.id.as_str(), oldest.id.as_str()));
        self.kept.extend(kept);
        self.duplicates.push(Duplicate {
            key: origin.key.clone(),
            keep: oldest.id.clone(),
            later: later.iter().map(|copy| copy.1.id.clone()).collect(),
        });
    }

    /// The copy that is kept of this photo's file; the photo itself where it is the only one.
    pub fn kept<'b>(&'b self, id: &'b str) -> &'b str {
        self.kept.get(id).copied().unwrap_or(id)
    }

    /// The place of the album that a photo of ours belongs to.
    pub fn of_photo(&self, id: &str) -> Option<usize> {
        self.of_photo.get(id).copied()
    }
}

/// Sorts the photos of one key by the files that they are copies of, the oldest of each first. Size and
/// time of a file prove nothing: a photo is a copy only of photos of its own store that have its bytes.
fn files<'a>(of_key: &[(&'a Origin, &'a Photo)]) -> Vec<Vec<(&'a Origin, &'a Photo)>> {
    let mut files: Vec<Vec<(&Origin, &Photo)>> = Vec::new();
    for &(origin, photo) in of_key {
        let is_copy = |other: &(&Origin, &Photo)| {
            origin.is_of_same_store(other.0) && origin.has_bytes_of(other.0) == Some(true)
        };
        // An old photo may be a copy of those of two stores, which are no copies of each other.
        match files.iter_mut().find(|file| file.iter().all(is_copy)) {
            Some(file) => file.push((origin, photo)),
            None => files.push(vec![(origin, photo)]),
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(id: &str, from: &str, version: &str, checksum: &str) -> Photo {
        Photo {
            id: id.into(),
            origin: Some(Origin {
                from: from.into(),
                version: version.into(),
                checksum: checksum.into(),
                ..Origin::from_key(Key::new("a/1.jpg").unwrap())
            }),
            uploaded: 0,
        }
    }

    /// The kept photos of the only album, and the later copies.
    fn sorted(photos: Vec<Photo>) -> (Vec<String>, Vec<String>) {
        let library = Library {
            photos,
            ..Library::default()
        };
        let albums = Albums::of(&library, SetName::Path);
        let kept = albums.albums[0].photos.iter().map(|photo| photo.id.clone());
        let later = albums.duplicates.iter().flat_map(|file| file.later.clone());
        (kept.collect(), later.collect())
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_file_whose_time_changed_is_in_the_account_twice_and_in_the_set_once() {
        let (kept, later) = sorted(vec![
            photo("1", "aa", "5t1", "s3flickr:sha256=ff"),
            photo("2", "aa", "5t2", "s3flickr:sha256=ff"),
        ]);
        assert_eq!((kept, later), (ids(&["1"]), ids(&["2"])));
    }

    #[test]
    fn two_folders_with_one_path_size_and_time_are_two_photos() {
        let (kept, later) = sorted(vec![
            photo("1", "aa", "5t1", "s3flickr:sha256=ff"),
            photo("2", "bb", "5t1", "s3flickr:sha256=ee"),
            photo("3", "cc", "5t1", "s3flickr:sha256=ff"),
        ]);
        assert_eq!((kept, later), (ids(&["1", "2", "3"]), ids(&[])));
    }

    #[test]
    fn an_old_photo_does_not_make_copies_of_two_stores_one() {
        let (kept, later) = sorted(vec![
            photo("1", "", "e", ""),
            photo("2", "aa", "e", ""),
            photo("3", "bb", "e", ""),
        ]);
        assert_eq!((kept, later), (ids(&["1", "3"]), ids(&["2"])));
    }

    #[test]
    fn photos_of_which_nothing_proves_that_they_are_copies_are_not() {
        let (kept, later) = sorted(vec![photo("1", "aa", "e", ""), photo("2", "aa", "f", "")]);
        assert_eq!((kept, later), (ids(&["1", "2"]), ids(&[])));
    }
}
