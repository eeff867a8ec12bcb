//! Each event of an operation as a line of the log.

use std::time::{Duration, SystemTime};

use s3flickr::model::Key;
use s3flickr::model::outage::Service;
use s3flickr::model::outcome::FailureClass;
use s3flickr::monitor::Event;
use tracing::{debug, error, info, warn};

use crate::progress::outage;

/// Logs an event. What names a photo has its key in the text and as a field.
pub fn log(event: Event) {
    match event {
        Event::Listed { files } => debug!(files, "listed"),
        Event::Skipped { path, reason } => info!("passed over {path}: {reason}"),
        Event::WouldQueue { key, size } => info!(size_bytes = size, "{key}: would be queued"),
        Event::CannotRead { path, reason } => warn!("passed over {path}: {reason}"),
        Event::Queued { jobs, bytes } => debug!(jobs, bytes, "queued"),
        Event::Started { key, bytes } => debug!(size_bytes = bytes, "{key}: started"),
        Event::Uploaded { key, photo, bytes } => {
            info!(key = %key, photo, size_bytes = bytes, "{key}: uploaded");
        }
        Event::AlreadyThere { key, photo } => {
            info!(key = %key, photo, "{key}: was on Flickr already");
        }
        Event::Requeued {
            key,
            reason,
            retries,
        } => requeued(&key, &reason, retries),
        Event::Failed { key, class, reason } => failed(&key, class, &reason),
        Event::UnreadableMessage { reason } => error!("a message was put aside: {reason}"),
        Event::Released { key } => info!("{key}: given back"),
        Event::Throttled => info!("Flickr asks for fewer calls: slower for a while"),
        Event::Limited { limit } => debug!("limited by: {limit}"),
        Event::Stalled { wait } => debug!(?wait, "what all lanes wait for"),
        Event::Lanes { lanes } => debug!(lanes, "transfers at once"),
        Event::Outage {
            service,
            way,
            since,
            next_try,
        } => {
            waiting(&service, &way, since, next_try);
        }
        Event::Recovered { service, lasted } => recovered(&service, lasted),
        Event::Stopping { reason } => debug!("stopping: {reason}"),
        Event::Deleting { key, photo } => warn!("deleting photo {photo}, a later copy of {key}"),
        Event::Reading { photos, total } => debug!(photos, total, "reading the account"),
        Event::Planned { steps } => debug!(steps, "planned"),
        Event::StepDone { .. } => {}
        Event::SetRefused { title, reason } => {
            error!("album {title:?} was left as it is: {reason}")
        }
        Event::Account { message: text } | Event::Waiting { reason: text } => warn!("{text}"),
        edit @ Event::Edited { .. } => edited(&edit),
    }
}

fn edited(event: &Event) {
    if let Event::Edited {
        edit,
        number,
        total,
    } = event
    {
        info!("{number}/{total} {edit}");
    }
}

fn requeued(key: &Key, reason: &str, retries: u32) {
    let left = match retries {
        1 => "1 attempt left".to_owned(),
        n => format!("{n} attempts left"),
    };
    warn!(key = %key, retries, "{key}: {reason}; will retry ({left})");
}

fn failed(key: &Key, class: FailureClass, reason: &str) {
    error!(key = %key, class = class.name(), "{key}: failed: {reason}");
}

fn waiting(service: &Service, way: &str, since: SystemTime, next_try: Duration) {
    let text = outage::waiting(service, way, since, next_try);
    let (since, seconds) = (outage::utc(since), next_try.as_secs_f64());
    warn!(service = %service, since = %since, next_try_seconds = seconds, "{text}");
}

fn recovered(service: &Service, lasted: Duration) {
    let text = outage::over(service, lasted);
    warn!(service = %service, lasted_seconds = lasted.as_secs(), "{text}");
}
