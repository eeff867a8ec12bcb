//! The queue itself: made, opened, its runs saved, removed.

use std::time::Duration;

use futures_util::future::join_all;
use s3flickr::queue::{Error, PopulateRun, Sent};
use tokio::time::timeout;

use super::{Harness, LONG, NOW, SOON, message, queue_with, take};

pub(super) async fn runs_are_kept_and_renewed(harness: impl Harness, name: String) {
    let queue = harness.create(&name).await.unwrap();
    assert_eq!(queue.runs().await.unwrap(), []);
    let run = |started: i64, store: &str| PopulateRun {
        id: format!("run-{started}"),
        started,
        ended: (started % 2 == 0).then_some(started + 7),
        total: 100,
        bytes: 5_000_000_000,
        store: store.to_owned(),
    };
    let (first, mut second) = (run(1, "s3://photos/été %&/"), run(2, "file:/scans"));
    queue.save_run(&second).await.unwrap();
    queue.save_run(&first).await.unwrap();
    second.total = 200;
    queue.save_run(&second).await.unwrap();
    assert_eq!(
        harness.open(&name).await.unwrap().runs().await.unwrap(),
        [first, second]
    );
    for started in 3..=60 {
        queue.save_run(&run(started, "file:/scans")).await.unwrap();
    }
    let runs = queue.runs().await.unwrap();
    let total: u64 = runs.iter().map(|run| run.total).sum();
    assert_eq!(
        total,
        100 + 200 + 58 * 100,
        "none is forgotten, though some are added up"
    );
    assert_eq!(runs.last().unwrap(), &run(60, "file:/scans"));
}

pub(super) async fn a_queue_deleted_in_use_is_gone(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["a", "b"]).await;
    let lease = take(&queue, Duration::from_secs(1)).await;
    harness.destroy(&name).await;
    timeout(SOON, lease.lost().cancelled())
        .await
        .expect("the lease to be lost");
    let ends = [
        queue.receive(LONG, NOW).await.map(drop),
        queue.send(&[message("c")]).await.map(drop),
        queue.counts().await.map(drop),
        lease.delete().await,
    ];
    for end in ends {
        assert!(matches!(end, Err(Error::Gone { .. })), "{end:?}");
    }
}

pub(super) async fn a_missing_queue_is_not_found(harness: impl Harness, name: String) {
    let Err(error @ Error::NotFound { .. }) = harness.open(&name).await else {
        panic!("there is no such queue");
    };
    let text = error.to_string();
    assert!(
        text.contains(&name) && text.contains("s3flickr populate ... --queue s"),
        "{text}"
    );
}

pub(super) async fn many_may_create_it_at_once(harness: impl Harness, name: String) {
    let body = |n: usize| n.to_string();
    let makers = (0..6).map(|n| {
        let (harness, name) = (harness.clone(), name.clone());
        tokio::spawn(async move {
            let queue = harness.create(&name).await?;
            queue.send(&[message(&body(n))]).await
        })
    });
    for made in join_all(makers).await {
        assert_eq!(made.unwrap().unwrap(), [Sent::Taken]);
    }
    let queue = harness.create(&name).await.unwrap();
    assert_eq!(queue.counts().await.unwrap().waiting, 6);
}
