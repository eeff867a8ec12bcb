//! The queue: its three parts, and how it is set up.

use super::Check;
use crate::error_chain;
use crate::queue::{Error, Queue};

const QUEUE: &str = "queue";
const FAILED: &str = "failed queue";
const CALLS: &str = "queue of the call budget";
const SETTINGS: &str = "queue settings";

/// Looks at a queue, or at why it could not be opened. `is_named` is whether the user named it;
/// where it is the default one, it may still be missing.
pub async fn queue(opened: &Result<Queue, Error>, location: &str, is_named: bool) -> Vec<Check> {
    let queue = match opened {
        Ok(queue) => queue,
        Err(Error::NotFound { .. }) if !is_named => {
            let detail = format!("none yet; `s3flickr populate` makes {location}");
            return vec![Check::good(QUEUE, detail)];
        }
        Err(error) => return vec![unopened(error, location)],
    };
    let mut checks = vec![match queue.counts().await {
        Ok(counts) => Check::good(
            QUEUE,
            format!(
                "{}: {} waiting, {} in flight, {} delayed, {} failed",
                queue.location(),
                counts.waiting,
                counts.in_flight,
                counts.delayed,
                counts.failed
            ),
        ),
        Err(error) => unopened(&error, location),
    }];
    checks.push(Check::good(FAILED, "there"));
    checks.push(call_budget(queue, location).await);
    checks.extend(settings(queue).await);
    checks
}

/// What stands in the way of opening the queue.
fn unopened(error: &Error, location: &str) -> Check {
    let detail = error_chain::whole(error);
    match error {
        Error::NotFound { queue, base } if queue != base => Check::bad(
            FAILED,
            format!("{queue} is missing"),
            made_by_populate(location),
        ),
        Error::NotFound { .. } => Check::bad(
            QUEUE,
            format!("{location} is not there"),
            format!(
                "check the name, the region (AWS_REGION) and the account; {}",
                made_by_populate(location)
            ),
        ),
        Error::Denied { action, hint, .. } => Check::bad(
            QUEUE,
            format!(
                "not allowed to {action} it: {}",
                error_chain::innermost(error)
            ),
            hint.to_string(),
        ),
        Error::Full { .. } => Check::bad(QUEUE, detail, "make room on that disk"),
        Error::Unreachable { .. } => Check::bad(
            QUEUE,
            detail,
            "check the network, a proxy (HTTPS_PROXY), AWS_REGION and AWS_ENDPOINT_URL",
        ),
        Error::Location { .. } => Check::bad(
            QUEUE,
            detail,
            "name a queue as sqs://NAME, by its SQS URL, or as sqlite:PATH",
        ),
        _ => Check::bad(
            QUEUE,
            detail,
            "mend what the message names, or use another queue",
        ),
    }
}

fn made_by_populate(location: &str) -> String {
    format!("`s3flickr populate ... --queue {location}` makes what is missing")
}

async fn call_budget(queue: &Queue, location: &str) -> Check {
    match queue.has_call_budget().await {
        Ok(true) => {
            let rate = queue.rate().await.ok().flatten();
            let rate = rate.map_or_else(
                || "there; the first worker sets its rate".to_owned(),
                |rate| format!("{} calls in {} s", rate.calls, rate.per.as_secs()),
            );
            Check::good(CALLS, rate)
        }
        Ok(false) => Check::bad(
            CALLS,
            "it is missing, so no worker may call Flickr",
            made_by_populate(location),
        ),
        Err(error) => Check {
            name: CALLS,
            ..unopened(&error, location)
        },
    }
}

/// The redrive target and the retention.
async fn settings(queue: &Queue) -> Vec<Check> {
    let fix = "run the same `s3flickr populate` again, or set it in the AWS console";
    match queue.check(false).await {
        Ok(lines) if lines.is_empty() => {
            let detail = if queue.is_local() {
                "nothing to set"
            } else {
                "messages are kept for 14 days, and lost ones go to the failed queue"
            };
            vec![Check::good(SETTINGS, detail)]
        }
        Ok(lines) => lines
            .into_iter()
            .map(|line| Check::bad(SETTINGS, line, fix))
            .collect(),
        Err(error @ Error::Unfit { .. }) => vec![Check::bad(
            SETTINGS,
            error_chain::whole(&error),
            "remove its redrive policy and run the same `s3flickr populate` again, or use another queue",
        )],
        Err(error) => vec![Check {
            name: SETTINGS,
            ..unopened(&error, queue.location())
        }],
    }
}
