//! Queues that were made by hand, changed or deleted.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use axum::http::StatusCode;
use s3flickr::queue::{Error, Queue, Rate};
use serde_json::{Value, json};

use super::{HOLD, bent, message, queue, take, url};
use crate::support::aws::{Aws, ministack, unique};
use crate::support::bent_sqs::{Bend, Bent};

async fn delete(server: &Aws, name: &str) {
    let url = url(server, name).await;
    server
        .sqs()
        .await
        .delete_queue()
        .queue_url(url)
        .send()
        .await
        .unwrap();
}

/// A queue made by hand with these settings.
async fn made_by_hand(name: &str, settings: &[(QueueAttributeName, String)]) {
    let server = ministack().await;
    let made = server.sqs().await.create_queue().queue_name(name);
    let settings = settings.iter().cloned().collect::<HashMap<_, _>>();
    made.set_attributes(Some(settings)).send().await.unwrap();
}

async fn attribute(name: &str, attribute: QueueAttributeName) -> String {
    let server = ministack().await;
    let url = url(server, name).await;
    let asked = server.sqs().await.get_queue_attributes().queue_url(url);
    let answer = asked
        .attribute_names(attribute.clone())
        .send()
        .await
        .unwrap();
    answer
        .attributes
        .unwrap_or_default()
        .remove(&attribute)
        .unwrap_or_default()
}

fn policy(target: &str, receives: u32) -> String {
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{target}");
    json!({ "deadLetterTargetArn": arn, "maxReceiveCount": receives }).to_string()
}

#[tokio::test]
async fn a_queue_that_sends_its_messages_elsewhere_is_refused() {
    let config = ministack().await.sdk_config().await;
    for (target, receives, why) in [
        ("x-dlq", 10, "to x-dlq"),
        ("-failed", 1, "gives a message up"),
    ] {
        let name = unique("elsewhere");
        let target = target.replace("-failed", &format!("{name}-failed"));
        made_by_hand(&target, &[]).await;
        let policy = policy(&target, receives);
        made_by_hand(
            &name,
            &[(QueueAttributeName::RedrivePolicy, policy.clone())],
        )
        .await;
        let location = format!("sqs://{name}");
        let populate = Queue::create_with(&config, &location).await.unwrap_err();
        assert!(matches!(populate, Error::Unfit { .. }), "{populate:?}");
        made_by_hand(&format!("{name}-failed"), &[]).await;
        let opened = Queue::open_with(&config, &location).await.unwrap();
        let work = opened.check(false).await.unwrap_err();
        assert_eq!(work.to_string(), populate.to_string());
        let text = work.to_string();
        assert!(text.contains(why) && text.contains(&location), "{text}");
        assert_eq!(
            attribute(&name, QueueAttributeName::RedrivePolicy).await,
            policy
        );
    }
}

#[tokio::test]
async fn a_retention_that_ends_before_the_work_is_raised_or_said() {
    let name = unique("short");
    let days = |days: u32| {
        (
            QueueAttributeName::MessageRetentionPeriod,
            (days * 86_400).to_string(),
        )
    };
    made_by_hand(&name, &[days(4)]).await;
    made_by_hand(&format!("{name}-failed"), &[days(1)]).await;
    let may_not = |operation: &str, _: &Value| match operation {
        "SetQueueAttributes" => Bend::refuse("AccessDenied"),
        _ => Bend::Pass,
    };
    let (worker, _proxy) = bent(&name, may_not).await;
    for mend in [false, true] {
        let lines = worker.check(mend).await;
        if mend {
            // Without a redrive policy it cannot be set up.
            assert!(matches!(lines, Err(Error::Denied { .. })), "{lines:?}");
            continue;
        }
        let lines = lines.unwrap();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains("no redrive policy"), "{lines:?}");
        assert!(
            lines[1].contains("4.0 days") && lines[2].contains("1.0 days"),
            "{lines:?}"
        );
    }
    let queue = queue(&name).await;
    assert_eq!(queue.check(false).await.unwrap(), [""; 0]);
    for part in [name.clone(), format!("{name}-failed")] {
        let kept = attribute(&part, QueueAttributeName::MessageRetentionPeriod).await;
        assert_eq!(kept, "1209600", "{part}");
    }
}

#[tokio::test]
async fn a_failed_queue_that_was_deleted_is_made_anew() {
    let name = unique("no-failed");
    let queue = queue(&name).await;
    queue.send(&["a", "b"].map(message)).await.unwrap();
    delete(ministack().await, &format!("{name}-failed")).await;
    assert_eq!(queue.counts().await.unwrap().waiting, 2);
    for _ in 0..2 {
        take(&queue, HOLD)
            .await
            .dead_letter("broken".to_owned())
            .await
            .unwrap();
    }
    assert_eq!(
        queue.peek_failed(usize::MAX).await.unwrap(),
        ["broken", "broken"]
    );
}

#[tokio::test]
async fn a_budget_that_was_deleted_is_made_anew() {
    let name = unique("no-calls");
    let queue = queue(&name).await;
    let rate = Rate::per_hour(3_600);
    queue.permit(&rate).await.unwrap();
    delete(ministack().await, &format!("{name}-calls.fifo")).await;
    let again = tokio::time::timeout(Duration::from_secs(30), queue.permit(&rate)).await;
    assert_eq!(again.expect("calls again").unwrap(), 1);
}

#[tokio::test]
async fn a_wrong_clock_or_region_is_said_and_not_waited_for() {
    let expired = "Signature expired: 20261125T101010Z is now earlier than 20261125T111010Z";
    let future = "Signature not yet current: 20261125T101010Z is still later than 20261125T091010Z";
    let scoped = "Credential should be scoped to a valid region.";
    for (code, words, hint) in [
        (
            "RequestExpired",
            "Request has expired",
            "the clock of this machine",
        ),
        (
            "InvalidSignatureException",
            expired,
            "the clock of this machine",
        ),
        ("SignatureDoesNotMatch", future, "the clock of this machine"),
        ("RequestTimeTooSkewed", "no", "the clock of this machine"),
        ("SignatureDoesNotMatch", scoped, "AWS_REGION"),
        (
            "AuthorizationHeaderMalformed",
            "the region is wrong",
            "AWS_REGION",
        ),
    ] {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": words });
        let refuse = move |_: &str, _: &Value| Bend::Answer(StatusCode::FORBIDDEN, body.clone());
        let proxy = Bent::before("http://127.0.0.1:1", refuse).await;
        let config = ministack().await.sdk_config_by_way_of(&proxy.url).await;
        let error = Queue::open_with(&config, "sqs://photos").await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{code}: {error:?}");
        assert!(error.to_string().contains(hint), "{code}: {error}");
    }
}
