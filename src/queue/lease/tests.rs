//! When a lease beats, when it stops, and when it is lost: in memory, on tokio's paused clock.

use std::collections::VecDeque;
use std::sync::Mutex as Locked;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::*;
use crate::queue::{Counts, Outgoing, Sent};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A backend whose every call to extend goes as the test says: well, when nothing is said.
#[derive(Default)]
struct Script {
    extends: Locked<VecDeque<Extend>>,
    log: Locked<Vec<String>>,
    go_on: Notify,
}

enum Extend {
    Unreachable,
    Lost,
    /// Answers only when told to go on.
    Slow,
    Never,
}

impl Script {
    fn new(extends: impl IntoIterator<Item = Extend>) -> Arc<Script> {
        Arc::new(Script {
            extends: Locked::new(extends.into_iter().collect()),
            ..Script::default()
        })
    }

    fn lease(self: &Arc<Script>) -> Lease {
        let receipt = Receipt {
            queue: QueueKind::Main,
            id: "id".to_owned(),
            handle: "0".to_owned(),
        };
        let delivery = Delivery {
            receipt,
            body: "body".to_owned(),
            receive_count: 1,
            sent_at: None,
            first_received_at: None,
        };
        Lease::start(Arc::clone(self) as Arc<dyn Messages>, delivery, TIMEOUT)
    }

    fn note(&self, what: &str) {
        self.log.lock().unwrap().push(what.to_owned());
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

#[async_trait]
impl Messages for Script {
    fn location(&self) -> &str {
        "script"
    }

    async fn extend(&self, receipt: &Receipt, timeout: Duration) -> Result<Receipt, Error> {
        assert_eq!(timeout, TIMEOUT);
        self.note(&format!("extend {}", receipt.handle));
        let queue = self.location().to_owned();
        let next = self.extends.lock().unwrap().pop_front();
        match next {
            Some(Extend::Unreachable) => {
                let source = "no route".into();
                return Err(Error::Unreachable { queue, source });
            }
            Some(Extend::Lost) => return Err(Error::LeaseLost { queue }),
            Some(Extend::Slow) => self.go_on.notified().await,
            Some(Extend::Never) => std::future::pending().await,
            None => {}
        }
        self.note("extended");
        let handle = receipt.handle.parse::<u32>().unwrap() + 1;
        Ok(Receipt {
            handle: handle.to_string(),
            ..receipt.clone()
        })
    }

    async fn settle(&self, receipt: &Receipt, settlement: Settlement) -> Result<(), Error> {
        let end = match settlement {
            Settlement::Delete | Settlement::Finish { .. } => "delete",
            Settlement::Release => "release",
            Settlement::Requeue { .. } => "send and delete",
        };
        self.note(&format!("{end} {}", receipt.handle));
        Ok(())
    }

    fn is_local(&self) -> bool {
        unreachable!("a lease does not ask")
    }
    fn batch_size(&self) -> usize {
        unreachable!("a lease does not ask")
    }
    async fn send(&self, _: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        unreachable!("a lease sends nothing by itself")
    }
    async fn known(&self, _: &[Outgoing]) -> Result<Vec<bool>, Error> {
        unreachable!("a lease sends nothing by itself")
    }
    async fn receive(
        &self,
        _: QueueKind,
        _: Duration,
        _: Duration,
    ) -> Result<Option<Delivery>, Error> {
        unreachable!("a lease was received before")
    }
    async fn counts(&self) -> Result<Counts, Error> {
        unreachable!("a lease does not ask")
    }
    async fn peek_failed(&self, _: usize) -> Result<Vec<String>, Error> {
        unreachable!("a lease does not ask")
    }
    async fn check(&self, _: bool) -> Result<Vec<String>, Error> {
        unreachable!("a lease does not ask")
    }
}

#[tokio::test(start_paused = true)]
async fn each_beat_goes_on_with_the_receipt_of_the_one_before() {
    let script = Script::new([]);
    let lease = script.lease();
    sleep(TIMEOUT - Duration::from_secs(5)).await;
    lease.release().await.unwrap();
    sleep(TIMEOUT * 3).await;
    let log = script.log();
    assert_eq!(
        log,
        ["extend 0", "extended", "extend 1", "extended", "release 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lease_beats_no_more() {
    let script = Script::new([]);
    drop(script.lease());
    sleep(TIMEOUT * 3).await;
    assert!(script.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_in_time_costs_nothing() {
    let script = Script::new([
        Extend::Unreachable,
        Extend::Unreachable,
        Extend::Unreachable,
    ]);
    let lease = script.lease();
    sleep(TIMEOUT * 2).await;
    assert!(!lease.lost().is_cancelled());
    lease.delete().await.unwrap();
    assert!(script.log().contains(&"extended".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_extended_is_lost_when_it_ends() {
    for never in [false, true] {
        let unreachable = std::iter::repeat_with(|| Extend::Unreachable).take(1_000);
        let script = match never {
            false => Script::new(unreachable),
            true => Script::new([Extend::Never]),
        };
        let (lease, began) = (script.lease(), Instant::now());
        lease.lost().cancelled().await;
        let held = began.elapsed();
        assert!(
            held > TIMEOUT * 9 / 10 && held < TIMEOUT * 11 / 10,
            "{held:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_is_refused_is_lost_at_once_and_only_deletes() {
    let refused = || {
        let script = Script::new([Extend::Lost]);
        (script.lease(), script)
    };
    let began = Instant::now();
    let (lease, script) = refused();
    lease.lost().cancelled().await;
    assert!(began.elapsed() <= TIMEOUT / BEATS_IN_A_TIMEOUT * 2);
    let end = lease.dead_letter("why".to_owned()).await;
    assert!(matches!(end, Err(Error::LeaseLost { .. })));
    assert_eq!(script.log(), ["extend 0"], "no copy was sent");

    let (lease, script) = refused();
    lease.lost().cancelled().await;
    lease.delete().await.unwrap();
    assert_eq!(script.log(), ["extend 0", "delete 0"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_waits_for_the_beat_that_is_under_way() {
    let script = Script::new([Extend::Slow]);
    let lease = script.lease();
    sleep(TIMEOUT / 2).await;
    assert_eq!(script.log(), ["extend 0"]);
    let end = tokio::spawn(lease.release());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(script.log(), ["extend 0"]);
    script.go_on.notify_one();
    end.await.unwrap().unwrap();
    assert_eq!(script.log(), ["extend 0", "extended", "release 1"]);
}
