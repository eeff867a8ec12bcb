//! The rate that all workers of a queue share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use s3flickr::queue::Rate;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Harness, NOW, SOON};

/// What a fleet was granted, in order.
type Grants = Arc<Mutex<VecDeque<(Instant, u32)>>>;

/// A worker that takes all the calls that it can get, with a handle of its own.
fn taker(harness: &impl Harness, name: &str, rate: Rate, grants: &Grants) -> JoinHandle<()> {
    let (harness, name, grants) = (harness.clone(), name.to_owned(), Arc::clone(grants));
    tokio::spawn(async move {
        let queue = harness.open(&name).await.unwrap();
        loop {
            let calls = queue.permit(&rate).await.unwrap();
            grants.lock().unwrap().push_back((Instant::now(), calls));
        }
    })
}

/// How often the whole rate must be seen once: a busy machine only ever makes a fleet slower.
const TRIES: u32 = 3;

pub(super) async fn the_fleet_keeps_its_pace(harness: impl Harness, name: String) {
    harness.create(&name).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let (granted, due) = fleet_at_its_rate(&harness, &name).await;
        if f64::from(granted) >= 0.9 * due {
            return;
        }
        seen.push(format!("{granted} of {due}"));
    }
    panic!("{seen:?}");
}

/// Workers come and go for a while: what they were granted, and what was due. No window may
/// show more than its share.
async fn fleet_at_its_rate(harness: &impl Harness, name: &str) -> (u32, f64) {
    let (window, span) = harness.rate();
    let rate = Rate {
        calls: 2_000,
        per: window,
    };
    let grants = Grants::default();
    let mut fleet: Vec<_> = (0..10)
        .map(|_| taker(harness, name, rate, &grants))
        .collect();
    let began = Instant::now();
    sleep(span / 3).await;
    fleet.drain(..2).for_each(|dies| dies.abort());
    sleep(span / 3).await;
    fleet.extend((0..3).map(|_| taker(harness, name, rate, &grants)));
    let mut late = NOW;
    while began.elapsed() < span {
        let tick = Instant::now();
        sleep(Duration::from_millis(20)).await;
        late = late.max(tick.elapsed());
    }
    let elapsed = began.elapsed();
    fleet.iter().for_each(JoinHandle::abort);

    let a_second = f64::from(rate.calls) / window.as_secs_f64();
    let grants = std::mem::take(&mut *grants.lock().unwrap());
    // A grant is written down a little after it was given, later on a busy machine: so long as
    // its clock ticks late, a window may show what belongs to the moment before it.
    let tenth = window / 10;
    let most = 1.1 * a_second * (tenth + late).as_secs_f64();
    for (i, (from, _)) in grants.iter().enumerate() {
        let within = grants
            .iter()
            .skip(i)
            .take_while(|(at, _)| *at < *from + tenth);
        let calls = within.map(|(_, calls)| calls).sum::<u32>();
        assert!(
            f64::from(calls) <= most,
            "{calls} in a tenth, {most} allowed"
        );
    }
    let granted = grants.iter().map(|(_, calls)| calls).sum::<u32>();
    (granted, a_second * elapsed.as_secs_f64())
}

pub(super) async fn the_last_worker_to_start_sets_the_pace(harness: impl Harness, name: String) {
    harness.create(&name).await.unwrap();
    let window = Duration::from_secs(100);
    let rate = |calls| Rate { calls, per: window };
    let (slow, fast) = (
        harness.open(&name).await.unwrap(),
        harness.open(&name).await.unwrap(),
    );
    assert_eq!(slow.rate().await.unwrap(), None);
    assert!(slow.permit(&rate(100)).await.unwrap() < 20);
    fast.permit(&rate(100_000)).await.unwrap();
    assert_eq!(slow.rate().await.unwrap(), Some(rate(100_000)));
    // At its own rate, a call a second, the older worker would need a minute for this.
    let follow = async {
        let mut calls = 0;
        while calls < 60 {
            calls += slow.permit(&rate(100)).await.unwrap();
        }
    };
    timeout(SOON, follow)
        .await
        .expect("the older worker to follow");
    assert_eq!(slow.permit(&rate(0)).await.unwrap(), u32::MAX);
}
