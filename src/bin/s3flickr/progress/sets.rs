//! How far the albums are: first the account is read, then the plan is carried out.

use std::time::Instant;

use parking_lot::Mutex;
use s3flickr::monitor::{Event, Monitor};

use super::units::number;
use super::{Measure, Progress, Rate, fraction, speed};
use crate::console::Console;

/// Passes on what a plan for albums says, and knows how far it is.
pub struct SetsProgress {
    console: Console,
    seen: Mutex<Seen>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    /// Photos that were read from the account, and how many it has.
    photos: u64,
    all_photos: Option<u64>,
    /// Steps that are done, and how many there are once that is planned.
    steps: u64,
    all_steps: Option<u64>,
    rate: Rate,
    /// What is waited for, until something moves again.
    waiting: Option<String>,
}

impl SetsProgress {
    /// Nothing was read yet.
    pub fn new(console: &Console) -> SetsProgress {
        SetsProgress {
            console: console.clone(),
            seen: Mutex::default(),
        }
    }
}

impl Measure for SetsProgress {
    fn progress(&self) -> Option<Progress> {
        let mut seen = self.seen.lock();
        let nothing = seen.photos == 0 && seen.all_steps.is_none() && seen.waiting.is_none();
        (!nothing).then(|| seen.progress())
    }
}

impl Seen {
    fn progress(&mut self) -> Progress {
        let (done, total, doing, unit) = match self.all_steps {
            Some(steps) => (self.steps, Some(steps), "album steps done", "steps"),
            None => (self.photos, self.all_photos, "photos read", "photos"),
        };
        self.rate.note(Instant::now(), done);
        let open = total.map_or(0, |total| total.saturating_sub(done));
        let (rate, rest) = speed(&self.rate, unit, open);
        let count = match total {
            Some(total) => format!("{}/{} {doing}", number(done), number(total)),
            None => format!("{} {doing}", number(done)),
        };
        Progress {
            fraction: total.and_then(|total| fraction(done, total)),
            count,
            waiting: self.waiting.clone(),
            parts: rate.into_iter().chain(rest).collect(),
        }
    }

    fn take_in(&mut self, event: &Event) {
        match event {
            Event::Reading { photos, total } => {
                (self.photos, self.all_photos) = (*photos, *total);
            }
            Event::Planned { steps } => {
                self.all_steps = Some(*steps as u64);
                self.rate = Rate::default();
            }
            Event::StepDone { number, .. } => self.steps = *number as u64,
            Event::Waiting { reason } => {
                self.waiting = Some(reason.clone());
                return;
            }
            _ => return,
        }
        self.waiting = None;
    }
}

impl Monitor for SetsProgress {
    fn event(&self, event: Event) {
        self.seen.lock().take_in(&event);
        self.console.event(event);
    }
}
