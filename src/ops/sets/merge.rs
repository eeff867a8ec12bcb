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
        let Some(mut plan) = read_title(runner, sets.cloned().collect()).await? else {
            continue;
        };
        if !dry_run {
            for left in plan.left.drain(..) {
                runner.refuse(&left.title, left.why);
            }
            runner.summary.plan.kept_apart.append(&mut plan.kept_apart);
            if plan.edits.is_empty() {
                runner.skip_step();
            }
            for edit in plan.edits {
                runner.carry_out(edit).await?;
            }
            continue;
        }
        whole.edits.append(&mut plan.edits);
        whole.left.append(&mut plan.left);
        whole.kept_apart.append(&mut plan.kept_apart);
    }
    if dry_run {
        runner.plan_only(whole);
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
        let read = read_members(runner.flickr, set, runner.monitor).await;
        let Some((members, photos)) = runner.or_refused(&set.title, read)? else {
            return Ok(None);
        };
        set.members = Some(members);
        title.photos.extend(photos);
    }
    Ok(Some(plan_merge(&title)))
}
