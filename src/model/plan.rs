//! [`plan_assign`] and [`plan_merge`]: what is to be done to an account's sets, as a list of edits.
//!
//! A plan holds only what is missing, so one that was cut short and made again ends in the
//! same place, and a second run plans nothing.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::library::{Duplicate, Library, Set};
use super::name::{Origin, SetName};

/// One change to the account's sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Make a set of these photos, in this order; the first is its cover.
    Create {
        /// Its title.
        title: String,
        /// The ids of its photos; never empty.
        photos: Vec<String>,
    },
    /// Give a set this whole ordered list.
    Extend {
        /// The set's id.
        set: String,
        /// Its title, for the reader of the plan.
        title: String,
        /// The id of its cover, which stays.
        cover: String,
        /// All ids that it shall hold: what it had, and the new ones.
        photos: Vec<String>,
        /// How many of them are new.
        added: usize,
    },
    /// Give the oldest of several sets of one title the union, then delete the others.
    Merge {
        /// The id of the oldest, which stays.
        keep: String,
        /// The title of all of them.
        title: String,
        /// The id of its cover, which stays.
        cover: String,
        /// The union; `None` where the oldest holds it already.
        photos: Option<Vec<String>>,
        /// How many photos come to it from the others.
        added: usize,
        /// The ids of the sets that go.
        delete: Vec<String>,
    },
}

/// What is to be done, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The edits.
    pub edits: Vec<Edit>,
    /// Files that are in the account more than once.
    pub duplicates: Vec<Duplicate>,
    /// Titles that several sets share: `merge-sets` would make one of each.
    pub shared_titles: Vec<String>,
}

/// Whether [`sets_to_read_for_assign`] can spare reading a set once it is known which photos
/// are in no set.
pub fn wants_loose_photos(library: &Library, naming: SetName) -> bool {
    let wanted = library.wanted(naming);
    let sets = library.sets_by_title();
    wanted.sets.iter().any(|(title, photos)| {
        let target = sets.get(title.as_str()).map(|sets| sets[0]);
        target.is_some_and(|set| set.count == photos.len())
    })
}

/// The ids of the sets whose members [`plan_assign`] must know.
///
/// A set that holds as many photos as it should, while none of those that it should hold is
/// without a set, is taken to be right: so a second run reads no set at all.
pub fn sets_to_read_for_assign(library: &Library, naming: SetName) -> Vec<String> {
    let wanted = library.wanted(naming);
    let sets = library.sets_by_title();
    let right = |set: &Set, photos: &[&super::library::Photo]| {
        let loose = |id| {
            library
                .loose
                .as_ref()
                .is_none_or(|loose| loose.contains(id))
        };
        set.count == photos.len() && !photos.iter().any(|photo| loose(&photo.id))
    };
    let targets = wanted.sets.iter().filter_map(|(title, photos)| {
        let set = *sets.get(title.as_str())?.first()?;
        (!right(set, photos)).then(|| set.id.clone())
    });
    targets.collect()
}

/// The ids of all sets that could be read for [`plan_assign`]: those named after a folder.
pub fn sets_of_folders(library: &Library, naming: SetName) -> Vec<String> {
    let sets = library.sets_by_title();
    let titles = library.wanted(naming).sets.into_keys();
    titles
        .filter_map(|title| Some(sets.get(title.as_str())?.first()?.id.clone()))
        .collect()
}

/// Puts every photo of ours that is in a folder into the set named after it.
pub fn plan_assign(library: &Library, naming: SetName) -> Plan {
    let wanted = library.wanted(naming);
    let sets = library.sets_by_title();
    let origins = library.origins();
    let mut plan = Plan {
        duplicates: wanted.duplicates,
        ..Plan::default()
    };
    for (title, photos) in wanted.sets {
        let Some(same_title) = sets.get(title.as_str()) else {
            let photos = photos.into_iter().map(|photo| photo.id.clone()).collect();
            plan.edits.push(Edit::Create { title, photos });
            continue;
        };
        let set = same_title[0];
        if let Some(members) = &set.members {
            // Another copy of the same file in the set will do.
            let held: HashSet<&Origin> = members
                .iter()
                .filter_map(|id| origins.get(id.as_str()).copied())
                .collect();
            let missing: Vec<&str> = photos
                .iter()
                .filter(|photo| {
                    photo
                        .origin
                        .as_ref()
                        .is_none_or(|origin| !held.contains(origin))
                })
                .map(|photo| photo.id.as_str())
                .collect();
            if !missing.is_empty() {
                plan.edits.push(Edit::Extend {
                    set: set.id.clone(),
                    cover: cover(set, members),
                    photos: union(members, &missing, &origins),
                    added: missing.len(),
                    title: title.clone(),
                });
            }
        }
        if same_title.len() > 1 {
            plan.shared_titles.push(title);
        }
    }
    plan
}

/// The ids of the sets whose members [`plan_merge`] must know: those that share a title.
pub fn sets_to_read_for_merge(library: &Library) -> Vec<String> {
    let titles = library.sets_by_title();
    let shared = titles.values().filter(|sets| sets.len() > 1);
    shared.flatten().map(|set| set.id.clone()).collect()
}

/// Makes one set of all sets of one title: the oldest stays and gets the union.
/// A title of which some set was not read is left alone.
pub fn plan_merge(library: &Library) -> Plan {
    let origins = library.origins();
    let mut plan = Plan::default();
    for (title, sets) in library.sets_by_title() {
        let [oldest, others @ ..] = sets.as_slice() else {
            continue;
        };
        let read: Option<Vec<&Vec<String>>> = sets.iter().map(|set| set.members.as_ref()).collect();
        let (false, Some(members)) = (others.is_empty(), read) else {
            continue;
        };
        let mut seen: HashSet<&str> = members[0].iter().map(String::as_str).collect();
        let others_photos = members[1..].iter().copied().flatten().map(String::as_str);
        let new: Vec<&str> = others_photos.filter(|id| seen.insert(id)).collect();
        plan.edits.push(Edit::Merge {
            keep: oldest.id.clone(),
            cover: cover(oldest, members[0]),
            title: title.to_owned(),
            photos: (!new.is_empty()).then(|| union(members[0], &new, &origins)),
            added: new.len(),
            delete: others.iter().map(|set| set.id.clone()).collect(),
        });
    }
    plan
}

/// The cover that a set has; its first photo where Flickr names one that is not in it.
fn cover(set: &Set, members: &[String]) -> String {
    let named = members.iter().find(|id| **id == set.cover);
    named.or(members.first()).unwrap_or(&set.cover).clone()
}

/// What a set had, and the new ones. Where all are ours and in the order of their keys, the new
/// ones find their places; an order that someone made by hand is kept, and they follow it.
fn union(members: &[String], new: &[&str], origins: &HashMap<&str, &Origin>) -> Vec<String> {
    let key = |id: &str| origins.get(id).map(|origin| &origin.key);
    let ours = members.iter().all(|id| key(id).is_some());
    let by_key = ours && members.is_sorted_by_key(|id| key(id));
    let mut all = members.to_vec();
    all.extend(new.iter().map(|id| (*id).to_owned()));
    if by_key && new.iter().all(|id| key(id).is_some()) {
        all.sort_by_key(|id| key(id));
    }
    all
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// How many calls the edits will take at least (reading back included).
    pub fn calls(&self) -> usize {
        self.edits.iter().map(Edit::calls).sum()
    }
}

impl Edit {
    fn calls(&self) -> usize {
        match self {
            Edit::Create { photos, .. } => 1 + usize::from(photos.len() > 1),
            Edit::Extend { .. } => 1,
            Edit::Merge { photos, delete, .. } => {
                let read_back = photos.as_ref().map_or(0, |all| all.len().div_ceil(500));
                usize::from(photos.is_some()) + read_back + delete.len()
            }
        }
    }
}

/// One row of the dry run: what, how many photos, how many of them new, which set.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, photos, added, title, more) = match self {
            Edit::Create { title, photos } => (
                "create",
                Some(photos.len()),
                photos.len(),
                title,
                String::new(),
            ),
            Edit::Extend {
                title,
                photos,
                added,
                ..
            } => ("extend", Some(photos.len()), *added, title, String::new()),
            Edit::Merge {
                title,
                photos,
                added,
                delete,
                ..
            } => {
                let more = format!("  (deletes {} of its name)", delete.len());
                ("merge", photos.as_ref().map(Vec::len), *added, title, more)
            }
        };
        let photos = photos.map_or_else(|| "as is".to_owned(), |n| n.to_string());
        write!(f, "{verb:<8}{photos:>8}{added:>8}  {title}{more}")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_empty() {
            writeln!(f, "{:<8}{:>8}{:>8}  set", "do", "photos", "new")?;
        }
        for edit in &self.edits {
            writeln!(f, "{edit}")?;
        }
        let calls = match self.calls() {
            1 => "1 call".to_owned(),
            n => format!("{n} calls"),
        };
        write!(f, "{} edits, {calls} to Flickr", self.edits.len())
    }
}

#[cfg(test)]
mod tests;
