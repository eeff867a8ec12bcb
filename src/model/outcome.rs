//! What becomes of a job after an outcome: [`next_step`].

use std::time::Duration;

pub use super::failure_class::FailureClass;
use super::outage::Outage;

/// How one attempt at a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Uploaded; the photo's id.
    Uploaded(String),
    /// Found on Flickr, so nothing was sent; the photo's id.
    AlreadyThere(String),
    /// It failed, for this reason, and this job alone is to blame.
    Failed(FailureClass, String),
    /// It failed, and a service may be to blame that fails for every job.
    Away(Outage),
    /// Nothing is wrong with this job: Flickr asks everyone to wait.
    Throttled,
    /// The hold on the message was lost or the run was aborted: someone else has the job,
    /// or will have it.
    Abandoned,
    /// Nothing is wrong with this job, but no job can succeed: the run ends with this message.
    StopEverything(String),
}

impl Outcome {
    /// Whether Flickr may have the photo all the same.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Outcome::Failed(class, _) => *class == FailureClass::Ambiguous,
            Outcome::Away(outage) => outage.class == FailureClass::Ambiguous,
            _ => false,
        }
    }

    /// Whether the file arrived whole, as far as the worker knows: Flickr has the photo, or may.
    pub fn may_be_on_target(&self) -> bool {
        matches!(self, Outcome::Uploaded(_) | Outcome::AlreadyThere(_)) || self.is_ambiguous()
    }

    /// The same failure, charged to the job.
    pub fn charged(self) -> Outcome {
        match self {
            Outcome::Away(outage) => Outcome::Failed(outage.class, outage.reason),
            other => other,
        }
    }
}

/// What to do with the job's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Delete it: the photo is on Flickr.
    Finish,
    /// Send it again with this many retries left, after this delay; then delete this one.
    Requeue {
        /// Attempts left.
        retries: u32,
        /// How long it stays invisible.
        delay: Duration,
    },
    /// Report it on the failed queue.
    DeadLetter {
        /// What kind of failure it was.
        class: FailureClass,
        /// For a person.
        reason: String,
    },
    /// Make it visible again at once, its counter untouched.
    Release,
}

/// How long to wait before another attempt; doubled each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// The longest wait. SQS cannot delay a message by more than 15 minutes.
    pub longest: Duration,
}

impl Default for Backoff {
    /// Ten seconds outlast a hiccup, and Flickr's lists then know the photo; ten minutes outlast
    /// most of its bad spells.
    fn default() -> Backoff {
        Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(600),
        }
    }
}

impl Backoff {
    /// The wait after the attempt of this number failed (1 for the first).
    pub fn after(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// What becomes of a job that had `retries` left and was now tried for the `attempts`th time.
pub fn next_step(outcome: &Outcome, retries: u32, attempts: u32, backoff: &Backoff) -> Step {
    match outcome {
        Outcome::Uploaded(_) | Outcome::AlreadyThere(_) => Step::Finish,
        Outcome::Throttled | Outcome::Abandoned | Outcome::Away(_) | Outcome::StopEverything(_) => {
            Step::Release
        }
        Outcome::Failed(class, _) if class.can_pass() && retries > 1 => Step::Requeue {
            retries: retries - 1,
            delay: backoff.after(attempts),
        },
        Outcome::Failed(class, reason) => Step::DeadLetter {
            class: *class,
            reason: reason.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(5),
    };

    fn failed(class: FailureClass) -> Outcome {
        Outcome::Failed(class, "why".into())
    }

    #[test]
    fn each_outcome_leads_to_its_step() {
        let step = |outcome: &Outcome, retries| next_step(outcome, retries, 1, &QUICK);
        let dead_letter = |class| Step::DeadLetter {
            class,
            reason: "why".into(),
        };
        let requeue = |retries| Step::Requeue {
            retries,
            delay: Duration::from_secs(1),
        };
        assert_eq!(step(&Outcome::Uploaded("1".into()), 5), Step::Finish);
        assert_eq!(step(&Outcome::AlreadyThere("1".into()), 5), Step::Finish);
        assert_eq!(step(&failed(FailureClass::Transient), 5), requeue(4));
        assert_eq!(step(&failed(FailureClass::Ambiguous), 2), requeue(1));
        assert_eq!(
            step(&failed(FailureClass::Transient), 1),
            dead_letter(FailureClass::Transient)
        );
        assert_eq!(
            step(&failed(FailureClass::Transient), 0),
            dead_letter(FailureClass::Transient)
        );
        assert_eq!(
            step(&failed(FailureClass::Refused), 5),
            dead_letter(FailureClass::Refused)
        );
        assert_eq!(
            step(&failed(FailureClass::Gone), 5),
            dead_letter(FailureClass::Gone)
        );
        assert_eq!(
            step(&failed(FailureClass::Forbidden), 5),
            dead_letter(FailureClass::Forbidden)
        );
        assert_eq!(step(&Outcome::Throttled, 5), Step::Release);
        assert_eq!(step(&Outcome::Abandoned, 1), Step::Release);
        assert_eq!(step(&Outcome::StopEverything("x".into()), 1), Step::Release);
    }

    #[test]
    fn five_retries_are_five_attempts() {
        let (mut retries, mut attempts) = (5, 0);
        loop {
            attempts += 1;
            match next_step(&failed(FailureClass::Transient), retries, attempts, &QUICK) {
                Step::Requeue { retries: left, .. } => retries = left,
                _ => break,
            }
        }
        assert_eq!(attempts, 5);
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let waits: Vec<u64> = (0..6).map(|n| QUICK.after(n).as_secs()).collect();
        assert_eq!(waits, [1, 1, 2, 4, 5, 5]);
        assert_eq!(QUICK.after(u32::MAX), QUICK.longest);
    }
}
