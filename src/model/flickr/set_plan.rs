//! [`plan_assign`] and [`plan_merge`]: what is to be done to an account's sets, as a list of edits.
//!
//! A plan holds only what is missing, so one that was cut short and made again ends in the
//! same place, and a second run plans nothing.

mod assign;
mod merge;

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

pub use self::assign::{Assignment, Rules, Step, plan_assign};
pub use self::merge::{plan_merge, shared_titles};
use super::albums::Duplicate;
use super::library::Set;
use super::tags::Origin;

/// One change to the account's sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
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
    /// Add photos to a set one by one, because not all that it holds is known.
    Append {
        /// The set's id.
        set: String,
        /// Its title.
        title: String,
        /// The ids of the new photos.
        photos: Vec<String>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The edits.
    pub edits: Vec<Edit>,
    /// How many calls it takes to put the sets in order; 0 where they are, or are left as they are.
    pub order_calls: usize,
    /// Files that are in the account more than once.
    pub duplicates: Vec<Duplicate>,
    /// Titles that several sets share: `merge-sets` would make one of each.
    pub shared_titles: Vec<String>,
    /// Titles that sets of several folders share, because Flickr changed what was asked for.
    pub kept_apart: Vec<String>,
    /// Sets that are left as they are.
    pub left: Vec<Left>,
}

/// A set, or all sets of a title, that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The title.
    pub title: String,
    /// Why.
    pub why: String,
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

    /// Adds what another plan has.
    pub fn append(&mut self, mut other: Plan) {
        self.edits.append(&mut other.edits);
        self.order_calls += other.order_calls;
        self.duplicates.append(&mut other.duplicates);
        self.shared_titles.append(&mut other.shared_titles);
        self.kept_apart.append(&mut other.kept_apart);
        self.left.append(&mut other.left);
    }

    /// How many calls the edits will take at least (reading back included).
    pub fn calls(&self) -> usize {
        self.edits.iter().map(Edit::calls).sum::<usize>() + self.order_calls
    }
}

impl Edit {
    /// The title of the set that it is about.
    pub fn title(&self) -> &str {
        match self {
            Edit::Create { title, .. }
            | Edit::Extend { title, .. }
            | Edit::Append { title, .. }
            | Edit::Merge { title, .. } => title,
        }
    }

    fn calls(&self) -> usize {
        match self {
            Edit::Create { photos, .. } => 1 + usize::from(photos.len() > 1),
            Edit::Extend { .. } => 1,
            Edit::Append { photos, .. } => photos.len(),
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
            Edit::Append { title, photos, .. } => {
                let more = "  (one by one: Flickr does not list all that the album has)".to_owned();
                ("add", None, photos.len(), title, more)
            }
            Edit::Merge {
                title,
                photos,
                added,
                delete,
                ..
            } => {
                let more = format!("  (deletes {} more of this title)", delete.len());
                ("merge", photos.as_ref().map(Vec::len), *added, title, more)
            }
        };
        let photos = photos.map_or_else(|| "same".to_owned(), |n| n.to_string());
        let title = on_one_line(title);
        write!(f, "{verb:<8}{photos:>8}{added:>8}  {title}{more}")
    }
}

/// A title may have line ends, and a plan has one line for each album.
fn on_one_line(title: &str) -> String {
    title.replace('\n', r"\u{a}")
}

impl Plan {
    /// The dry run as a person reads it: a heading, a row for each edit, and what it costs. Titles
    /// are as they are.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.is_empty() {
            lines.push(format!("{:<8}{:>8}{:>8}  album", "action", "photos", "new"));
        }
        lines.extend(self.edits.iter().map(Edit::to_string));
        if self.order_calls > 0 {
            lines.push(format!("{:<24}  the albums by their names", "order"));
        }
        let changes = match self.edits.len() + usize::from(self.order_calls > 0) {
            1 => "1 change".to_owned(),
            n => format!("{n} changes"),
        };
        let calls = match self.calls() {
            1 => "1 call".to_owned(),
            n => format!("{n} calls"),
        };
        lines.push(format!("{changes}, {calls} to Flickr"));
        for left in &self.left {
            lines.push(format!("left as it is: {}: {}", left.title, left.why));
        }
        lines
    }
}

#[cfg(test)]
mod tests;
