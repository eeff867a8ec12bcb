//! `assign-sets` and `merge-sets` end when they are asked to, and say what they wait for.

use serde_json::json;

use super::{by_hand, result};
use crate::sets::uploaded;
use crate::support::env::Env;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_ends_the_reading_of_lists_after_the_call_in_hand() {
    for command in ["assign-sets", "merge-sets"] {
        let env = Env::start().await;
        let user = uploaded(&env, &["a/1.jpg", "b/1.jpg", "c/1.jpg"]).await;
        for key in ["a/1.jpg", "b/1.jpg", "c/1.jpg"] {
            by_hand(&env, "a", &[key]).await;
        }
        let before = env.calls().await;
        let before = before.get("flickr.photosets.getList").copied();
        let script =
            json!([{ "call": "flickr.photosets.getList", "fault": "slow", "delay_ms": 1500 }]);
        env.faults(script).await;
        let running = user.start([command]);
        env.until_called("flickr.photosets.getList", before.unwrap_or_default() + 1)
            .await;
        running.interrupt();
        let ended = running.output().await.expect_code(4);
        assert!(ended.stdout.contains("stopped"), "{}", ended.stdout);
        assert!(
            !env.calls().await.contains_key("flickr.photosets.getPhotos"),
            "{command}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_ends_it_at_once() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg"]).await;
    let before = env.calls().await.get("flickr.people.getPhotos").copied();
    // Far longer than the client waits for an answer, which would be an error.
    let script =
        json!([{ "call": "flickr.people.getPhotos", "fault": "slow", "delay_ms": 600_000 }]);
    env.faults(script).await;
    let mut running = user.start(["assign-sets"]);
    let call = before.unwrap_or_default() + 1;
    env.until_called("flickr.people.getPhotos", call).await;
    running.interrupt();
    running.until_stderr("once more").await;
    running.interrupt();
    running.output().await.expect_code(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_that_flickr_asks_for_is_said_and_a_signal_ends_it() {
    for command in ["assign-sets", "merge-sets"] {
        let env = Env::start().await;
        let user = uploaded(&env, &["a/1.jpg"]).await;
        env.faults(json!([{ "call": "*", "fault": "throttle" }]))
            .await;
        let mut running = user.start([command]);
        running
            .until_stderr("Flickr asks to wait: next call in")
            .await;
        running.interrupt();
        running.output().await.expect_code(4);
    }
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg"]).await;
    let throttled = json!([{ "call": "flickr.photosets.create", "fault": "throttle", "times": 2 }]);
    env.faults(throttled).await;
    assert_eq!(result(&user, &["assign-sets"]).await["sets_created"], 1);
}
