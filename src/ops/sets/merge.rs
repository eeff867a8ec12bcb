//! `merge-sets`: one set of all sets of one title.

use super::runner::{PlanRunner, summarize};
use super::waits::reporting_waits;
use super::{Error, SetsSummary, read_members, read_sets};
use crate::flickr::Client;
use crate::model::flickr::library::{Library, Set};
use crate::model::flickr::set_plan::{Plan, plan_merge, shared_titles};
use crate::monitor::Monitor;
use crate::stop::Stop;

/// Makes one set of all sets of one title and one folder. What cannot be merged without a doubt is left alone.
///
/// # Errors
/// What no set could survive; [`Error::Midway`] says how far it came.
pub async fn merge_sets(
    flickr: &Client,
    dry_run: bool,
    stop: &Stop,
    monitor: &dyn Monitor,
) -> Result<SetsSummary, Error> {
    let flickr = flickr.until(stop);
    let mut runner = PlanRunner::new(&flickr, stop, monitor);
    let run = reporting_waits(&flickr, monitor, merge(&mut runner, dry_run));
    let done = run.await;
    summarize(runner, done)
}

async fn merge(runner: &mut PlanRunner<'_>, dry_run: bool) -> Result<(), Error> {
    let library = Library {
        sets: read_sets(runner.flickr).await?,
        ..Library::default()
    };
    let titles = shared_titles(&library);
    runner.expect_steps(titles.len());
    let mut whole = Plan::default();
    for ids in titles {
        let sets = library.sets.iter().filter(|set| ids.contains(&set.id));
        if let Some(plan) = read_title(runner, sets.cloned().collect()).await? {
            if dry_run {
                whole.append(plan);
            } else {
                merge_title(runner, plan).await?;
            }
        }
        runner.step_done();
    }
    if dry_run {
        runner.plan_only(whole);
    }
    Ok(())
}

/// Carries out what was planned for one title.
async fn merge_title(runner: &mut PlanRunner<'_>, plan: Plan) -> Result<(), Error> {
    for left in plan.left {
        runner.refuse(&left.title, left.why);
    }
    runner.summary.plan.kept_apart.extend(plan.kept_apart);
    for edit in plan.edits {
        runner.carry_out(edit).await?;
    }
    Ok(())
}

/// Reads the sets of one title, and plans at once; `None` where one of them cannot be read.
async fn read_title(runner: &mut PlanRunner<'_>, sets: Vec<Set>) -> Result<Option<Plan>, Error> {
    let mut title = Library {
        sets,
        ..Library::default()
    };
    for set in &mut title.sets {
        let read = read_members(runner.flickr, set).await;
        let Some((members, photos)) = runner.or_refused(&set.title, read)? else {
            return Ok(None);
        };
        set.members = Some(members);
        title.photos.extend(photos);
    }
    Ok(Some(plan_merge(&title)))
}
