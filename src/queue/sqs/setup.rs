//! How a queue is set up, so that no message is lost sight of: what we make it with, and what we
//! find at one that others made.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::Value;

use super::find::Settings;
use super::queue::SqsQueue;
use super::{LONGEST_WAIT, RETENTION, Sqs, VISIBILITY_TIMEOUT};
use crate::queue::{Error, MOST_RECEIVES};

/// A policy that gives a message up after fewer receives takes a lost worker or two for the end.
const FEWEST_RECEIVES: u64 = 3;

/// What both queues are made with.
pub(super) fn settings() -> Settings {
    let seconds = |time: Duration| time.as_secs().to_string();
    Settings::from([
        (Attribute::MessageRetentionPeriod, seconds(RETENTION)),
        (Attribute::VisibilityTimeout, seconds(VISIBILITY_TIMEOUT)),
        (
            Attribute::ReceiveMessageWaitTimeSeconds,
            seconds(LONGEST_WAIT),
        ),
    ])
}

impl Sqs {
    /// Says what may go wrong with these queues; [`Error::Unfit`] where messages would be lost.
    /// With `repair`, a policy that is missing is set, and a short retention is raised.
    pub(super) async fn check_settings(&self, repair: bool) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        lines.extend(self.check_redrive(repair).await?);
        for queue in [&self.main, &self.failed] {
            lines.extend(check_retention(queue, repair).await?);
        }
        Ok(lines)
    }

    async fn check_redrive(&self, repair: bool) -> Result<Option<String>, Error> {
        let policy = self.main.attribute(&Attribute::RedrivePolicy).await?;
        let failed = self.failed.attribute(&Attribute::QueueArn).await?;
        let failed = failed.unwrap_or_default();
        match policy.filter(|policy| !policy.is_empty()) {
            Some(policy) => check_policy(&policy, &failed)
                .map(|()| None)
                .map_err(|reason| self.main.errors.unfit(reason)),
            None if repair => {
                let value = serde_json::json!({
                    "deadLetterTargetArn": failed,
                    "maxReceiveCount": MOST_RECEIVES,
                });
                let policy = Attribute::RedrivePolicy;
                let set = self.main.set_attribute(policy, value.to_string());
                set.await.map(|()| None)
            }
            None => Ok(Some(format!(
                "{} has no redrive policy, so a file over which every worker dies goes round for \
                 ever; `s3flickr populate` sets one",
                self.main.errors.queue()
            ))),
        }
    }
}

/// What is not copied when the retention is over is gone without a word.
async fn check_retention(queue: &SqsQueue, repair: bool) -> Result<Option<String>, Error> {
    let name = Attribute::MessageRetentionPeriod;
    let seconds = queue.attribute(&name).await?;
    let seconds = seconds.and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = seconds.filter(|seconds| *seconds < RETENTION.as_secs()) else {
        return Ok(None);
    };
    let raised = RETENTION.as_secs().to_string();
    if repair && queue.set_attribute(name, raised).await.is_ok() {
        return Ok(None);
    }
    Ok(Some(format!(
        "{} keeps a message for {:.1} days only, and drops it then, done or not; let it keep \
         them for 14 days (MessageRetentionPeriod {})",
        queue.errors.queue(),
        seconds as f64 / 86_400.0,
        RETENTION.as_secs()
    )))
}

/// Whether a redrive policy keeps what it gives up where we look for it; the reason if not.
fn check_policy(policy: &str, failed: &str) -> Result<(), String> {
    const DO: &str = "remove its redrive policy (`s3flickr populate` sets one of its own), or use \
                      another queue";
    let read: Value = serde_json::from_str(policy).unwrap_or_default();
    let target = read["deadLetterTargetArn"].as_str().unwrap_or_default();
    let count = &read["maxReceiveCount"];
    let receives = count
        .as_u64()
        .or_else(|| count.as_str()?.parse().ok())
        .unwrap_or_default();
    let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    if target != failed {
        return Err(format!(
            "sends a message that was received {receives} times to {}, where s3flickr does not \
             look, so photos would be lost; {DO}",
            name(target)
        ));
    }
    if receives < FEWEST_RECEIVES {
        return Err(format!(
            "gives a message up as failed once it was received {receives} times, so that each \
             worker that dies fails its photos; {DO}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_good_where_it_leads_to_our_failed_queue_and_has_patience() {
        let ours = "arn:aws:sqs:eu-west-1:1:photos-failed";
        let policy = |target: &str, count: Value| {
            serde_json::json!({ "deadLetterTargetArn": target, "maxReceiveCount": count })
                .to_string()
        };
        for count in [3.into(), 10.into(), "10".into(), 1000.into()] {
            assert_eq!(check_policy(&policy(ours, count), ours), Ok(()));
        }
        for (policy, why) in [
            (
                policy("arn:aws:sqs:eu-west-1:1:x-dlq", 10.into()),
                "to x-dlq",
            ),
            (
                policy("arn:aws:sqs:eu-west-1:2:photos-failed", 10.into()),
                "photos-failed",
            ),
            (policy(ours, 1.into()), "received 1 times"),
            (policy(ours, "2".into()), "received 2 times"),
            ("nonsense".to_owned(), "lost"),
        ] {
            let reason = check_policy(&policy, ours).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
    }
}
