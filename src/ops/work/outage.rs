//! Which services an attempt has shown to be well.

use super::transfer::Attempt;
use crate::model::outage::Service;
use crate::model::outcome::{FailureClass, Outcome};

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
