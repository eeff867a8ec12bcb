//! Albums on a Flickr that changes titles, refuses some, and shows less than it has.

mod copies;
mod from_titles;
mod lists;
mod merging;
mod order;
mod stopping;
mod titles;

use serde_json::{Value, json};

use crate::sets::{by_hand, set, uploaded};
use crate::support::cli::User;
use crate::support::env::Env;

/// Six folders with one photo each.
const SIX: [&str; 6] = [
    "a/1.jpg", "b/1.jpg", "c/1.jpg", "d/1.jpg", "e/1.jpg", "f/1.jpg",
];

/// The result of a run that ended well.
async fn result(user: &User, command: &[&str]) -> Value {
    let command = [command, &["--json", "--calls-per-hour", "0"]].concat();
    user.run(command).await.expect_success().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_album_that_flickr_refuses_keeps_no_other_from_being_made() {
    let env = Env::start().await;
    let user = uploaded(&env, &SIX).await;
    for (code, message) in [
        (2, "Photo is odd"),
        (3, "Can't create any more sets"),
        (10, "Full"),
    ] {
        for set in env.client().sets().await.unwrap().items {
            env.client().delete_set(&set.id).await.unwrap();
        }
        let script = json!([{
            "call": "flickr.photosets.create", "fault": "refuse", "code": code, "message": message,
            "skip": 1, "times": 1,
        }]);
        env.faults(script).await;
        let output = user.run(["assign-sets", "--json"]).await.expect_code(3);
        let counts = ["sets_created", "refused"].map(|name| output.json()[name].clone());
        assert_eq!(counts, [5, 1], "{}", output.stdout);
        assert!(
            output.stderr.contains("\"b\"") && output.stderr.contains(message),
            "{}",
            output.stderr
        );
        assert_eq!(env.sets().await.len(), 5);
    }
    assert_eq!(result(&user, &["assign-sets"]).await["sets_created"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_queue_the_calls_come_out_of_the_budget_of_its_fleet() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "b/1.jpg"]).await;
    user.run(["work", "--calls-per-hour", "36000"])
        .await
        .expect_success();
    let status = user.run(["status", "--json"]).await.expect_success().json();
    let queue = status["queue"].as_str().unwrap();
    for command in ["assign-sets", "merge-sets"] {
        // Alone, this would take some hours.
        let slow = [command, "--queue", queue, "--calls-per-hour", "1"];
        user.run(slow).await.expect_success();
        let no_queue = [command, "--queue", "sqlite:/no/such/queue.db"];
        user.run(no_queue).await.expect_code(1);
    }
    assert_eq!(env.sets().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_takes_no_more_albums_is_not_asked_for_each_of_them() {
    let env = Env::start().await;
    let keys: Vec<String> = (0..9).map(|n| format!("{n}/1.jpg")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let user = uploaded(&env, &keys).await;
    let script = json!([{
        "call": "flickr.photosets.create", "fault": "refuse", "code": 3, "message": "Can't create any more sets",
    }]);
    env.faults(script).await;
    let result = user
        .run(["assign-sets", "--json"])
        .await
        .expect_code(3)
        .json();
    assert_eq!(result["refused"], 9);
    assert_eq!(env.calls().await["flickr.photosets.create"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_was_made_though_flickr_said_no_is_not_made_again() {
    for (code, message) in [
        (
            0,
            "Sorry, the Flickr API service is not currently available.",
        ),
        (201, "Sorry, something went wrong"),
        (105, "Service currently unavailable"),
    ] {
        let env = Env::start().await;
        let user = uploaded(&env, &["a/1.jpg", "a/2.jpg"]).await;
        let script = json!([{
            "call": "flickr.photosets.create", "fault": "refuse-after", "code": code, "message": message,
            "times": 1,
        }]);
        env.faults(script).await;
        assert_eq!(result(&user, &["assign-sets"]).await["sets_created"], 1);
        assert_eq!(env.calls().await["flickr.photosets.create"], 1, "{code}");
        assert_eq!(
            env.sets().await,
            [set("a", &["a/1.jpg", "a/2.jpg"])],
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_a_hand_adds_while_albums_are_made_stays_in_its_album() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "b/1.jpg", "b/2.jpg", "root.jpg"]).await;
    let album = by_hand(&env, "b", &["b/1.jpg"]).await;
    let script = json!([{ "call": "flickr.photosets.create", "fault": "slow", "delay_ms": 1500 }]);
    env.faults(script).await;
    let running = user.start(["assign-sets"]);
    // All lists are read by now, and the other album comes after this one.
    env.until_called("flickr.photosets.create", 2).await;
    let photo = env.id_of("root.jpg").await;
    env.client().add_to_set(&album, &photo).await.unwrap();
    running.output().await.expect_success();
    let all = ["b/1.jpg", "b/2.jpg", "root.jpg"];
    assert_eq!(env.sets().await, [set("a", &["a/1.jpg"]), set("b", &all)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_album_goes_before_the_one_that_stays_is_seen_to_hold_all() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "a/2.jpg"]).await;
    by_hand(&env, "a", &["a/1.jpg"]).await;
    by_hand(&env, "a", &["a/2.jpg"]).await;
    // Flickr says that it changed the album, and did not.
    let script = json!([{ "call": "flickr.photosets.editPhotos", "fault": "pretend" }]);
    env.faults(script).await;
    let output = user
        .run(["merge-sets", "--json", "--yes"])
        .await
        .expect_code(3);
    let counts = ["sets_deleted", "refused"].map(|name| output.json()[name].clone());
    assert_eq!(counts, [0, 1], "{}", output.stdout);
    assert!(
        output.stderr.contains("no album was deleted"),
        "{}",
        output.stderr
    );
    assert_eq!(env.sets().await.len(), 2);
    assert!(!env.calls().await.contains_key("flickr.photosets.delete"));
}
