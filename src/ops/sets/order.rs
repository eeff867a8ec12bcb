//! The albums in the order of their names: one call, and none where they are in it already.

use std::collections::HashSet;

use super::runner::PlanRunner;
use super::{Error, set};
use crate::flickr;
use crate::model::flickr::library::Set;
use crate::model::flickr::set_order::{Placed, sorted};
use crate::model::flickr::set_plan::{Edit, Plan};
use crate::monitor::Event;

/// How often the order is asked for while sets go meanwhile.
const ATTEMPTS: u32 = 3;

/// Puts the sets of ours in order, `ours` of those that were there before and all that were made.
///
/// # Errors
/// What any other call would meet too. Where Flickr refuses the order alone, the user is told.
pub(super) async fn order_sets(
    runner: &mut PlanRunner<'_>,
    sets: &[Set],
    ours: &HashSet<&str>,
) -> Result<(), Error> {
    let created = runner.created.clone();
    if created.is_empty() && sorted(&placed(sets), ours, &HashSet::new()).is_none() {
        return Ok(());
    }
    let new: HashSet<&str> = created.iter().map(|(id, _)| id.as_str()).collect();
    let ours: HashSet<&str> = ours.union(&new).copied().collect();
    for attempt in 1..=ATTEMPTS {
        // The user may have moved, made or deleted some during a long run.
        let listed = runner.flickr.sets().await?;
        if !listed.whole {
            tell(runner, "Flickr does not list all of them");
            return Ok(());
        }
        let mut now: Vec<Set> = listed.items.into_iter().map(set).collect();
        let listed: HashSet<String> = now.iter().map(|set| set.id.clone()).collect();
        // Lists lag, and a set that is not named here would go to the end.
        let unlisted = created.iter().filter(|(id, _)| !listed.contains(id));
        now.extend(unlisted.map(|(id, title)| made(id, title)));
        let Some(order) = sorted(&placed(&now), &ours, &new) else {
            return Ok(());
        };
        match runner.flickr.order_sets(&order).await {
            Ok(()) => {
                runner.summary.ordered = true;
                return Ok(());
            }
            Err(flickr::Error::NotFound { .. }) if attempt < ATTEMPTS => {}
            Err(error) if super::runner::concerns_one_set(&error) => {
                tell(runner, &error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// How many calls it would take after this plan: none where the order is right then.
pub(super) fn calls(sets: &[Set], ours: &HashSet<&str>, plan: &Plan) -> usize {
    let titles = plan.edits.iter().filter_map(|edit| match edit {
        Edit::Create { title, .. } => Some(title.as_str()),
        _ => None,
    });
    // Flickr puts a new set first.
    let created: Vec<Set> = titles
        .rev()
        .map(|title| made(&format!("new {title}"), title))
        .collect();
    let new: HashSet<&str> = created.iter().map(|set| set.id.as_str()).collect();
    let ours = ours.union(&new).copied().collect();
    let mut all = placed(&created);
    all.extend(placed(sets));
    match sorted(&all, &ours, &new) {
        // The list again, 500 a page, and the order itself.
        Some(_) => all.len().div_ceil(500) + 1,
        None if created.is_empty() => 0,
        None => all.len().div_ceil(500),
    }
}

fn tell(runner: &PlanRunner<'_>, why: &str) {
    let message = format!("the albums were left in the order that they are in: {why}");
    runner.monitor.event(Event::Account { message });
}

fn placed(sets: &[Set]) -> Vec<Placed<'_>> {
    let mut placed = Vec::with_capacity(sets.len());
    for Set { id, title, .. } in sets {
        placed.push(Placed { id, title });
    }
    placed
}

/// A set that was made in this run, as far as is known.
fn made(id: &str, title: &str) -> Set {
    Set {
        id: id.to_owned(),
        title: title.to_owned(),
        created: 0,
        cover: String::new(),
        count: 1,
        members: None,
    }
}
