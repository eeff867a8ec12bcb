//! Which failures may be those of a service that fails for every photo, and which services a
//! photo has shown to be well.

use super::transfer::Attempt;
use crate::model::outage::{Outage, Service};
use crate::model::outcome::{Class, Outcome};
use crate::{flickr, store};

/// What a failure of a call to Flickr means; `told` is its whole message.
///
/// Whatever Flickr says that condemns neither the file nor the account may be a bad spell of
/// Flickr's: 403 and 503 pages, a captive portal's page, code 3, a lost answer.
pub(super) fn of_flickr(error: &flickr::Error, told: String) -> Outcome {
    use flickr::Error;
    let (service, class) = match error {
        // The shared budget lives in the queue. The job is as it was.
        Error::Budget { .. } => return Outcome::Abandoned,
        Error::Source { .. } => (Service::Source(String::new()), Class::Transient),
        Error::Ambiguous { .. } => (Service::Calls, Class::Ambiguous),
        _ => (Service::Calls, Class::Transient),
    };
    Outcome::Away(Outage {
        service,
        class,
        is_denial: false,
        way: way(error),
        reason: told,
    })
}

/// The same outcome, where the call was an upload.
pub(super) fn at_upload(mut outcome: Outcome) -> Outcome {
    if let Outcome::Away(outage) = &mut outcome
        && outage.service == Service::Calls
    {
        outage.service = Service::Uploads;
    }
    outcome
}

/// What it means that a store did not give a file; the lane knows which store it was.
pub(super) fn of_store(error: &store::Error) -> Outcome {
    let way = match error {
        store::Error::Denied { detail, .. } => format!("access denied: {detail}"),
        store::Error::Unavailable { detail, .. } => detail.clone(),
        other => other.to_string(),
    };
    Outcome::Away(Outage {
        service: Service::Source(String::new()),
        class: Class::Transient,
        is_denial: matches!(error, store::Error::Denied { .. }),
        way,
        reason: error.to_string(),
    })
}

/// The services that an attempt that got through has surely passed; `None` where it did not.
pub(super) fn passed(attempt: &Attempt, source: Service) -> Option<Vec<Service>> {
    let was_sent = attempt.began.is_some();
    match &attempt.outcome {
        // What it looked for may have been known from a listing of long ago.
        Outcome::Uploaded(_) => Some(vec![source, Service::Uploads]),
        Outcome::AlreadyThere(_) if was_sent => {
            Some(vec![source, Service::Uploads, Service::Calls])
        }
        Outcome::AlreadyThere(_) => Some(Vec::new()),
        // Flickr judged the file.
        Outcome::Failed(Class::Refused, _) if was_sent => Some(vec![Service::Uploads]),
        _ => None,
    }
}

/// What was seen, in a few words.
fn way(error: &flickr::Error) -> String {
    use flickr::Error;
    match error {
        Error::Unavailable { why, source, .. } | Error::Ambiguous { why, source, .. } => {
            let cause = source.as_deref().map(|cause| innermost(cause));
            cause.map_or_else(|| why.clone(), |cause| format!("{why}: {cause}"))
        }
        Error::Source { why, .. } => why.clone(),
        Error::Unexpected { message, .. } | Error::NotFound { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// The last cause: what a person can act on ("connection refused").
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
