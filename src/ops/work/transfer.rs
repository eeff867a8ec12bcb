//! The transfer of ONE file: from its source to the target, and what its end means for the job.

use crate::error_chain;
use crate::model::Job;
use crate::model::outage::{Outage, Service};
use crate::model::outcome::{FailureClass, Outcome};
use crate::store::{
    ByteCount, Content, Error, PriorAttempt, Put, Slot, Source, Stored, Target, Throttle,
};

/// How one attempt ended, and what it learned.
#[derive(Debug)]
pub(super) struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The job, with the size and version that the file has now.
    pub job: Job,
    /// When the upload began, in seconds since 1970 by the target's clock, where the target may
    /// have the file although the attempt failed.
    pub began: Option<i64>,
    /// Whether the file was sent, and the target answered.
    pub was_sent: bool,
}

/// What a transfer uses.
#[derive(Clone, Copy)]
pub(super) struct Services<'a> {
    pub source: &'a Source,
    pub target: &'a Target,
    /// How fast the bytes may pass.
    pub throttle: &'a Throttle,
    /// Where they are counted.
    pub read: &'a ByteCount,
}

/// Copies a job's file to the target. With a `prior` attempt it is looked for there first.
pub(super) async fn transfer(
    services: Services<'_>,
    job: Job,
    slot: Option<Slot>,
    prior: Option<PriorAttempt>,
) -> Attempt {
    let content = Content::new(
        services.source,
        job.clone(),
        services.throttle,
        services.read,
    );
    let put = services.target.put(slot, &content, prior).await;
    let began = put.as_ref().err().and_then(Error::sent_at);
    let was_sent = was_sent(&put);
    let outcome = match put {
        Ok(Put::Stored(stored)) => Outcome::Uploaded(stored.id),
        Ok(Put::AlreadyThere(stored)) => Outcome::AlreadyThere(stored.id),
        Err(error) => from_error(error),
    };
    // An answer whose bytes did not all arrive may have lied about the file: the next attempt must
    // not hold the truth against it.
    let job = if outcome.may_be_on_target() {
        content.job()
    } else {
        job
    };
    Attempt {
        outcome,
        job,
        began,
        was_sent,
    }
}

fn was_sent(put: &Result<Put, Error>) -> bool {
    match put {
        Ok(Put::Stored(Stored { was_sent, .. }) | Put::AlreadyThere(Stored { was_sent, .. })) => {
            *was_sent
        }
        Err(Error::Refused { was_sent, .. }) => *was_sent,
        Err(_) => false,
    }
}

/// What an error means for the job.
fn from_error(error: Error) -> Outcome {
    let class = match error {
        Error::Throttled { .. } => return Outcome::Throttled,
        Error::Draining | Error::Budget { .. } => return Outcome::Abandoned,
        Error::Away {
            service,
            way,
            reason,
        } => {
            return away(service, FailureClass::Transient, way, reason);
        }
        Error::Ambiguous {
            service: Some(service),
            way,
            reason,
            ..
        } => {
            return away(service, FailureClass::Ambiguous, way, reason);
        }
        // S3 denies one object, or all of them; a disk or a network fails once, or for a while.
        Error::Denied { .. } | Error::Unavailable { .. } => return source_away(&error),
        ref error if error.strikes_every_file() => {
            return Outcome::StopEverything(error_chain::whole(&error));
        }
        Error::Ambiguous { .. } => FailureClass::Ambiguous,
        Error::NotFound(_) => FailureClass::Gone,
        Error::Outside(_) => FailureClass::Forbidden,
        Error::Changed(_) | Error::NotNow(_) => FailureClass::Transient,
        _ => FailureClass::Refused,
    };
    Outcome::Failed(class, error_chain::whole(&error))
}

fn away(service: Service, class: FailureClass, way: String, reason: String) -> Outcome {
    Outcome::Away(Outage {
        service,
        class,
        is_denial: false,
        way,
        reason,
    })
}

/// What it means that a store did not give a file; the lane knows which store it was.
fn source_away(error: &Error) -> Outcome {
    let way = match error {
        Error::Denied { detail, .. } => format!("access denied: {detail}"),
        Error::Unavailable { detail, .. } => detail.clone(),
        other => other.to_string(),
    };
    Outcome::Away(Outage {
        service: Service::Source(String::new()),
        class: FailureClass::Transient,
        is_denial: matches!(error, Error::Denied { .. }),
        way,
        reason: error_chain::whole(&error),
    })
}
