//! The breaker of a worker: the lanes ask it before they take a job, and tell it how each ended.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::model::breaker::{Breaker as State, Entry, Failure, Moment, Proof, Ruling, Waiting};
use crate::model::outage::{Outage, Service};
use crate::model::outcome::Backoff;
use crate::monitor::{Event, Monitor};

/// Holds the lanes of a worker while a service fails for every photo. Clones are one breaker.
#[derive(Clone)]
pub(super) struct Breaker(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    began: (Instant, SystemTime),
    monitor: Arc<dyn Monitor>,
}

impl Breaker {
    /// Closed.
    pub(super) fn new(backoff: &Backoff, monitor: Arc<dyn Monitor>) -> Breaker {
        Breaker(Arc::new(Shared {
            state: Mutex::new(State::new(backoff)),
            changed: watch::Sender::default(),
            began: (Instant::now(), SystemTime::now()),
            monitor,
        }))
    }

    /// Waits until a lane may take a job; `None` where it had better look around first.
    pub(super) async fn enter(&self) -> Option<Pass> {
        let mut changed = self.0.changed.subscribe();
        match self.with(State::enter) {
            Entry::Pass(number) => {
                return Some(Pass {
                    breaker: self.clone(),
                    number,
                    is_used: false,
                });
            }
            Entry::Wait(moment) => tokio::select! {
                _ = changed.changed() => {}
                () = sleep_until(self.0.began.0 + moment) => {}
            },
        }
        None
    }

    /// Lets the lanes that wait look around.
    pub(super) fn wake(&self) {
        self.0.changed.send_replace(());
    }

    /// Whether the lanes wait.
    pub(super) fn is_open(&self) -> bool {
        self.with(|state, _| state.waiting().is_some())
    }

    /// The queue did not answer the lane that has this pass.
    pub(super) fn queue_failed(&self, pass: Option<&Pass>, queue: &Service, way: &str) {
        let number = pass.map(|pass| pass.number);
        self.change(|state, now| state.queue_failed(number, queue, way, now));
    }

    /// The queue answered.
    pub(super) fn queue_answered(&self) {
        if self.is_open() {
            self.change(|state, _| state.queue_answered());
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State, Moment) -> T) -> T {
        let now = self.0.began.0.elapsed();
        let mut state = self.0.state.lock();
        look(&mut state, now)
    }

    /// Makes a change, says what the lanes wait for if that is news, and wakes them.
    fn change<T>(&self, change: impl FnOnce(&mut State, Moment) -> T) -> T {
        let (before, done, after, now) = self.with(|state, now| {
            let before = state.waiting().cloned();
            let done = change(state, now);
            (before, done, state.waiting().cloned(), now)
        });
        if before != after
            && let Some(event) = self.news(before, after, now)
        {
            self.0.monitor.event(event);
        }
        self.wake();
        done
    }

    fn news(&self, before: Option<Waiting>, after: Option<Waiting>, now: Moment) -> Option<Event> {
        if let Some(waiting) = after {
            return Some(Event::Outage {
                since: self.0.began.1 + waiting.since,
                next_try: waiting.try_at.saturating_sub(now),
                service: waiting.service,
                way: waiting.way,
            });
        }
        before.map(|waiting| Event::Recovered {
            lasted: now.saturating_sub(waiting.since),
            service: waiting.service,
        })
    }
}

/// A lane's leave to take one job. Dropped unused, it says nothing of the services.
pub(super) struct Pass {
    breaker: Breaker,
    number: u64,
    is_used: bool,
}

impl Pass {
    /// Begins an attempt with it, unless the lanes were stopped meanwhile.
    pub(super) fn begin(&self) -> bool {
        self.breaker.with(|state, now| {
            let may = state.may_begin(self.number);
            if may {
                state.begin(self.number, now);
            }
            may
        })
    }

    /// After which pause the same job had better be tried again with this pass, if at all.
    pub(super) fn retry_pause(&self, outage: &Outage) -> Option<Duration> {
        let number = self.number;
        let breaker = &self.breaker;
        if !breaker.with(|state, _| state.is_trial(number)) {
            return None;
        }
        breaker.change(|state, now| state.retry_pause(number, outage, now))
    }

    /// The attempt got through, and surely passed these services.
    pub(super) fn passed(mut self, services: &[Service]) {
        self.is_used = true;
        let number = self.number;
        let change = |state: &mut State, now| state.passed(number, services, now);
        self.breaker.change(change);
    }

    /// What would prove that this job is to blame, should its attempt have failed.
    pub(super) fn proof(&self, job: &str) -> Option<Proof> {
        let proof = |state: &mut State, now| state.proof(self.number, job, now);
        self.breaker.with(proof)
    }

    /// The attempt failed; the answer is the ruling, which may have to be waited for.
    pub(super) fn failed(mut self, failure: Failure<'_>) -> Blame {
        self.is_used = true;
        let (number, breaker) = (self.number, self.breaker.clone());
        let ruling = breaker.change(|state, now| state.failed(number, failure, now));
        let undecided = Undecided { breaker, number };
        match ruling {
            Ruling::Undecided => Blame::Pending(undecided),
            ruling => Blame::Known(ruling),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_used {
            let number = self.number;
            self.breaker.change(|state, _| state.leave(number));
        }
    }
}

/// Who pays for a failure, as far as it is known.
pub(super) enum Blame {
    /// It is known.
    Known(Ruling),
    /// It is not: see [`Undecided::ruling`].
    Pending(Undecided),
}

/// A failure of which it is not known yet who pays.
pub(super) struct Undecided {
    breaker: Breaker,
    number: u64,
}

impl Undecided {
    /// Waits for what decides it: another photo's success or failure, or that nothing comes.
    pub(super) async fn ruling(&self) -> Ruling {
        let mut changed = self.breaker.0.changed.subscribe();
        let patience = self.breaker.with(|state, _| state.patience());
        let mut end = Instant::now() + patience;
        loop {
            let ruling = self.breaker.with(|state, _| state.take_ruling(self.number));
            if ruling != Ruling::Undecided {
                return ruling;
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = sleep_until(end) => {
                    end = Instant::now() + patience;
                    let number = self.number;
                    self.breaker.change(|state, now| state.ran_out_of_patience(number, now));
                }
            }
        }
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        self.breaker.with(|state, _| state.forget(self.number));
    }
}

#[cfg(test)]
mod tests;
