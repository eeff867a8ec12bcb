//! [`PlanRunner`]: carries edits out, one after the other, and keeps count of what became of them.

use std::collections::HashSet;
use std::time::Duration;

use super::{Error, SetsSummary};
use crate::error_chain;
use crate::flickr::{self, Client};
use crate::model::flickr::canonical::canonical;
use crate::model::flickr::library::Set;
use crate::model::flickr::set_plan::{Edit, Left, Plan};
use crate::monitor::{Event, Monitor};
use crate::stop::Stop;

/// How often a set is tried to be made while Flickr does not know its first photo yet.
const TRIES_FOR_A_FRESH_PHOTO: u32 = 5;
/// The wait between these tries; doubled each time.
const FRESH_PHOTO_WAIT: Duration = Duration::from_millis(500);
/// How often a set is tried to be made while no clear answer comes and the set is not there.
const TRIES_WITHOUT_AN_ANSWER: u32 = 3;
/// The wait before the second look for such a set: lists lag.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// After so many refusals in a row with the same words no further set is tried to be made.
const REFUSALS_IN_A_ROW: usize = 5;

pub(super) struct PlanRunner<'a> {
    pub(super) flickr: &'a Client,
    stop: &'a Stop,
    pub(super) monitor: &'a dyn Monitor,
    pub(super) summary: SetsSummary,
    /// The ids of sets that are not the one that a lost answer was about.
    existing: HashSet<String>,
    /// The sets that were made: their ids, and the titles that were asked for.
    pub(super) created: Vec<(String, String)>,
    steps: usize,
    steps_done: usize,
    /// Whether it has begun to change the account.
    is_changing: bool,
    /// Why the last sets in a row were not made.
    refusals_in_a_row: Vec<String>,
}

impl<'a> PlanRunner<'a> {
    pub(super) fn new(flickr: &'a Client, stop: &'a Stop, monitor: &'a dyn Monitor) -> Self {
        PlanRunner {
            flickr,
            stop,
            monitor,
            summary: SetsSummary::default(),
            existing: HashSet::new(),
            created: Vec::new(),
            steps: 0,
            steps_done: 0,
            is_changing: false,
            refusals_in_a_row: Vec::new(),
        }
    }

    /// These sets are there already.
    pub(super) fn mark_existing(&mut self, sets: &[Set]) {
        self.existing.extend(sets.iter().map(|set| set.id.clone()));
    }

    /// There will be this many steps.
    pub(super) fn expect_steps(&mut self, steps: usize) {
        (self.steps, self.steps_done) = (steps, 0);
        self.monitor.event(Event::Planned { steps });
    }

    /// A step is done, with or without an edit.
    pub(super) fn step_done(&mut self) {
        self.steps_done += 1;
        self.monitor.event(Event::StepDone {
            number: self.steps_done,
            total: self.steps,
        });
    }

    /// Counts what a plan would do.
    pub(super) fn plan_only(&mut self, plan: Plan) {
        plan.edits.iter().for_each(|edit| self.summary.count(edit));
        self.summary.refused.clone_from(&plan.left);
        self.summary.plan = plan;
    }

    /// Leaves a set alone, and remembers why.
    pub(super) fn refuse(&mut self, title: &str, why: String) {
        self.summary.refused.push(Left {
            title: title.to_owned(),
            why,
        });
    }

    /// What a call for one set gave; `None` where Flickr refused it, for this set alone.
    ///
    /// # Errors
    /// What the next set would meet too.
    pub(super) fn or_refused<T>(
        &mut self,
        title: &str,
        outcome: Result<T, flickr::Error>,
    ) -> Result<Option<T>, Error> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(error) if concerns_one_set(&error) => {
                self.refuse(title, error_chain::whole(&error));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Carries an edit out.
    pub(super) async fn carry_out(&mut self, edit: Edit) -> Result<(), Error> {
        self.is_changing = true;
        let made = match &edit {
            Edit::Create { title, photos } => self.create_and_fill(title, photos).await,
            other => self.change(other).await,
        };
        let done = match made {
            Ok(done) => self.or_refused(edit.title(), done)?.is_some(),
            Err(why) => {
                self.refuse(edit.title(), why);
                false
            }
        };
        if done {
            self.summary.count(&edit);
            let event = Event::Edited {
                edit: edit.to_string(),
                number: self.steps_done + 1,
                total: self.steps,
            };
            self.monitor.event(event);
            self.summary.plan.edits.push(edit);
        }
        Ok(())
    }

    /// The outcome of Flickr, or why the edit was not begun or not ended.
    async fn change(&self, edit: &Edit) -> Result<Result<(), flickr::Error>, String> {
        Ok(match edit {
            Edit::Create { .. } => Ok(()),
            Edit::Extend {
                set, cover, photos, ..
            } => self.flickr.edit_set(set, cover, photos).await,
            Edit::Append { set, photos, .. } => self.append(set, photos).await,
            Edit::Merge {
                keep,
                cover,
                photos,
                delete,
                ..
            } => {
                if let Some(photos) = photos {
                    let edited = self.flickr.edit_set(keep, cover, photos).await;
                    if edited.is_err() {
                        return Ok(edited);
                    }
                    match self.missing(keep, photos).await {
                        Ok(0) => {}
                        Ok(missing) => {
                            return Err(format!(
                                "{missing} of its {} photos were missing when it was read back, so no album was deleted; \
                                 run merge-sets again",
                                photos.len()
                            ));
                        }
                        Err(error) => return Ok(Err(error)),
                    }
                }
                self.delete(delete).await
            }
        })
    }

    async fn append(&self, set: &str, photos: &[String]) -> Result<(), flickr::Error> {
        for photo in photos {
            self.flickr.add_to_set(set, photo).await?;
        }
        Ok(())
    }

    async fn delete(&self, sets: &[String]) -> Result<(), flickr::Error> {
        for set in sets {
            self.flickr.delete_set(set).await?;
        }
        Ok(())
    }

    /// How many of these photos a set does not show. Nothing is deleted before the set that stays is seen to
    /// hold everyone.
    async fn missing(&self, set: &str, photos: &[String]) -> Result<usize, flickr::Error> {
        let found = self.flickr.set_photos(set).await?.items;
        let held: HashSet<&str> = found.iter().map(|photo| photo.id.as_str()).collect();
        let missing = photos.iter().filter(|id| !held.contains(id.as_str()));
        Ok(missing.count())
    }

    async fn create_and_fill(
        &mut self,
        title: &str,
        photos: &[String],
    ) -> Result<Result<(), flickr::Error>, String> {
        let Some(cover) = photos.first() else {
            return Ok(Ok(()));
        };
        if self.refusals_in_a_row.len() >= REFUSALS_IN_A_ROW {
            return Err(format!(
                "not tried, because Flickr refused the {REFUSALS_IN_A_ROW} before it: {}",
                self.refusals_in_a_row[0]
            ));
        }
        let set = match self.create(title, cover).await {
            Ok(set) => set,
            Err(error) => {
                let why = error_chain::whole(&error);
                self.refusals_in_a_row.retain(|before| *before == why);
                self.refusals_in_a_row.push(why);
                return Ok(Err(error));
            }
        };
        self.refusals_in_a_row.clear();
        self.existing.insert(set.clone());
        self.created.push((set.clone(), title.to_owned()));
        if photos.len() == 1 {
            return Ok(Ok(()));
        }
        Ok(self.flickr.edit_set(&set, cover, photos).await)
    }

    /// Makes a set; where no clear answer came, looks whether it was made before it is tried again.
    async fn create(&self, title: &str, cover: &str) -> Result<String, flickr::Error> {
        let (mut unknown, mut unclear) = (0, 0);
        loop {
            match self.flickr.create_set(title, cover).await {
                Ok(set) => return Ok(set),
                Err(error @ flickr::Error::Ambiguous { .. }) => {
                    unclear += 1;
                    if let Some(set) = self.find_created(title, cover).await? {
                        return Ok(set);
                    }
                    self.pause(SECOND_LOOK).await?;
                    if let Some(set) = self.find_created(title, cover).await? {
                        return Ok(set);
                    }
                    if unclear >= TRIES_WITHOUT_AN_ANSWER {
                        return Err(error);
                    }
                }
                // A photo is unknown for a while after its upload.
                Err(flickr::Error::NotFound { .. }) if unknown + 1 < TRIES_FOR_A_FRESH_PHOTO => {
                    unknown += 1;
                    self.pause(FRESH_PHOTO_WAIT * (1 << unknown)).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), flickr::Error> {
        tokio::select! {
            () = self.stop.draining() => Err(flickr::Error::Draining),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// A set that was not there before, with this title or this cover, and nothing more in it.
    ///
    /// # Errors
    /// [`flickr::Error::Ambiguous`] where Flickr does not list all sets, so that it may be among the others.
    async fn find_created(
        &self,
        title: &str,
        cover: &str,
    ) -> Result<Option<String>, flickr::Error> {
        let sets = self.flickr.sets().await?;
        let is_it = |set: &flickr::Set| {
            let is_alike = canonical(&set.title) == title || set.primary == cover;
            is_alike && set.photos <= 1 && !self.existing.contains(&set.id)
        };
        match sets.items.into_iter().find(is_it) {
            Some(set) => Ok(Some(set.id)),
            None if sets.whole => Ok(None),
            None => Err(flickr::Error::Ambiguous {
                doing: "flickr.photosets.create".to_owned(),
                why: "Flickr does not list all sets".to_owned(),
                source: None,
            }),
        }
    }
}

/// Whether Flickr refused this one set, so that the next may do better. An HTTP status is nobody's refusal of
/// a set.
pub(super) fn concerns_one_set(error: &flickr::Error) -> bool {
    match error {
        flickr::Error::Unexpected { code, .. } => *code < 100,
        flickr::Error::NotFound { .. }
        | flickr::Error::Refused { .. }
        | flickr::Error::Ambiguous { .. } => true,
        _ => false,
    }
}

fn is_stopped(error: &Error) -> bool {
    matches!(
        error,
        Error::Flickr(flickr::Error::Draining | flickr::Error::Aborted)
    )
}

/// The summary of a run that came to its end or was stopped.
pub(super) fn summarize(
    runner: PlanRunner<'_>,
    outcome: Result<(), Error>,
) -> Result<SetsSummary, Error> {
    let calls = runner.flickr.calls();
    let (of, done) = (runner.steps, runner.steps_done);
    let is_changing = runner.is_changing;
    let mut summary = runner.summary;
    summary.calls = calls.rest + calls.uploads;
    for left in &summary.refused {
        let event = Event::SetRefused {
            title: left.title.clone(),
            reason: left.why.clone(),
        };
        runner.monitor.event(event);
    }
    for line in &summary.unlisted {
        runner.monitor.event(Event::Account {
            message: line.clone(),
        });
    }
    match outcome {
        Ok(()) => Ok(summary),
        Err(error) if is_stopped(&error) => {
            summary.stopped = true;
            Ok(summary)
        }
        Err(error) if !is_changing => Err(error),
        Err(cause) => Err(Error::Midway {
            done: format!("{done} of {of} albums are done; run it again for the rest"),
            cause: Box::new(cause),
        }),
    }
}
