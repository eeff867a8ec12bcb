//! The budget in paused time: how long calls take, and what ends a wait.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const PAUSE: Duration = Duration::from_secs(1);

/// How long `calls` calls take, in whole seconds of paused time.
async fn seconds(budget: &Budget, calls: u32) -> u64 {
    let start = Instant::now();
    for _ in 0..calls {
        budget.take().await.unwrap().spend();
    }
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn no_limit_means_no_wait() {
    assert_eq!(seconds(&Budget::unlimited(), 10_000).await, 0);
    assert_eq!(seconds(&Budget::paced(0, 1), 10_000).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_pace_lets_a_burst_through_and_then_so_many_an_hour() {
    let budget = Budget::paced(3600, 5);
    assert_eq!(seconds(&budget, 5).await, 0);
    assert_eq!(seconds(&budget, 10).await, 10);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        seconds(&budget, 5 + 10).await,
        10,
        "a long rest is worth one burst"
    );
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_pause_everybody_and_halve_the_pace_which_comes_back() {
    let budget = Budget::paced(3600, 1);
    budget.take().await.unwrap().spend();
    budget.throttled(None, PAUSE);
    let waited = seconds(&budget.clone(), 1).await;
    assert!((1..=2).contains(&waited), "{waited}");
    let slow = seconds(&budget, 10).await;
    assert!((17..=20).contains(&slow), "half the pace: {slow}");
    sleep(Duration::from_secs(100)).await;
    assert_eq!(
        seconds(&budget, 10).await,
        10 - 1,
        "the whole pace again, after one call saved up"
    );
}

#[tokio::test(start_paused = true)]
async fn answers_to_calls_made_before_the_pause_do_not_halve_again() {
    let budget = Budget::unlimited();
    for _ in 0..16 {
        budget.throttled(None, PAUSE);
    }
    assert!(budget.slowdown.lock().factor() > 0.49);
    assert!(seconds(&budget, 1).await <= 1);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_after_a_pause_doubles_the_next_one_to_a_limit() {
    let budget = Budget::unlimited();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        budget.throttled(None, PAUSE);
        pauses.push(seconds(&budget, 1).await);
    }
    assert!(pauses.is_sorted_by(|a, b| a <= b || *a >= 32), "{pauses:?}");
    assert!(
        pauses.iter().all(|pause| *pause <= 48) && pauses[11] >= 25,
        "{pauses:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_flickr_names_is_kept_but_not_for_ever() {
    let budget = Budget::unlimited();
    budget.throttled(Some(Duration::from_secs(42)), PAUSE);
    assert_eq!(seconds(&budget, 1).await, 42);
    budget.throttled(Some(Duration::from_secs(1_000_000)), PAUSE);
    assert_eq!(seconds(&budget, 1).await, 900);
}

#[tokio::test(start_paused = true)]
async fn a_shared_budget_is_asked_by_one_at_a_time_and_spends_what_it_was_granted() {
    let asked = Arc::new(AtomicU32::new(0));
    let asking = Arc::new(AtomicU32::new(0));
    let (count, busy) = (asked.clone(), asking.clone());
    let budget = Budget::shared(move || {
        let (count, busy) = (count.clone(), busy.clone());
        Box::pin(async move {
            assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0);
            sleep(Duration::from_secs(1)).await;
            busy.fetch_sub(1, Ordering::SeqCst);
            // The second time there is nothing.
            Ok::<_, Cause>(if count.fetch_add(1, Ordering::SeqCst) == 1 {
                0
            } else {
                4
            })
        })
    });
    let start = Instant::now();
    let takers: Vec<_> = (0..8)
        .map(|_| budget.clone())
        .map(|budget| tokio::spawn(async move { budget.take().await }))
        .collect();
    for taker in takers {
        taker.await.unwrap().unwrap().spend();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(
        start.elapsed().as_secs(),
        4,
        "three grants of a second, and a second after the empty one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shared_budget_keeps_its_calls_apart_while_flickr_asks_for_less() {
    let budget = Budget::shared(|| Box::pin(async { Ok::<_, Cause>(100) }));
    assert_eq!(seconds(&budget, 50).await, 0);
    budget.throttled(None, PAUSE);
    let slow = seconds(&budget, 10).await;
    assert!((17..=20).contains(&slow), "{slow}");
}

#[tokio::test]
async fn a_shared_budget_that_cannot_be_asked_says_why() {
    let budget = Budget::shared(|| Box::pin(async { Err::<u32, _>("the queue is gone") }));
    let error = budget.take().await.unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the queue is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_was_not_needed_serves_the_next_caller() {
    let budget = Budget::paced(3600, 1);
    drop(budget.take().await.unwrap());
    assert_eq!(seconds(&budget, 1).await, 0, "the same one again");
    assert_eq!(seconds(&budget, 1).await, 1, "a new one");
}

#[tokio::test(start_paused = true)]
async fn permits_that_were_kept_for_later_are_worth_nothing_then() {
    let granted = Arc::new(AtomicU32::new(0));
    let count = granted.clone();
    let budget = Budget::shared(move || {
        count.fetch_add(5, Ordering::SeqCst);
        Box::pin(async { Ok::<_, Cause>(5) })
    })
    .lasting(Duration::from_secs(3));
    let kept = budget.take().await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert!(kept.is_fresh());
    sleep(Duration::from_secs(2)).await;
    assert!(!kept.is_fresh());
    drop(kept);
    budget.take().await.unwrap().spend();
    assert_eq!(
        granted.load(Ordering::SeqCst),
        10,
        "neither the stale permit nor the stale rest of its grant counts"
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_every_wait_for_a_call_and_refuses_none_that_is_there() {
    let drain = CancellationToken::new();
    let budget = Budget::paced(1, 1).until(drain.clone());
    let start = Instant::now();
    budget.take().await.unwrap().spend();
    let waiting = tokio::spawn({
        let budget = budget.clone();
        async move {
            (
                budget.take().await,
                budget.rest(Duration::from_secs(900)).await,
            )
        }
    });
    sleep(Duration::from_secs(1)).await;
    drain.cancel();
    let (taken, rested) = waiting.await.unwrap();
    assert!(matches!(taken, Err(Error::Draining)), "{taken:?}");
    assert!(matches!(rested, Err(Error::Draining)), "{rested:?}");
    assert_eq!(start.elapsed().as_secs(), 1);
    let free = Budget::unlimited().until(drain);
    assert!(free.take().await.is_ok());
    free.throttled(Some(Duration::from_secs(600)), PAUSE);
    let paused = free.take_upload().await;
    assert!(matches!(paused, Err(Error::Draining)), "{paused:?}");
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_waited_out_a_pause_do_not_go_all_at_once() {
    let budget = Budget::shared(|| Box::pin(async { Ok::<_, Cause>(100) }));
    budget.throttled(Some(Duration::from_secs(60)), PAUSE);
    let start = Instant::now();
    let takers: Vec<_> = (0..8)
        .map(|_| budget.clone())
        .map(|budget| {
            tokio::spawn(async move {
                budget.take().await.unwrap().spend();
                start.elapsed().as_secs()
            })
        })
        .collect();
    let mut went = Vec::new();
    for taker in takers {
        went.push(taker.await.unwrap());
    }
    went.sort_unstable();
    assert_eq!(went[0], 60);
    assert!(went[7] >= 60 + 7, "{went:?}");
}
