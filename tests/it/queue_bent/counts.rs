//! What is counted as finished, if an answer is lost or a worker dies in between.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use s3flickr::queue::{BoundAccount, PopulateRun, Rate};
use serde_json::{Value, json};

use super::{HOLD, bent, message, queue, take, url};
use crate::support::aws::{ministack, unique};
use crate::support::bent_sqs::Bend;

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
