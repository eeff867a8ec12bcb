//! Who has a message, and for how long.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use s3flickr::queue::{Counts, Error, Lease};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{LONG, NOW, SOON, Site, assert_empty, queue_with, take};

pub(super) async fn a_dropped_hold_ends_and_the_count_goes_up(site: impl Site, name: String) {
    let queue = queue_with(&site, &name, &["again"]).await;
    let first = take(&queue, Duration::from_secs(1)).await;
    let id = first.id().to_owned();
    drop(first);
    let second = take(&queue, LONG).await;
    assert_eq!(
        (second.body(), second.receive_count(), second.id()),
        ("again", 2, &*id)
    );
}

/// A worker whose process stands still: its hold does not beat, for its runtime does not run.
struct Frozen {
    thaw: mpsc::Sender<()>,
    answer: oneshot::Receiver<Result<(), Error>>,
}

impl Frozen {
    async fn take<S: Site>(site: &S, name: &str, hold: Duration, then: Then) -> Frozen {
        let (site, name) = (site.clone(), name.to_owned());
        let (taken, took) = oneshot::channel();
        let (thaw, thawed) = mpsc::channel();
        let (tell, answer) = oneshot::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            let lease = runtime.block_on(async {
                let queue = site.open(&name).await.unwrap();
                take(&queue, hold).await
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

pub(super) async fn a_stale_receipt_cannot_settle(site: impl Site, name: String) {
    let queue = queue_with(&site, &name, &["mine"]).await;
    let hold = Duration::from_secs(1);
    let stale = [
        Frozen::take(&site, &name, hold, |lease| lease.delete().boxed()).await,
        Frozen::take(&site, &name, hold, |lease| lease.release().boxed()).await,
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

pub(super) async fn a_hold_that_was_lost_is_told(site: impl Site, name: String) {
    let queue = queue_with(&site, &name, &["mine"]).await;
    let stale = Frozen::take(&site, &name, Duration::from_secs(1), |lease| {
        async move {
            timeout(SOON, lease.lost().cancelled())
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

pub(super) async fn a_lease_outlives_its_hold(site: impl Site, name: String) {
    let queue = queue_with(&site, &name, &["a video"]).await;
    let lease = take(&queue, Duration::from_secs(2)).await;
    let other = queue.receive(LONG, Duration::from_secs(5)).await.unwrap();
    assert!(other.is_none(), "two workers have it");
    assert!(!lease.lost().is_cancelled());
    lease.delete().await.unwrap();
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}

pub(super) async fn receivers_get_different_messages(site: impl Site, name: String) {
    let bodies: Vec<_> = (0..40).map(|n| n.to_string()).collect();
    let queue = queue_with(
        &site,
        &name,
        &bodies.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    let receivers = (0..8).map(|_| async {
        let queue = site.open(&name).await.unwrap();
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
