//! Signals: the first drains, the second gives everything back at once.

use serde_json::json;

use super::{Scene, WORK};

/// Two lanes, and every start of a transfer told.
fn two_lanes() -> Vec<&'static str> {
    [&WORK[..], &["--transfers", "2", "-vv"]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_finishes_what_is_in_hand() {
    let scene = Scene::with(6, 1).await;
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 2000 }]);
    scene.world.faults(script).await;
    let mut worker = scene.user.start(two_lanes());
    worker.until_stderr(": started").await;
    worker.interrupt();
    let worked = worker.output().await.expect_code(4).json();
    assert_eq!(worked["stopped"], "signal");
    let uploaded = worked["uploaded"].as_u64().unwrap_or_default();
    assert!((1..=2).contains(&uploaded), "{worked}");
    scene.has(6 - uploaded, 0).await;
    scene.world.faults(json!([])).await;
    scene.work().await.expect_success();
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_gives_back_at_once_with_retries_untouched() {
    let scene = Scene::with(6, 1).await;
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 600_000 }]);
    scene.world.faults(script).await;
    let mut worker = scene.user.start(two_lanes());
    worker.until_stderr(": started").await;
    worker.interrupt();
    worker.until_stderr("finishing what is in hand").await;
    worker.interrupt();
    let worked = worker.output().await.expect_code(4).json();
    assert_eq!(
        (&worked["uploaded"], &worked["retried"]),
        (&json!(0), &json!(0))
    );
    scene.has(6, 0).await;
    scene.world.faults(json!([])).await;
    scene.work().await.expect_success();
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_its_messages_to_the_next_one() {
    let scene = Scene::with(4, 1).await;
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 600_000 }]);
    scene.world.faults(script).await;
    let hold = [&two_lanes()[..], &["--visibility", "2"]].concat();
    let mut worker = scene.user.start(hold.clone());
    worker.until_stderr(": started").await;
    worker.kill().await;
    scene.world.faults(json!([])).await;
    scene.user.run(hold).await.expect_success();
    scene.all_is_well().await;
}
