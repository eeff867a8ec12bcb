//! Queues on an SQS that is set up strangely, or does not say what it did.

// A test all through; the lint only knows test functions.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use axum::http::StatusCode;
use s3flickr::queue::{BoundAccount, Error, Lease, Outgoing, PopulateRun, Queue, Rate, Sent};
use serde_json::{Value, json};

use crate::support::aws::{Aws, ministack, unique};
use crate::support::bent_sqs::{Bend, Bent};

const HOLD: Duration = Duration::from_secs(60);

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

async fn queue(name: &str) -> Queue {
    let config = ministack().await.sdk_config().await;
    Queue::create_with(&config, &format!("sqs://{name}"))
        .await
        .unwrap()
}

/// The same queue, through a proxy that bends what it hears.
async fn bent(
    name: &str,
    bend: impl Fn(&str, &Value) -> Bend + Send + Sync + 'static,
) -> (Queue, Bent) {
    let server = ministack().await;
    let proxy = Bent::before(&server.endpoint, bend).await;
    let config = server.sdk_config_by_way_of(&proxy.url).await;
    let queue = Queue::open_with(&config, &format!("sqs://{name}")).await;
    (queue.unwrap(), proxy)
}

async fn take(queue: &Queue, hold: Duration) -> Lease {
    queue
        .receive(hold, Duration::from_secs(10))
        .await
        .unwrap()
        .unwrap()
}

async fn url(server: &Aws, name: &str) -> String {
    let found = server.sqs().await.get_queue_url().queue_name(name).send();
    found.await.unwrap().queue_url.unwrap()
}

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

/// An answer to a batch that says nothing of its second entry.
fn forgets_one(mut answer: Value) -> Value {
    if let Some(taken) = answer["Successful"].as_array_mut()
        && taken.len() > 1
    {
        taken.remove(1);
    }
    answer
}

#[tokio::test]
async fn an_entry_that_an_answer_leaves_out_is_sent_again() {
    let name = unique("forgets");
    queue(&name).await;
    let loses = |operation: &str, request: &Value| match operation {
        // It takes the first of several, and does not say that the others are lost.
        "SendMessageBatch"
            if request["Entries"]
                .as_array()
                .is_some_and(|all| all.len() > 1) =>
        {
            let id = &request["Entries"][0]["Id"];
            let taken = json!([{ "Id": id, "MessageId": "m", "MD5OfMessageBody": "" }]);
            Bend::Answer(StatusCode::OK, json!({ "Successful": taken }))
        }
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, loses).await;
    let sent = sender.send(&["lost", "kept"].map(message)).await.unwrap();
    assert_eq!(sent, [Sent::Taken, Sent::Taken]);
    assert_eq!(take(&sender, HOLD).await.body(), "kept");

    // One that was taken all the same is there twice, which a look on Flickr finds.
    let forgetful = |operation: &str, _: &Value| match operation {
        "SendMessageBatch" => Bend::Change(forgets_one),
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, forgetful).await;
    sender.send(&["1", "2", "3"].map(message)).await.unwrap();
    assert_eq!(sender.counts().await.unwrap().waiting, 4);

    let silent = |operation: &str, _: &Value| match operation {
        "SendMessageBatch" => Bend::nothing(),
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, silent).await;
    let error = sender.send(&["4"].map(message)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_message_that_is_refused_stops_no_other() {
    let name = unique("refuses");
    queue(&name).await;
    // As SQS does with characters that are none of XML: the whole call.
    let strict = |operation: &str, request: &Value| match operation {
        "SendMessageBatch" if !request.to_string().is_ascii() => {
            Bend::refuse("InvalidMessageContents")
        }
        _ => Bend::Pass,
    };
    let (sender, _proxy) = bent(&name, strict).await;
    let sent = sender
        .send(&["one", "zwölf", "three"].map(message))
        .await
        .unwrap();
    assert_eq!((&sent[0], &sent[2]), (&Sent::Taken, &Sent::Taken));
    assert!(matches!(&sent[1], Sent::Refused(why) if why.contains("InvalidMessageContents")));
    let lease = take(&sender, HOLD).await;
    let refused = lease.replace("zwölf".to_owned(), Duration::ZERO).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let counts = sender.counts().await.unwrap();
    assert_eq!(
        (counts.waiting, counts.in_flight),
        (1, 1),
        "it is still held"
    );
}

#[tokio::test]
async fn a_message_is_sent_before_the_one_in_its_place_is_deleted() {
    let name = unique("order");
    queue(&name)
        .await
        .send(&["a", "b"].map(message))
        .await
        .unwrap();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (log, fails) = (Arc::clone(&calls), Arc::new(AtomicUsize::new(0)));
    let failing = Arc::clone(&fails);
    let (worker, _proxy) = bent(&name, move |operation, _| {
        log.lock().unwrap().push(operation.to_owned());
        match operation {
            "SendMessageBatch" if failing.load(Ordering::SeqCst) > 0 => {
                Bend::refuse("AccessDenied")
            }
            _ => Bend::Pass,
        }
    })
    .await;
    let ends = || {
        calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| ["SendMessageBatch", "DeleteMessage"].contains(&call.as_str()))
            .cloned()
            .collect::<Vec<_>>()
    };
    let lease = take(&worker, HOLD).await;
    lease.replace("again".to_owned(), HOLD).await.unwrap();
    assert_eq!(ends(), ["SendMessageBatch", "DeleteMessage"]);
    // What could not be sent is not deleted.
    fails.store(1, Ordering::SeqCst);
    let lease = take(&worker, HOLD).await;
    lease.dead_letter("failed".to_owned()).await.unwrap_err();
    assert_eq!(
        ends(),
        ["SendMessageBatch", "DeleteMessage", "SendMessageBatch"]
    );
}

#[tokio::test]
async fn a_worker_that_dies_between_counting_and_deleting_loses_no_count_and_doubles_none() {
    let name = unique("counted");
    let whole = queue(&name).await;
    whole.send(&["a", "b"].map(message)).await.unwrap();
    let dies = |operation: &str, _: &Value| match operation {
        "DeleteMessage" => Bend::refuse("AccessDenied"),
        _ => Bend::Pass,
    };
    let (dying, _proxy) = bent(&name, dies).await;
    let moment = Duration::from_secs(1);
    for _ in 0..2 {
        take(&dying, moment).await.finish("run").await.unwrap_err();
    }
    assert_eq!(whole.run_history().await.unwrap().finished(), 2);
    for _ in 0..2 {
        let lease = take(&whole, HOLD).await;
        assert_eq!(lease.receive_count(), 2);
        lease.finish("run").await.unwrap();
    }
    assert_eq!(
        whole.run_history().await.unwrap().finished(),
        2,
        "each once"
    );
    assert_eq!(whole.counts().await.unwrap().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_whose_answer_is_lost_is_neither_lost_nor_doubled() {
    for is_written in [true, false] {
        let name = unique("unclear");
        let whole = queue(&name).await;
        whole.send(&["a"].map(message)).await.unwrap();
        let away = Arc::new(AtomicBool::new(true));
        let is_away = Arc::clone(&away);
        let bend = move |operation: &str, _: &Value| match operation {
            _ if !is_away.load(Ordering::SeqCst) => Bend::Pass,
            "TagQueue" if is_written => Bend::Lose,
            "TagQueue" | "DeleteMessage" => {
                Bend::Answer(StatusCode::SERVICE_UNAVAILABLE, json!({}))
            }
            _ => Bend::Pass,
        };
        let (cut_off, _proxy) = bent(&name, bend).await;
        let lease = take(&cut_off, Duration::from_secs(1)).await;
        lease.finish("run").await.unwrap_err();
        let lease = take(&whole, HOLD).await;
        assert_eq!(lease.receive_count(), 2);
        lease.finish("run").await.unwrap();
        away.store(false, Ordering::SeqCst);
        whole.send(&["b"].map(message)).await.unwrap();
        take(&cut_off, HOLD).await.finish("run").await.unwrap();
        let finished = whole.run_history().await.unwrap().finished();
        assert_eq!(finished, 2, "each once; written: {is_written}");
    }
}

#[tokio::test]
async fn what_cannot_be_counted_for_now_is_counted_with_the_next() {
    let name = unique("deferred");
    let whole = queue(&name).await;
    whole.send(&["a", "b"].map(message)).await.unwrap();
    let times = AtomicUsize::new(0);
    let (worker, _proxy) = bent(&name, move |operation, _| match operation {
        "TagQueue" if times.fetch_add(1, Ordering::SeqCst) == 0 => Bend::refuse("SomethingNew"),
        _ => Bend::Pass,
    })
    .await;
    for counted in [0, 2] {
        take(&worker, HOLD).await.finish("run").await.unwrap();
        assert_eq!(whole.run_history().await.unwrap().finished(), counted);
    }
}

#[tokio::test]
async fn what_can_be_neither_counted_nor_deleted_is_counted_when_it_comes_again() {
    let name = unique("neither");
    let whole = queue(&name).await;
    whole.send(&[message("a")]).await.unwrap();
    let times = AtomicUsize::new(0);
    let (worker, _proxy) = bent(&name, move |operation, _| match operation {
        "TagQueue" | "DeleteMessage" if times.fetch_add(1, Ordering::SeqCst) < 2 => {
            Bend::refuse("SomethingNew")
        }
        _ => Bend::Pass,
    })
    .await;
    let lease = take(&worker, Duration::from_secs(1)).await;
    lease.finish("run").await.unwrap_err();
    take(&whole, HOLD).await.finish("run").await.unwrap();
    // What the first counts next tells nothing of the message that it lost.
    whole.send(&[message("b")]).await.unwrap();
    take(&worker, HOLD).await.finish("run").await.unwrap();
    assert_eq!(whole.run_history().await.unwrap().finished(), 2);
}

async fn tag(name: &str, tags: impl IntoIterator<Item = (String, String)>) {
    let server = ministack().await;
    let tagging = server
        .sqs()
        .await
        .tag_queue()
        .queue_url(url(server, name).await);
    tagging
        .set_tags(Some(tags.into_iter().collect()))
        .send()
        .await
        .unwrap();
}

async fn tags(name: &str) -> HashMap<String, String> {
    let server = ministack().await;
    let asked = server
        .sqs()
        .await
        .list_queue_tags()
        .queue_url(url(server, name).await);
    asked.send().await.unwrap().tags.unwrap_or_default()
}

#[tokio::test]
async fn what_long_dead_workers_counted_is_added_up() {
    let name = unique("dead");
    let queue = queue(&name).await;
    let dead = |n: u32| {
        (
            format!("s3flickr.done.{n:016x}.run"),
            "10:1700000000:".to_owned(),
        )
    };
    tag(&name, (0..12).map(dead)).await;
    assert_eq!(queue.run_history().await.unwrap().finished(), 120);
    queue.send(&[message("a")]).await.unwrap();
    take(&queue, HOLD).await.finish("run").await.unwrap();
    assert_eq!(queue.run_history().await.unwrap().finished(), 121);
    assert_eq!(tags(&name).await.len(), 1, "of this worker alone");
}

#[tokio::test]
async fn a_queue_without_room_for_another_tag_counts_beside_it() {
    let name = unique("full");
    let queue = queue(&name).await;
    tag(
        &name,
        (0..46).map(|n| (format!("team-{n}"), "x".to_owned())),
    )
    .await;
    queue.send(&[message("a")]).await.unwrap();
    take(&queue, HOLD).await.finish("run").await.unwrap();
    assert_eq!(queue.run_history().await.unwrap().finished(), 1);
    assert_eq!(tags(&format!("{name}-calls.fifo")).await.len(), 1);
}

/// As the policies of fleets have it: of the three queues a worker may tag the one of the calls,
/// and it removes no tag.
#[tokio::test]
async fn a_worker_that_may_only_tag_the_calls_binds_and_counts_there() {
    let name = unique("policy");
    let whole = queue(&name).await;
    whole.send(&["a", "b"].map(message)).await.unwrap();
    let policy = |operation: &str, request: &Value| {
        let calls = request["QueueUrl"]
            .as_str()
            .is_some_and(|url| url.ends_with("-calls.fifo"));
        match operation {
            "TagQueue" if calls => Bend::Pass,
            "TagQueue" | "UntagQueue" | "CreateQueue" | "SetQueueAttributes" => {
                Bend::refuse("AccessDenied")
            }
            _ => Bend::Pass,
        }
    };
    let (worker, _proxy) = bent(&name, policy).await;
    assert_eq!(worker.check(false).await.unwrap(), [""; 0]);
    let account = BoundAccount {
        nsid: "1@N01".to_owned(),
        name: String::new(),
        had_photos: true,
    };
    assert_eq!(worker.bind_account(&account).await.unwrap(), account);
    let other = BoundAccount {
        nsid: "0@N01".to_owned(),
        ..account.clone()
    };
    assert_eq!(whole.bind_account(&other).await.unwrap(), account);
    for _ in 0..2 {
        take(&worker, HOLD).await.finish("run").await.unwrap();
    }
    let notes = whole.run_history().await.unwrap();
    assert_eq!((notes.finished(), notes.account), (2, Some(account)));
    assert_eq!(worker.permit(&Rate::per_hour(3_600)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_run_that_was_cut_short_is_known_as_that() {
    let name = unique("cut");
    let queue = queue(&name).await;
    let mut record = PopulateRun {
        id: "run".to_owned(),
        started: 1_795_000_000,
        ended: None,
        total: 7,
        bytes: 8,
        store: "s3://photos/".to_owned(),
    };
    queue.save_run(&record).await.unwrap();
    assert_eq!(queue.runs().await.unwrap(), [record.clone()]);
    record.ended = Some(1_795_000_001);
    queue.save_run(&record).await.unwrap();
    assert_eq!(queue.runs().await.unwrap(), [record]);
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
