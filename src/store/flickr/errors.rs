//! What a failure of Flickr's means for a file and for the run.

use crate::error_chain::{innermost, whole};
use crate::flickr::{self, Client, Rights};
use crate::model::outage::Service;
use crate::store::{Error, ReadErrorSlot};

/// What it means that a call was not done.
///
/// Whatever Flickr says that condemns neither the file nor the account may be a bad spell of
/// Flickr's: 403 and 503 pages, a captive portal's page, code 3, a lost answer.
pub(super) fn from_flickr(error: flickr::Error) -> Error {
    use flickr::Error as Flickr;
    let reason = whole(&error);
    match error {
        Flickr::Throttled { .. } => Error::Throttled { since: None },
        Flickr::Draining => Error::Draining,
        // The shared budget lives in the queue. The job is as it was.
        Flickr::Budget { source } => Error::Budget { source },
        Flickr::Refused { .. } => Error::Refused {
            reason,
            was_sent: false,
        },
        Flickr::NotSafe => Error::Stop(reason),
        error if error.stops_everything() => Error::Stop(reason),
        Flickr::Ambiguous { .. } => Error::Ambiguous {
            since: None,
            service: Some(Service::Calls),
            way: way(&error),
            reason,
        },
        Flickr::Source { .. } => away(Service::Source(String::new()), &error, reason),
        error => away(Service::Calls, &error, reason),
    }
}

fn away(service: Service, error: &flickr::Error, reason: String) -> Error {
    Error::Away {
        service,
        way: way(error),
        reason,
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

/// What an upload's failure means. What blames the key, the token or the secret may be about this
/// one call: an odd title spoils a signature. All of them end only where a plain call is refused too.
pub(super) async fn from_refusal(
    client: &Client,
    error: flickr::Error,
    read_error: &ReadErrorSlot,
) -> Error {
    use flickr::Error as Flickr;
    let (plain, what) = match &error {
        Flickr::Signature => (client.whoami().await.map(drop), "signature_invalid"),
        Flickr::TokenRevoked { message } | Flickr::KeyDisabled { message } => {
            (client.whoami().await.map(drop), message.as_str())
        }
        Flickr::Rights { message } => match client.rights().await {
            Ok(rights) if rights < Rights::Write => return from_flickr(error),
            rights => (rights.map(drop), message.as_str()),
        },
        _ => return from_upload(error, read_error),
    };
    match plain {
        Ok(()) => Error::NotNow(format!(
            "Flickr refuses this upload ({what}) though it takes other calls: the file's name may be why"
        )),
        Err(refused) => from_flickr(refused),
    }
}

/// The same where the call was an upload: its body may be to blame, and its door is another.
fn from_upload(error: flickr::Error, read_error: &ReadErrorSlot) -> Error {
    if let flickr::Error::Source { .. } = error
        && let Some(cause) = read_error.take()
    {
        return cause;
    }
    let mut error = from_flickr(error);
    if let Error::Away { service, .. }
    | Error::Ambiguous {
        service: Some(service),
        ..
    } = &mut error
        && *service == Service::Calls
    {
        *service = Service::Uploads;
    }
    error
}
