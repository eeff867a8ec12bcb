//! Who has a message, and for how long.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use s3flickr::queue::{Counts, Error, Lease};
use tokio::sync::oneshot;

use super::{Harness, LONG, NOW, SOON, assert_empty, queue_with, take};

pub(super) async fn a_dropped_lease_ends_and_the_count_goes_up(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["again"]).await;
    let first = take(&queue, Duration::from_secs(1)).await;
    let id = first.id().to_owned();
    drop(first);
    let second = take(&queue, LONG).await;
    assert_eq!(
        (second.body(), second.receive_count(), second.id()),
        ("again", 2, &*id)
    );
}

/// A worker whose process stands still: its lease does not beat, for its runtime does not run.
struct Frozen {
    thaw: mpsc::Sender<()>,
    answer: oneshot::Receiver<Result<(), Error>>,
}

impl Frozen {
    async fn take<S: Harness>(harness: &S, name: &str, timeout: Duration, then: Then) -> Frozen {
        let (harness, name) = (harness.clone(), name.to_owned());
        let (taken, took) = oneshot::channel();
        let (thaw, thawed) = mpsc::channel();
        let (tell, answer) = oneshot::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            let lease = runtime.block_on(async {
                let queue = harness.open(&name).await.unwrap();
                take(&queue, timeout).await
            });
            taken.send(()).unwrap();
            thawed.recv().unwrap();
            let _ = tell.send(runtime.block_on(then(lease)));
        });
        took.await.unwrap();
        Frozen { thaw, answer }
    }

    async fn thaw(self) -> Result<(), Error> {
        self.thaw.send(()).unwrap();
        self.answer.await.unwrap()
    }
}

/// What a frozen worker does when it can again.
type Then = fn(Lease) -> BoxFuture<'static, Result<(), Error>>;

pub(super) async fn a_stale_receipt_cannot_settle(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["mine"]).await;
    let timeout = Duration::from_secs(1);
    let stale = [
        Frozen::take(&harness, &name, timeout, |lease| lease.delete().boxed()).await,
        Frozen::take(&harness, &name, timeout, |lease| lease.release().boxed()).await,
    ];
    let lease = take(&queue, LONG).await;
    assert_eq!(lease.receive_count(), 3);
    for stale in stale {
        let refusal = stale.thaw().await;
        assert!(
            matches!(refusal, Err(Error::LeaseLost { .. })),
            "{refusal:?}"
        );
    }
    assert_empty(&queue).await;
    lease.release().await.unwrap();
    assert_eq!(take(&queue, LONG).await.body(), "mine");
}

pub(super) async fn a_lease_that_was_lost_is_told(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["mine"]).await;
    let stale = Frozen::take(&harness, &name, Duration::from_secs(1), |lease| {
        async move {
            tokio::time::timeout(SOON, lease.lost().cancelled())
                .await
                .expect("to be told");
            lease.replace("a copy".to_owned(), NOW).await
        }
        .boxed()
    })
    .await;
    let lease = take(&queue, LONG).await;
    let refusal = stale.thaw().await;
    assert!(
        matches!(refusal, Err(Error::LeaseLost { .. })),
        "{refusal:?}"
    );
    lease.delete().await.unwrap();
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}

pub(super) async fn a_lease_outlives_its_timeout(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["a video"]).await;
    let lease = take(&queue, Duration::from_secs(2)).await;
    let other = queue.receive(LONG, Duration::from_secs(5)).await.unwrap();
    assert!(other.is_none(), "two workers have it");
    assert!(!lease.lost().is_cancelled());
    lease.delete().await.unwrap();
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}

pub(super) async fn receivers_get_different_messages(harness: impl Harness, name: String) {
    let bodies: Vec<_> = (0..40).map(|n| n.to_string()).collect();
    let queue = queue_with(
        &harness,
        &name,
        &bodies.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    let receivers = (0..8).map(|_| async {
        let queue = harness.open(&name).await.unwrap();
        let mut seen = Vec::new();
        while let Some(lease) = queue.receive(LONG, NOW).await.unwrap() {
            seen.push(lease.body().to_owned());
            lease.delete().await.unwrap();
        }
        seen
    });
    let mut seen = join_all(receivers).await.concat();
    seen.sort_by_key(|body| body.parse::<u32>().unwrap());
    assert_eq!(seen, bodies);
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}
