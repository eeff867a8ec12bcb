//! `assign-sets`: every photo of ours into the set of its folder.

use std::collections::HashSet;

use super::order;
use super::runner::{PlanRunner, summarize};
use super::waits::reporting_waits;
use super::{Error, SetsSummary, photo, read_members, read_sets};
use crate::flickr::{self, Client};
use crate::model::flickr::albums::Duplicate;
use crate::model::flickr::library::{Library, Photo, Set};
use crate::model::flickr::set_plan::{Assignment, Edit, Rules, Step, plan_assign};
use crate::model::flickr::set_title::SetName;
use crate::model::flickr::tags::Origin;
use crate::model::flickr::title_keys::TitleKeys;
use crate::monitor::{Event, Monitor};
use crate::stop::Stop;

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
    /// Take a photo without our tags whose title is a key for a copy of that file.
    pub from_titles: bool,
    /// Leave the albums in the order that they are in.
    pub keep_order: bool,
}

impl AssignOptions {
    fn rules(self) -> Rules {
        Rules {
            naming: self.naming,
            read_all: self.read_all,
            only_kept: self.delete_duplicates,
        }
    }
}

/// Puts every photo of ours into the set named after its folder. One set that Flickr refuses stops no other.
///
/// # Errors
/// What no set could survive; [`Error::Midway`] says how far it came.
pub async fn assign_sets(
    flickr: &Client,
    options: AssignOptions,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<SetsSummary, Error> {
    let flickr = flickr.until(stop);
    let mut runner = PlanRunner::new(&flickr, stop, monitor);
    let run = reporting_waits(&flickr, monitor, assign(&mut runner, options));
    let done = run.await;
    summarize(runner, done)
}

async fn assign(runner: &mut PlanRunner<'_>, options: AssignOptions) -> Result<(), Error> {
    let rules = options.rules();
    let mut library = read_account(runner, options.from_titles).await?;
    if Assignment::of(&library, rules).needs_not_in_set() {
        let not_in_set = runner.flickr.photos_not_in_set().await?;
        // One that misses photos would make sets look right that are not.
        library.not_in_set = not_in_set
            .whole
            .then(|| not_in_set.items.into_iter().collect());
    }
    loop {
        let assignment = Assignment::of(&library, rules);
        if assignment.unclear().is_empty() {
            return if options.dry_run {
                plan_only(runner, library, options).await
            } else {
                carry_out(runner, &library.sets, &assignment, options).await
            };
        }
        let unclear = assignment.unclear().to_vec();
        read_into(runner, &mut library, &unclear).await?;
    }
}

async fn read_account(runner: &mut PlanRunner<'_>, from_titles: bool) -> Result<Library, Error> {
    let tell = |page: &flickr::Page<flickr::Photo>| {
        let before = u64::from(page.page - 1) * flickr::FULL_PAGE as u64;
        runner.monitor.event(Event::Reading {
            photos: before + page.items.len() as u64,
            total: page.total,
        });
    };
    let photos = runner.flickr.photos_by_page(&tell).await?;
    if !photos.whole {
        let total = photos.total.unwrap_or_default();
        runner.summary.unlisted.push(format!(
            "Flickr lists {} of the account's {total} photos, even when asked again; the others may be in no \
             album yet: run assign-sets again later",
            photos.items.len(),
        ));
    }
    let photos = if from_titles {
        with_titles(runner, photos.items)
    } else {
        photos.items.into_iter().map(photo).collect()
    };
    Ok(Library {
        photos,
        sets: read_sets(runner.flickr).await?,
        not_in_set: None,
    })
}

/// The photos; those without our tags, too, where their titles are keys.
fn with_titles(runner: &mut PlanRunner<'_>, listed: Vec<flickr::Photo>) -> Vec<Photo> {
    let mut titles = Vec::with_capacity(listed.len());
    let mut photos = Vec::with_capacity(listed.len());
    for mut listed in listed {
        titles.push(std::mem::take(&mut listed.title));
        photos.push(photo(listed));
    }
    let tagged = photos.iter().filter_map(|photo| photo.origin.as_ref());
    let keys = TitleKeys::new(tagged.map(|origin| &origin.key));
    for (photo, title) in photos.iter_mut().zip(titles) {
        if photo.origin.is_none() {
            photo.origin = keys.key(&title).map(Origin::from_key);
            runner.summary.from_titles += u64::from(photo.origin.is_some());
        }
    }
    photos
}

/// Reads the members of these sets, and what photos say that were not listed before.
async fn read_into(
    runner: &mut PlanRunner<'_>,
    library: &mut Library,
    sets: &[String],
) -> Result<(), Error> {
    let wanted: HashSet<&String> = sets.iter().collect();
    let known = library.photos.iter().map(|photo| photo.id.clone());
    let mut known: HashSet<String> = known.collect();
    runner.expect_steps(sets.len());
    for set in library
        .sets
        .iter_mut()
        .filter(|set| wanted.contains(&set.id))
    {
        let (members, photos) = match read_members(runner.flickr, set).await {
            // It went meanwhile, so it is nobody's.
            Err(flickr::Error::NotFound { .. }) => Default::default(),
            read => read?,
        };
        set.members = Some(members);
        let new = photos
            .into_iter()
            .filter(|photo| known.insert(photo.id.clone()));
        library.photos.extend(new);
        runner.step_done();
    }
    Ok(())
}

/// Shows what would be done: reads each set that would be looked at, and changes nothing.
async fn plan_only(
    runner: &mut PlanRunner<'_>,
    mut library: Library,
    options: AssignOptions,
) -> Result<(), Error> {
    let rules = options.rules();
    let steps = Assignment::of(&library, rules).steps();
    let looks = steps.into_iter().filter_map(|step| match step {
        Step::Look(set, _) if set.members.is_none() => Some(set.id.clone()),
        _ => None,
    });
    let looks: Vec<String> = looks.collect();
    read_into(runner, &mut library, &looks).await?;
    let mut plan = plan_assign(&library, rules);
    if !options.keep_order {
        let ours = Assignment::of(&library, rules).set_ids();
        plan.order_calls = order::calls(&library.sets, &ours, &plan);
        runner.summary.ordered = plan.order_calls > 0;
    }
    runner.plan_only(plan);
    Ok(())
}

async fn carry_out(
    runner: &mut PlanRunner<'_>,
    sets: &[Set],
    assignment: &Assignment<'_>,
    options: AssignOptions,
) -> Result<(), Error> {
    runner.mark_existing(sets);
    runner.summary.plan.duplicates = assignment.duplicates().to_vec();
    runner.summary.plan.shared_titles = assignment.shared_titles();
    let steps = assignment.steps();
    runner.expect_steps(steps.len());
    for step in steps {
        if let Some(edit) = edit_of(runner, assignment, step).await? {
            runner.carry_out(edit).await?;
        }
        runner.step_done();
    }
    if !options.keep_order {
        order::order_sets(runner, sets, &assignment.set_ids()).await?;
    }
    if options.delete_duplicates {
        delete_duplicates(runner, assignment.duplicates()).await?;
    }
    Ok(())
}

/// What a step changes; `None` where nothing is missing, or the set cannot be read.
async fn edit_of(
    runner: &mut PlanRunner<'_>,
    assignment: &Assignment<'_>,
    step: Step<'_>,
) -> Result<Option<Edit>, Error> {
    match step {
        Step::Create(edit) => Ok(Some(edit)),
        Step::Look(set, place) => {
            let read = read_members(runner.flickr, set).await;
            let read = runner.or_refused(&set.title, read)?;
            Ok(read.and_then(|(members, _)| assignment.extend(set, place, &members)))
        }
    }
}

/// All of them are named before the first is deleted. None is deleted before Flickr has shown, now, that the
/// copy is there that is kept.
async fn delete_duplicates(
    runner: &mut PlanRunner<'_>,
    duplicates: &[Duplicate],
) -> Result<(), Error> {
    for duplicate in duplicates {
        for id in &duplicate.later {
            let event = Event::Deleting {
                key: duplicate.key.clone(),
                photo: id.clone(),
            };
            runner.monitor.event(event);
        }
    }
    for duplicate in duplicates {
        let title = duplicate.key.as_str();
        let kept = runner.flickr.photo(&duplicate.keep).await;
        let Some(kept) = runner.or_refused(title, kept)? else {
            continue;
        };
        let origin = Origin::from_tags(&kept.machine_tags);
        if origin.is_none_or(|origin| origin.key != duplicate.key) {
            let why = "the copy to keep no longer has its tags, so none was deleted";
            runner.refuse(title, why.to_owned());
            continue;
        }
        for id in &duplicate.later {
            let deleted = runner.flickr.delete_photo(id).await;
            if runner.or_refused(title, deleted)?.is_some() {
                runner.summary.duplicates_deleted += 1;
            }
        }
    }
    Ok(())
}
