//! `assign-sets` and `merge-sets`: read the account, plan, carry the plan out, in few calls.
//!
//! Both run alone and in order, so that no two machines ever race to make a set. A run that is
//! cut short is finished by the next one, which plans what is still missing.

use std::collections::HashSet;
use std::time::Duration;

use super::Error;
use crate::flickr::{self, Client};
use crate::model::library::{Library, Photo, Set};
use crate::model::name::{Origin, SetName};
use crate::model::plan::{self, Edit, Plan};
use crate::monitor::{Event, Monitor};
use crate::stop::Stop;

/// How often a set is tried to be made while Flickr does not know its first photo yet.
const TRIES_FOR_A_FRESH_PHOTO: u32 = 5;

/// The wait between these tries; doubled each time.
const FRESH_PHOTO_WAIT: Duration = Duration::from_millis(500);

/// How to assign.
#[derive(Debug, Clone, Copy, Default)]
pub struct AssignOptions {
    /// How a set is named.
    pub naming: SetName,
    /// Only plan.
    pub dry_run: bool,
    /// Read every set's members, instead of trusting a set whose count is right.
    pub read_all: bool,
    /// Delete the later copies of a file that is in the account more than once.
    pub delete_duplicates: bool,
}

/// What an operation on the sets planned, and how much of it was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organised {
    /// What was to be done.
    pub plan: Plan,
    /// Sets made.
    pub created: u64,
    /// Sets that got photos.
    pub updated: u64,
    /// Sets deleted.
    pub deleted: u64,
    /// Photos added to sets.
    pub photos: u64,
    /// Titles of which one set is left.
    pub merged: u64,
    /// Later copies deleted.
    pub duplicates_deleted: u64,
    /// Calls made to Flickr.
    pub calls: u64,
    /// Whether it was stopped before the plan's end.
    pub stopped: bool,
}

impl Organised {
    fn count(&mut self, edit: &Edit) {
        match edit {
            Edit::Create { photos, .. } => {
                self.created += 1;
                self.photos += photos.len() as u64;
            }
            Edit::Extend { added, .. } => {
                self.updated += 1;
                self.photos += *added as u64;
            }
            Edit::Merge { added, delete, .. } => {
                self.merged += 1;
                self.deleted += delete.len() as u64;
                self.photos += *added as u64;
            }
        }
    }
}

/// Puts every photo of ours into the set named after its folder.
pub async fn assign_sets(
    flickr: &Client,
    options: AssignOptions,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<Organised, Error> {
    let mut library = read_account(flickr, monitor).await?;
    if !options.read_all && plan::wants_loose_photos(&library, options.naming) {
        library.loose = Some(
            flickr
                .photos_not_in_set()
                .await?
                .items
                .into_iter()
                .collect(),
        );
    }
    let sets = if options.read_all {
        plan::sets_of_folders(&library, options.naming)
    } else {
        plan::sets_to_read_for_assign(&library, options.naming)
    };
    read_members(flickr, &mut library, &sets, monitor).await?;
    let plan = plan::plan_assign(&library, options.naming);
    let mut organiser = Organiser::new(flickr, &library, stop, monitor);
    organiser.carry_out(&plan, options.dry_run).await?;
    if options.delete_duplicates && !options.dry_run {
        organiser.delete_duplicates(&plan).await?;
    }
    Ok(organiser.finish(plan))
}

/// Makes one set of all sets of one title.
pub async fn merge_sets(
    flickr: &Client,
    dry_run: bool,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<Organised, Error> {
    let sets = flickr.sets().await?.items;
    let mut library = Library {
        sets: sets.into_iter().map(set).collect(),
        ..Library::default()
    };
    let shared = plan::sets_to_read_for_merge(&library);
    read_members(flickr, &mut library, &shared, monitor).await?;
    let plan = plan::plan_merge(&library);
    let mut organiser = Organiser::new(flickr, &library, stop, monitor);
    organiser.carry_out(&plan, dry_run).await?;
    Ok(organiser.finish(plan))
}

async fn read_account(flickr: &Client, monitor: &dyn Monitor) -> Result<Library, Error> {
    let photos: Vec<Photo> = flickr
        .photos(None)
        .await?
        .items
        .into_iter()
        .map(photo)
        .collect();
    monitor.event(Event::Read(photos.len()));
    let sets = flickr.sets().await?.items.into_iter().map(set).collect();
    Ok(Library {
        photos,
        sets,
        loose: None,
    })
}

/// Reads the members of some sets, and with them the origins of photos not seen yet.
async fn read_members(
    flickr: &Client,
    library: &mut Library,
    sets: &[String],
    monitor: &dyn Monitor,
) -> Result<(), Error> {
    let wanted: HashSet<&String> = sets.iter().collect();
    let mut known: HashSet<String> = library
        .photos
        .iter()
        .map(|photo| photo.id.clone())
        .collect();
    for set in library
        .sets
        .iter_mut()
        .filter(|set| wanted.contains(&set.id))
    {
        let members = flickr.set_photos(&set.id).await?.items;
        monitor.event(Event::Read(members.len()));
        set.members = Some(members.iter().map(|member| member.id.clone()).collect());
        let new = members
            .into_iter()
            .filter(|member| known.insert(member.id.clone()));
        library.photos.extend(new.map(photo));
    }
    Ok(())
}

fn photo(photo: flickr::Photo) -> Photo {
    Photo {
        origin: Origin::of_tags(&photo.machine_tags),
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

struct Organiser<'a> {
    flickr: &'a Client,
    stop: &'a Stop,
    monitor: &'a dyn Monitor,
    library: &'a Library,
    done: Organised,
}

impl<'a> Organiser<'a> {
    fn new(
        flickr: &'a Client,
        library: &'a Library,
        stop: &'a Stop,
        monitor: &'a dyn Monitor,
    ) -> Organiser<'a> {
        Organiser {
            flickr,
            stop,
            monitor,
            library,
            done: Organised::default(),
        }
    }

    /// Does what is planned, edit by edit; on a dry run only counts what it would do.
    async fn carry_out(&mut self, plan: &Plan, dry_run: bool) -> Result<(), Error> {
        if dry_run {
            plan.edits.iter().for_each(|edit| self.done.count(edit));
            return Ok(());
        }
        for (n, edit) in plan.edits.iter().enumerate() {
            if self.stop.is_draining() {
                self.done.stopped = true;
                return Ok(());
            }
            self.edit(edit).await.map_err(|cause| Error::Midway {
                done: format!(
                    "{n} of {} edits are done; run it again for the rest",
                    plan.edits.len()
                ),
                cause: Box::new(cause),
            })?;
            self.done.count(edit);
            self.monitor
                .event(Event::Edited(edit.to_string(), n + 1, plan.edits.len()));
        }
        Ok(())
    }

    async fn edit(&self, edit: &Edit) -> Result<(), Error> {
        match edit {
            Edit::Create { title, photos } => {
                let Some(cover) = photos.first() else {
                    return Ok(());
                };
                let set = self.create(title, cover).await?;
                if photos.len() > 1 {
                    self.flickr.edit_set(&set, cover, photos).await?;
                }
            }
            Edit::Extend {
                set, cover, photos, ..
            } => {
                self.flickr.edit_set(set, cover, photos).await?;
            }
            Edit::Merge {
                keep,
                title,
                cover,
                photos,
                delete,
                ..
            } => {
                if let Some(photos) = photos {
                    self.flickr.edit_set(keep, cover, photos).await?;
                    self.read_back(keep, title, photos).await?;
                }
                for set in delete {
                    self.flickr.delete_set(set).await?;
                }
            }
        }
        Ok(())
    }

    /// Makes a set; where no clear answer came, looks whether it was made.
    async fn create(&self, title: &str, cover: &str) -> Result<String, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.flickr.create_set(title, cover).await {
                Ok(set) => return Ok(set),
                Err(flickr::Error::Ambiguous { .. }) if tries < TRIES_FOR_A_FRESH_PHOTO => {
                    if let Some(set) = self.made_meanwhile(title).await? {
                        return Ok(set);
                    }
                }
                // A photo is unknown for a while after its upload.
                Err(flickr::Error::NotFound { .. }) if tries < TRIES_FOR_A_FRESH_PHOTO => {
                    tokio::time::sleep(FRESH_PHOTO_WAIT * (1 << tries)).await;
                }
                Err(error) if error.is_transient() && tries < TRIES_FOR_A_FRESH_PHOTO => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn made_meanwhile(&self, title: &str) -> Result<Option<String>, Error> {
        let known = |id: &str| self.library.sets.iter().any(|set| set.id == id);
        let sets = self.flickr.sets().await?.items;
        Ok(sets
            .into_iter()
            .find(|set| set.title == title && !known(&set.id))
            .map(|set| set.id))
    }

    /// Nothing is deleted before the set that stays is seen to hold everyone.
    async fn read_back(&self, set: &str, title: &str, photos: &[String]) -> Result<(), Error> {
        let found = self.flickr.set_photos(set).await?.items;
        let held: HashSet<&str> = found.iter().map(|photo| photo.id.as_str()).collect();
        match photos
            .iter()
            .filter(|photo| !held.contains(photo.as_str()))
            .count()
        {
            0 => Ok(()),
            missing => Err(Error::Invalid(format!(
                "set {title:?} was read back without {missing} of its {} photos, so no set was \
                 deleted; run merge-sets again",
                photos.len()
            ))),
        }
    }

    /// All of them are named before the first is deleted.
    async fn delete_duplicates(&mut self, plan: &Plan) -> Result<(), Error> {
        for duplicate in &plan.duplicates {
            for id in &duplicate.later {
                self.monitor
                    .event(Event::Deleting(duplicate.key.clone(), id.clone()));
            }
        }
        for id in plan
            .duplicates
            .iter()
            .flat_map(|duplicate| &duplicate.later)
        {
            if self.stop.is_draining() {
                self.done.stopped = true;
                return Ok(());
            }
            self.flickr.delete_photo(id).await?;
            self.done.duplicates_deleted += 1;
        }
        Ok(())
    }

    fn finish(self, plan: Plan) -> Organised {
        let calls = self.flickr.calls();
        Organised {
            plan,
            calls: calls.rest + calls.uploads,
            ..self.done
        }
    }
}
