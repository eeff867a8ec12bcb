//! `assign-sets` and `merge-sets`: read the account, plan, carry the plan out, in few calls.
//!
//! Both run alone and in order, so that no two machines ever race to make a set. A run that is
//! cut short is finished by the next one, which plans what is still missing. A set is read right before it
//! is changed, not at the beginning of a long run: what a hand does meanwhile stays.

mod assign;
mod merge;
mod order;
mod runner;
mod waits;

use serde::Serialize;

pub use self::assign::{AssignOptions, assign_sets};
pub use self::merge::merge_sets;
use super::Error;
use crate::flickr::{self, Client};
use crate::model::flickr::library::{Members, Photo, Set};
use crate::model::flickr::set_plan::{Edit, Left, Plan};
use crate::model::flickr::tags::Origin;

/// What an operation on the sets planned, and how much of it was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SetsSummary {
    /// What was to be done.
    pub plan: Plan,
    /// Sets made.
    pub sets_created: u64,
    /// Sets that got photos.
    pub sets_updated: u64,
    /// Sets deleted.
    pub sets_deleted: u64,
    /// Photos added to sets.
    pub photos_added: u64,
    /// Titles of which one set is left.
    pub titles_merged: u64,
    /// Sets that Flickr refused to make or to change, or that had better be left alone: which, and why.
    pub refused: Vec<Left>,
    /// Later copies deleted.
    pub duplicates_deleted: u64,
    /// Photos that count as a file by their titles alone.
    pub from_titles: u64,
    /// Whether the albums were put in the order of their names, or would be.
    pub ordered: bool,
    /// Calls made to Flickr.
    pub calls: u64,
    /// What Flickr did not list, though it counts it; empty where all was listed.
    pub unlisted: Vec<String>,
    /// Whether it was stopped before the plan's end.
    pub stopped: bool,
}

impl SetsSummary {
    fn count(&mut self, edit: &Edit) {
        match edit {
            Edit::Create { photos, .. } => {
                self.sets_created += 1;
                self.photos_added += photos.len() as u64;
            }
            Edit::Extend { added, .. } => {
                self.sets_updated += 1;
                self.photos_added += *added as u64;
            }
            Edit::Append { photos, .. } => {
                self.sets_updated += 1;
                self.photos_added += photos.len() as u64;
            }
            Edit::Merge { added, delete, .. } => {
                self.titles_merged += 1;
                self.sets_deleted += delete.len() as u64;
                self.photos_added += *added as u64;
            }
        }
    }
}

/// Reads all sets of the account, without their members.
///
/// # Errors
/// [`Error::Invalid`] where Flickr does not list all of them: a set that is not known would be made again.
async fn read_sets(flickr: &Client) -> Result<Vec<Set>, Error> {
    let sets = flickr.sets().await?;
    if !sets.whole {
        return Err(Error::Invalid(format!(
            "Flickr lists {} of the account's {} albums, even when asked again, so nothing was changed; \
             run it again later",
            sets.items.len(),
            sets.total
                .map_or_else(|| "unknown number".to_owned(), |total| total.to_string()),
        )));
    }
    Ok(sets.items.into_iter().map(set).collect())
}

/// Reads a set's members now; the photos, too, for what they say of themselves.
async fn read_members(flickr: &Client, set: &Set) -> Result<(Members, Vec<Photo>), flickr::Error> {
    let listed = flickr.set_photos(&set.id).await?;
    let photos: Vec<Photo> = listed.items.into_iter().map(photo).collect();
    let members = Members {
        // Fewer than the list of sets counts: some are not shown, whatever this list says of itself.
        whole: listed.whole && photos.len() >= set.count,
        ids: photos.iter().map(|photo| photo.id.clone()).collect(),
    };
    Ok((members, photos))
}

fn photo(photo: flickr::Photo) -> Photo {
    Photo {
        origin: Origin::from_tags(&photo.machine_tags),
        id: photo.id,
        uploaded: photo.uploaded,
    }
}

fn set(set: flickr::Set) -> Set {
    let count = usize::try_from(set.photos).unwrap_or(usize::MAX);
    Set {
        id: set.id,
        title: set.title,
        created: set.created,
        cover: set.primary,
        count,
        members: None,
    }
}
