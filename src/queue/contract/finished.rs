//! What was finished is counted.

use futures_util::future::join_all;
use s3flickr::queue::Outgoing;

use super::{Harness, LONG, NOW, message, queue_with, take};

pub(super) async fn what_is_finished_is_counted_for_the_run_that_sent_it(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["a", "b", "b", "none"]).await;
    assert_eq!(queue.run_history().await.unwrap().finished, [].into());
    for _ in 0..4 {
        let lease = take(&queue, LONG).await;
        let run = lease.body().replace("none", "");
        lease.finish(&run).await.unwrap();
    }
    let finished = [("", 1), ("a", 1), ("b", 2)].map(|(run, n)| (run.to_owned(), n));
    let notes = harness
        .open(&name)
        .await
        .unwrap()
        .run_history()
        .await
        .unwrap();
    assert_eq!(notes.finished, finished.into());
    assert_eq!(notes.finished(), 4);
}

pub(super) async fn what_is_only_deleted_or_failed_is_not_finished(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["1", "2", "3", "4"]).await;
    take(&queue, LONG).await.delete().await.unwrap();
    take(&queue, LONG)
        .await
        .dead_letter("failed".to_owned())
        .await
        .unwrap();
    take(&queue, LONG).await.release().await.unwrap();
    let lease = take(&queue, LONG).await;
    lease.replace("again".to_owned(), NOW).await.unwrap();
    assert_eq!(queue.run_history().await.unwrap().finished(), 0);
    // Handed out twice, finished once.
    for _ in 0..2 {
        take(&queue, LONG).await.finish("run").await.unwrap();
    }
    assert_eq!(queue.run_history().await.unwrap().finished(), 2);
}

pub(super) async fn many_count_at_once_and_none_is_forgotten(harness: impl Harness, name: String) {
    let queue = harness.create(&name).await.unwrap();
    let batch: Vec<Outgoing> = (0..30).map(|n| message(&n.to_string())).collect();
    queue.send(&batch).await.unwrap();
    // Three workers, of five lanes each.
    let workers = (0..3).map(|_| async {
        let queue = harness.open(&name).await.unwrap();
        let lanes = (0..5).map(|_| async {
            while let Some(lease) = queue.receive(LONG, NOW).await.unwrap() {
                lease.finish("run").await.unwrap();
            }
        });
        join_all(lanes).await;
    });
    join_all(workers).await;
    assert_eq!(queue.run_history().await.unwrap().finished(), 30);
}
