//! How a queue is set up, so that no message is lost sight of: what we make it with, and what we
//! find at one that others made.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::{Faults, HOLD, LONGEST_WAIT, RETENTION, client};
use crate::queue::{Error, MOST_RECEIVES};

/// A policy that gives a message up after fewer receives takes a lost worker or two for the end.
const FEWEST_RECEIVES: u64 = 3;

/// A queue and its failed queue.
pub(super) struct Pair<'a> {
    pub(super) client: &'a Client,
    pub(super) main: (&'a Faults, &'a str),
    pub(super) failed: (&'a Faults, &'a str),
}

/// What both queues are made with.
pub(super) fn settings() -> Vec<(QueueAttributeName, String)> {
    let seconds = |time: Duration| time.as_secs().to_string();
    vec![
        (
            QueueAttributeName::MessageRetentionPeriod,
            seconds(RETENTION),
        ),
        (QueueAttributeName::VisibilityTimeout, seconds(HOLD)),
        (
            QueueAttributeName::ReceiveMessageWaitTimeSeconds,
            seconds(LONGEST_WAIT),
        ),
    ]
}

impl Pair<'_> {
    /// Says what may go wrong with these queues; [`Error::Unfit`] where messages would be lost.
    /// With `mend`, a policy that is missing is set, and a short retention is raised.
    pub(super) async fn check(&self, mend: bool) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        lines.extend(self.check_redrive(mend).await?);
        for (faults, url) in [self.main, self.failed] {
            lines.extend(self.check_retention(faults, url, mend).await?);
        }
        Ok(lines)
    }

    async fn check_redrive(&self, mend: bool) -> Result<Option<String>, Error> {
        let (faults, url) = self.main;
        let policy = QueueAttributeName::RedrivePolicy;
        let there = client::attribute(self.client, faults, url, &policy).await?;
        let (failed_faults, failed_url) = self.failed;
        let arn = QueueAttributeName::QueueArn;
        let failed = client::attribute(self.client, failed_faults, failed_url, &arn).await?;
        let failed = failed.unwrap_or_default();
        let set = there.filter(|policy| !policy.is_empty());
        match set {
            Some(policy) => judge(&policy, &failed)
                .map(|()| None)
                .map_err(|reason| faults.unfit(reason)),
            None if mend => {
                let value = serde_json::json!({
                    "deadLetterTargetArn": failed,
                    "maxReceiveCount": MOST_RECEIVES,
                });
                let set = self.set(faults, url, policy, value.to_string());
                set.await.map(|()| None)
            }
            None => Ok(Some(format!(
                "{} has no redrive policy, so a file over which every worker dies goes round for \
                 ever; `s3flickr populate` sets one",
                faults.queue()
            ))),
        }
    }

    /// What is not copied when the retention is over is gone without a word.
    async fn check_retention(
        &self,
        faults: &Faults,
        url: &str,
        mend: bool,
    ) -> Result<Option<String>, Error> {
        let name = QueueAttributeName::MessageRetentionPeriod;
        let seconds = client::attribute(self.client, faults, url, &name).await?;
        let seconds = seconds.and_then(|text| text.parse::<u64>().ok());
        let Some(seconds) = seconds.filter(|seconds| *seconds < RETENTION.as_secs()) else {
            return Ok(None);
        };
        let raised = RETENTION.as_secs().to_string();
        if mend && self.set(faults, url, name, raised).await.is_ok() {
            return Ok(None);
        }
        Ok(Some(format!(
            "{} keeps a message for {:.1} days only, and drops it then, done or not; let it keep \
             them for 14 days (MessageRetentionPeriod {})",
            faults.queue(),
            seconds as f64 / 86_400.0,
            RETENTION.as_secs()
        )))
    }

    async fn set(
        &self,
        faults: &Faults,
        url: &str,
        name: QueueAttributeName,
        value: String,
    ) -> Result<(), Error> {
        let set = self.client.set_queue_attributes().queue_url(url);
        let set = set.attributes(name, value).send().await;
        set.map(drop)
            .map_err(|error| faults.general("set up", error))
    }
}

/// Whether a redrive policy keeps what it gives up where we look for it; the reason if not.
fn judge(policy: &str, failed: &str) -> Result<(), String> {
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
            assert_eq!(judge(&policy(ours, count), ours), Ok(()));
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
            let reason = judge(&policy, ours).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
    }
}
