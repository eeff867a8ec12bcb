//! What `assign-sets` has to do: which albums need a new set, and what a set lacks once it is read.

use std::collections::{HashMap, HashSet};

use super::{Edit, Plan, cover, union};
use crate::model::flickr::albums::{Album, Albums, Duplicate};
use crate::model::flickr::library::{Library, Members, Set};
use crate::model::flickr::matching::{self, Matching};
use crate::model::flickr::set_title::SetName;
use crate::model::flickr::tags::Origin;

/// How to assign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// How a set is named.
    pub naming: SetName,
    /// Look at every set, instead of trusting one whose count is right.
    pub read_all: bool,
    /// A later copy in the set does not do in place of the one that is kept.
    pub only_kept: bool,
}

/// The albums of an account, and their sets.
pub struct Assignment<'a> {
    library: &'a Library,
    rules: Rules,
    albums: Albums<'a>,
    matching: Matching<'a>,
    origins: HashMap<&'a str, &'a Origin>,
}

/// One thing to do for one album.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// Make its set.
    Create(Edit),
    /// Look at its set right before what it lacks is added: [`Assignment::extend`].
    Look(&'a Set, usize),
}

/// The place of an album, the album, and its sets.
type Each<'b, 'a> = (usize, (&'b Album<'a>, &'b Vec<&'a Set>));

impl<'a> Assignment<'a> {
    /// Sorts an account, as far as it was read.
    pub fn of(library: &'a Library, rules: Rules) -> Assignment<'a> {
        let albums = Albums::of(library, rules.naming);
        let matching = Matching::of(library, &albums);
        Assignment {
            library,
            rules,
            albums,
            matching,
            origins: library.origins(),
        }
    }

    /// Whether it can spare calls to know which photos are in no set.
    pub fn needs_not_in_set(&self) -> bool {
        let by_count = |set: &&Set, album: &Album<'_>| set.count == album.photos.len();
        let mut sets = self.sets();
        let spares = !self.rules.read_all && sets.any(|(_, album, set)| by_count(&set, album));
        spares || matching::needs_not_in_set(&self.matching, self.library)
    }

    /// The ids of sets whose members must be read before anything is done, to tell whose they are.
    pub fn unclear(&self) -> &[String] {
        &self.matching.unclear
    }

    /// What is to be done, album by album. A set that holds as many photos as it should, while none of those
    /// that it should hold is without a set, is taken to be right: so a second run reads no set at all.
    pub fn steps(&self) -> Vec<Step<'a>> {
        let twice: HashSet<&str> = self
            .duplicates()
            .iter()
            .map(|file| file.keep.as_str())
            .collect();
        let step = |(place, (album, sets)): Each<'_, 'a>| {
            let Some(&set) = sets.first() else {
                return Some(Step::Create(create(album)));
            };
            let doubtful = |id: &str| self.rules.only_kept && twice.contains(id);
            let is_right = set.count == album.photos.len()
                && !self.rules.read_all
                && !album
                    .photos
                    .iter()
                    .any(|photo| self.library.may_be_in_no_set(&photo.id) || doubtful(&photo.id));
            (!is_right).then_some(Step::Look(set, place))
        };
        self.each().filter_map(step).collect()
    }

    /// What the set of an album lacks, if anything, now that its members are known.
    pub fn extend(&self, set: &Set, place: usize, members: &Members) -> Option<Edit> {
        let album = &self.albums.albums[place];
        // Another copy of the same file in the set will do.
        let stands_for = |id| {
            if self.rules.only_kept {
                id
            } else {
                self.albums.kept(id)
            }
        };
        let ids = members.ids.iter().map(String::as_str);
        let held: HashSet<&str> = ids.map(stands_for).collect();
        let photos = album.photos.iter().map(|photo| photo.id.as_str());
        let missing: Vec<&str> = photos.filter(|id| !held.contains(id)).collect();
        if missing.is_empty() {
            return None;
        }
        let (set_id, title) = (set.id.clone(), set.title.clone());
        Some(if members.whole && !members.ids.is_empty() {
            Edit::Extend {
                cover: cover(set, &members.ids),
                photos: union(&members.ids, &missing, &self.origins),
                added: missing.len(),
                set: set_id,
                title,
            }
        } else {
            Edit::Append {
                photos: missing.into_iter().map(str::to_owned).collect(),
                set: set_id,
                title,
            }
        })
    }

    /// The ids of all sets that are some album's.
    pub fn set_ids(&self) -> HashSet<&'a str> {
        let sets = self.matching.sets.iter().flatten();
        sets.map(|set| set.id.as_str()).collect()
    }

    /// Files that are in the account more than once.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.albums.duplicates
    }

    /// Titles that several sets of one album share: `merge-sets` would make one of each.
    pub fn shared_titles(&self) -> Vec<String> {
        let shared = self.matching.sets.iter().filter_map(|sets| {
            let first = sets.first()?;
            let again = sets.iter().skip(1).any(|set| set.title == first.title);
            again.then(|| first.title.clone())
        });
        shared.collect()
    }

    fn sets(&self) -> impl Iterator<Item = (usize, &Album<'a>, &'a Set)> {
        self.each()
            .filter_map(|(place, (album, sets))| Some((place, album, *sets.first()?)))
    }

    /// Each album with its sets, and its place among the albums.
    fn each(&self) -> impl Iterator<Item = Each<'_, 'a>> {
        self.albums
            .albums
            .iter()
            .zip(&self.matching.sets)
            .enumerate()
    }
}

fn create(album: &Album<'_>) -> Edit {
    Edit::Create {
        title: album.title.clone(),
        photos: album.photos.iter().map(|photo| photo.id.clone()).collect(),
    }
}

/// The whole plan for an account of which all sets were read that [`Assignment::steps`] names.
pub fn plan_assign(library: &Library, rules: Rules) -> Plan {
    let assignment = Assignment::of(library, rules);
    let edits = assignment
        .steps()
        .into_iter()
        .filter_map(|step| match step {
            Step::Create(edit) => Some(edit),
            Step::Look(set, place) => assignment.extend(set, place, set.members.as_ref()?),
        });
    Plan {
        edits: edits.collect(),
        duplicates: assignment.duplicates().to_vec(),
        shared_titles: assignment.shared_titles(),
        ..Plan::default()
    }
}
