//! [`Breaker`]: tells a photo's own failure from that of a service that fails for every photo.
//!
//! A failure is charged to a photo only where another photo passed through the same service
//! *afterwards*: only that shows that the service was not to blame. Until then it is undecided.
//! Three photos that fail without such a success, or one with nothing else under way, open the
//! breaker: nobody is charged, the lanes wait, and one job is tried after pauses that double.
//! A success closes it.
//!
//! A photo that alone makes a service fail must end too. While fewer than three photos failed, a
//! failed trial is charged if the service answers another request ([`Proof`]); and however many
//! failed, once the outage has lasted for a quarter of an hour although the service answers.
//!
//! Pure: every moment is passed in, as the time since the worker began.

mod pauses;
mod ruling;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::pauses::Pauses;
pub use self::ruling::{Failure, Proof, Ruling};
use super::outage::{Outage, Service};
use super::outcome::{Backoff, FailureClass};

/// A moment, as the time since the worker began.
pub type Moment = Duration;

/// Failures of this many different photos, without a success, are no coincidence.
const MANY: usize = 3;

/// After this many trials in a row that were all denied, nobody is about to allow it: more than a
/// minute by default, where a new right takes some seconds to be known everywhere.
const DENIALS: u32 = 4;

/// Whether a lane may take a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Yes, under this number.
    Pass(u64),
    /// Not before this moment, unless something changes.
    Wait(Moment),
}

/// What the lanes wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The service that is away.
    pub service: Service,
    /// What was seen last.
    pub way: String,
    /// Since when.
    pub since: Moment,
    /// When one job is tried.
    pub try_at: Moment,
}

/// What a worker knows of the services, and who may take a job.
#[derive(Debug)]
pub struct Breaker {
    pauses: Pauses,
    last_number: u64,
    /// When each attempt that is under way began.
    attempts: BTreeMap<u64, Moment>,
    undecided: Vec<Undecided>,
    open: Option<Open>,
}

/// A failure of which it is not known who is to blame; the ruling waits for its owner.
#[derive(Debug)]
struct Undecided {
    number: u64,
    job: String,
    outage: Outage,
    at: Moment,
    ruling: Option<Ruling>,
}

#[derive(Debug)]
struct Open {
    waiting: Waiting,
    /// The jobs that failed.
    jobs: BTreeSet<String>,
    /// Failed trials since the pause was short, the failure that opened it included.
    failures: u32,
    /// How many trials in a row were denied.
    denials: u32,
    /// The lanes that try one job each: one, and another beside it where that takes long.
    trials: BTreeSet<u64>,
    /// When another lane may try one beside them.
    trial_ends: Moment,
}

impl Breaker {
    /// Closed; its first pause is half of the wait before a failed photo's next attempt.
    pub fn new(backoff: &Backoff) -> Breaker {
        Breaker {
            pauses: Pauses::new(backoff),
            last_number: 0,
            attempts: BTreeMap::new(),
            undecided: Vec::new(),
            open: None,
        }
    }

    /// How long a failure stays undecided when nothing is under way that could decide it.
    pub fn patience(&self) -> Duration {
        self.pauses.first
    }

    /// What the lanes wait for, if they do.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.open.as_ref().map(|open| &open.waiting)
    }

    /// A lane asks whether it may take a job. Its number is used up by one of [`leave`],
    /// [`passed`] and [`failed`].
    ///
    /// [`leave`]: Breaker::leave
    /// [`passed`]: Breaker::passed
    /// [`failed`]: Breaker::failed
    pub fn enter(&mut self, now: Moment) -> Entry {
        self.last_number += 1;
        let number = self.last_number;
        let longest = self.pauses.longest();
        if let Some(open) = &mut self.open {
            // A long video, or a service that hangs, must not keep small photos from the trial.
            let earliest = match open.trials.is_empty() {
                false => open.trial_ends,
                true => open.waiting.try_at,
            };
            if now < earliest {
                return Entry::Wait(earliest);
            }
            open.trials.insert(number);
            open.trial_ends = now + longest;
        }
        Entry::Pass(number)
    }

    /// Whether a lane that was let in may still take a job: the breaker may have opened since.
    pub fn may_begin(&self, number: u64) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| open.trials.contains(&number))
    }

    /// Whether this lane tries the one job while the others wait.
    pub fn is_trial(&self, number: u64) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.trials.contains(&number))
    }

    /// An attempt begins.
    pub fn begin(&mut self, number: u64, now: Moment) {
        self.attempts.insert(number, now);
    }

    /// A lane gives its number back with nothing learned: it took no job, or one whose end says
    /// nothing of the services. If it was the trial, the next lane may try.
    pub fn leave(&mut self, number: u64) {
        self.attempts.remove(&number);
        if let Some(open) = &mut self.open {
            open.trials.remove(&number);
        }
    }

    /// An attempt got through, and surely passed these services.
    pub fn passed(&mut self, number: u64, services: &[Service], now: Moment) {
        let began = self.attempts.remove(&number).unwrap_or(now);
        for failure in self.undecided.iter_mut().filter(|f| f.ruling.is_none()) {
            if failure.at <= began && services.contains(&failure.outage.service) {
                failure.ruling = Some(Ruling::Charge);
            }
        }
        self.leave(number);
        self.open.take_if(|open| !open.waiting.service.is_queue());
    }

    /// What must be proved before the photo of this trial is to blame for a failure; `None` where
    /// nothing could.
    pub fn proof(&self, number: u64, job: &str, now: Moment) -> Option<Proof> {
        let open = self
            .open
            .as_ref()
            .filter(|open| open.trials.contains(&number))?;
        let is_old = now.saturating_sub(open.waiting.since) >= self.pauses.grace();
        if is_old {
            return Some(Proof::AnyCall);
        }
        open.are_few_with(job).then_some(Proof::SameDoor)
    }

    /// The trial failed, and Flickr may have its photo all the same: then the next trial is best
    /// made with the same job, because looking for the photo may be all that it needs. Answers
    /// with the pause until then; `None` where this is no trial, or Flickr cannot have it.
    pub fn retry_pause(&mut self, number: u64, outage: &Outage, now: Moment) -> Option<Duration> {
        if outage.class != FailureClass::Ambiguous {
            return None;
        }
        let mut open = self.open.take_if(|open| open.trials.contains(&number))?;
        open.failures += 1;
        open.waiting.way = outage.way.clone();
        let pause = self.pauses.after(open.failures);
        open.waiting.try_at = now + pause;
        open.trial_ends = now + pause + self.pauses.longest();
        self.open = Some(open);
        Some(pause)
    }

    /// An attempt failed.
    pub fn failed(&mut self, number: u64, failure: Failure<'_>, now: Moment) -> Ruling {
        let is_trial = self.is_trial(number);
        self.leave(number);
        if is_trial {
            return self.trial_failed(failure, now);
        }
        let Failure { job, outage, .. } = failure;
        if let Some(open) = &mut self.open {
            open.jobs.insert(job.to_owned());
            return open.spare(now);
        }
        self.undecided.push(Undecided {
            number,
            job: job.to_owned(),
            outage: outage.clone(),
            at: now,
            ruling: None,
        });
        if self.jobs_that_failed_at(&outage.service).len() >= MANY {
            self.open(outage, now);
        }
        self.take_ruling(number)
    }

    /// The ruling on a failure that was undecided; any other ruling is given once.
    pub fn take_ruling(&mut self, number: u64) -> Ruling {
        let found = self.undecided.iter().position(|f| f.number == number);
        let ruling = found.and_then(|at| self.undecided[at].ruling);
        if ruling.is_some() {
            self.forget(number);
        }
        ruling.unwrap_or(Ruling::Undecided)
    }

    /// Nobody asks for the ruling on this failure any more.
    pub fn forget(&mut self, number: u64) {
        self.undecided.retain(|failure| failure.number != number);
    }

    /// A failure was undecided for as long as [`Breaker::patience`]: the breaker opens, unless an
    /// attempt is under way that may still decide it.
    pub fn ran_out_of_patience(&mut self, number: u64, now: Moment) {
        let Some(failure) = self.undecided.iter().find(|f| f.number == number) else {
            return;
        };
        let hope = self.attempts.values().any(|began| *began >= failure.at);
        if !hope && failure.ruling.is_none() {
            let outage = failure.outage.clone();
            self.open(&outage, now);
        }
    }

    /// The queue did not answer: no job can be had, so one failure is enough.
    pub fn queue_failed(&mut self, number: Option<u64>, queue: &Service, way: &str, now: Moment) {
        let mut open = match self.open.take() {
            Some(open) if open.waiting.service.is_queue() => open,
            // Whatever else is away, the queue must come back first.
            _ => {
                let waiting = Waiting {
                    service: queue.clone(),
                    way: way.to_owned(),
                    since: now,
                    try_at: now + self.pauses.of_queue(1),
                };
                Open::new(waiting, BTreeSet::new())
            }
        };
        if number.is_some_and(|number| open.trials.remove(&number)) {
            open.failures += 1;
            open.waiting.way = way.to_owned();
            open.waiting.try_at = now + self.pauses.of_queue(open.failures);
        }
        self.open = Some(open);
    }

    /// The queue answered.
    pub fn queue_answered(&mut self) {
        self.open.take_if(|open| open.waiting.service.is_queue());
    }

    fn trial_failed(&mut self, failure: Failure<'_>, now: Moment) -> Ruling {
        let Failure {
            job,
            outage,
            to_blame,
        } = failure;
        let Some(mut open) = self.open.take() else {
            return Ruling::Undecided;
        };
        open.jobs.insert(job.to_owned());
        open.failures += 1;
        open.denials = if outage.is_denial {
            open.denials + 1
        } else {
            0
        };
        let gives_up = open.denials >= DENIALS && open.jobs.len() >= MANY;
        if to_blame && open.jobs.len() < MANY {
            // The service is well: the next job need not wait long.
            open.failures = 1;
        }
        open.waiting.service = outage.service.clone();
        open.waiting.way = outage.way.clone();
        open.waiting.try_at = now + self.pauses.after(open.failures);
        let spared = open.spare(now);
        self.open = Some(open);
        match gives_up {
            true => Ruling::GiveUp,
            false if to_blame => Ruling::Charge,
            false => spared,
        }
    }

    /// Opens, and spares all that is undecided.
    fn open(&mut self, outage: &Outage, now: Moment) {
        let undecided = || self.undecided.iter().filter(|f| f.ruling.is_none());
        let waiting = Waiting {
            service: outage.service.clone(),
            way: outage.way.clone(),
            since: undecided().map(|f| f.at).min().unwrap_or(now),
            try_at: now + self.pauses.after(1),
        };
        let jobs = undecided().map(|f| f.job.clone()).collect();
        let open = self.open.get_or_insert_with(|| Open::new(waiting, jobs));
        let spared = open.spare(now);
        for failure in &mut self.undecided {
            failure.ruling.get_or_insert(spared);
        }
    }

    fn jobs_that_failed_at(&self, service: &Service) -> BTreeSet<&str> {
        let failures = self.undecided.iter().filter(|f| f.ruling.is_none());
        failures
            .filter(|failure| failure.outage.service == *service)
            .map(|failure| failure.job.as_str())
            .collect()
    }
}

impl Open {
    fn new(waiting: Waiting, jobs: BTreeSet<String>) -> Open {
        Open {
            waiting,
            jobs,
            failures: 1,
            denials: 0,
            trials: BTreeSet::new(),
            trial_ends: Moment::ZERO,
        }
    }

    /// Back it goes, and not before the next trial.
    fn spare(&self, now: Moment) -> Ruling {
        Ruling::Spare(self.waiting.try_at.saturating_sub(now))
    }

    /// Whether the jobs that failed are still few, this one included.
    fn are_few_with(&self, job: &str) -> bool {
        self.jobs.len() + usize::from(!self.jobs.contains(job)) < MANY
    }
}

#[cfg(test)]
mod tests;
