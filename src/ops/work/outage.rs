//! Which failures may be those of a service that fails for every photo, and which services a
//! photo has shown to be well.

use super::transfer::Attempt;
use crate::model::outage::{Outage, Service};
use crate::model::outcome::{FailureClass, Outcome};
use crate::store;

/// What it means that a store did not give a file; the lane knows which store it was.
pub(super) fn from_source(error: &store::Error) -> Outcome {
    let way = match error {
        store::Error::Denied { detail, .. } => format!("access denied: {detail}"),
        store::Error::Unavailable { detail, .. } => detail.clone(),
        other => other.to_string(),
    };
    Outcome::Away(Outage {
        service: Service::Source(String::new()),
        class: FailureClass::Transient,
        is_denial: matches!(error, store::Error::Denied { .. }),
        way,
        reason: error.to_string(),
    })
}

/// The services that an attempt that got through has surely passed; `None` where it did not.
pub(super) fn passed(attempt: &Attempt, source: Service) -> Option<Vec<Service>> {
    let was_sent = attempt.was_sent;
    match &attempt.outcome {
        // What it looked for may have been known from a listing of long ago.
        Outcome::Uploaded(_) => Some(vec![source, Service::Uploads]),
        Outcome::AlreadyThere(_) if was_sent => {
            Some(vec![source, Service::Uploads, Service::Calls])
        }
        Outcome::AlreadyThere(_) => Some(Vec::new()),
        // The target judged the file.
        Outcome::Failed(FailureClass::Refused, _) if was_sent => Some(vec![Service::Uploads]),
        _ => None,
    }
}
