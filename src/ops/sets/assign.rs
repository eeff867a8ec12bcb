//! `assign-sets`: every photo of ours into the set of its folder.

use std::collections::HashSet;

use super::runner::{PlanRunner, summarize};
use super::waits::reporting_waits;
use super::{Error, SetsSummary, photo, read_members, read_sets};
use crate::flickr::{self, Client};
use crate::model::flickr::albums::Duplicate;
use crate::model::flickr::library::{Library, Photo, Set};
use crate::model::flickr::set_plan::{Assignment, Edit, Rules, Step, plan_assign};
use crate::model::flickr::set_title::SetName;
use crate::model::flickr::tags::Origin;
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
    let rules = Rules {
        naming: options.naming,
        read_all: options.read_all,
        only_kept: options.delete_duplicates,
    };
    let mut library = read_account(runner).await?;
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
                plan_only(runner, library, rules).await
            } else {
                carry_out(runner, &library.sets, &assignment, rules).await
            };
        }
        let unclear = assignment.unclear().to_vec();
        read_into(runner, &mut library, &unclear).await?;
    }
}

async fn read_account(runner: &mut PlanRunner<'_>) -> Result<Library, Error> {
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
            "Flickr lists {} of the account's {total} photos, also when asked again; those that it does not \
             list may be in no set yet: run assign-sets again later",
            photos.items.len(),
        ));
    }
    let photos: Vec<Photo> = photos.items.into_iter().map(photo).collect();
    Ok(Library {
        photos,
        sets: read_sets(runner.flickr).await?,
        not_in_set: None,
    })
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
    rules: Rules,
) -> Result<(), Error> {
    let steps = Assignment::of(&library, rules).steps();
    let looks = steps.into_iter().filter_map(|step| match step {
        Step::Look(set, _) if set.members.is_none() => Some(set.id.clone()),
        _ => None,
    });
    let looks: Vec<String> = looks.collect();
    read_into(runner, &mut library, &looks).await?;
    runner.plan_only(plan_assign(&library, rules));
    Ok(())
}

async fn carry_out(
    runner: &mut PlanRunner<'_>,
    sets: &[Set],
    assignment: &Assignment<'_>,
    rules: Rules,
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
    if rules.only_kept {
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
            let why =
                "the copy to keep does not say any more which file it is, so none was deleted";
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
