//! Albums on a Flickr that changes titles, refuses some, and shows less than it has.

mod copies;
mod lists;
mod stopping;
mod titles;

use s3flickr::flickr::Client;
use serde_json::{Value, json};

use crate::sets::{set, uploaded};
use crate::support::cli::User;
use crate::world::World;

/// Six folders with one photo each.
const SIX: [&str; 6] = [
    "a/1.jpg", "b/1.jpg", "c/1.jpg", "d/1.jpg", "e/1.jpg", "f/1.jpg",
];

/// The result of a run that ended well.
async fn result(user: &User, command: &[&str]) -> Value {
    let command = [command, &["--json", "--calls-per-hour", "0"]].concat();
    user.run(command).await.expect_success().json()
}

/// Makes a set of these photos, as a hand or another tool would; gives its id.
async fn by_hand(world: &World, title: &str, keys: &[&str]) -> String {
    let client: Client = world.client();
    let mut ids = Vec::new();
    for key in keys {
        ids.push(world.id_of(key).await);
    }
    let set = client.create_set(title, &ids[0]).await.unwrap();
    if ids.len() > 1 {
        client.edit_set(&set, &ids[0], &ids).await.unwrap();
    }
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn one_album_that_flickr_refuses_keeps_no_other_from_being_made() {
    let world = World::start().await;
    let user = uploaded(&world, &SIX).await;
    for (code, message) in [
        (2, "Photo is odd"),
        (3, "Can't create any more sets"),
        (10, "Full"),
    ] {
        for set in world.client().sets().await.unwrap().items {
            world.client().delete_set(&set.id).await.unwrap();
        }
        let script = json!([{
            "call": "flickr.photosets.create", "fault": "refuse", "code": code, "message": message,
            "skip": 1, "times": 1,
        }]);
        world.faults(script).await;
        let said = user.run(["assign-sets", "--json"]).await.expect_code(3);
        let counts = ["sets_created", "refused"].map(|name| said.json()[name].clone());
        assert_eq!(counts, [5, 1], "{}", said.stdout);
        assert!(
            said.stderr.contains("\"b\"") && said.stderr.contains(message),
            "{}",
            said.stderr
        );
        assert_eq!(world.sets().await.len(), 5);
    }
    assert_eq!(result(&user, &["assign-sets"]).await["sets_created"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_queue_the_calls_come_out_of_the_budget_of_its_fleet() {
    let world = World::start().await;
    let user = uploaded(&world, &["a/1.jpg", "b/1.jpg"]).await;
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
    assert_eq!(world.sets().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_takes_no_more_albums_is_not_asked_for_each_of_them() {
    let world = World::start().await;
    let keys: Vec<String> = (0..9).map(|n| format!("{n}/1.jpg")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let user = uploaded(&world, &keys).await;
    let script = json!([{
        "call": "flickr.photosets.create", "fault": "refuse", "code": 3, "message": "Can't create any more sets",
    }]);
    world.faults(script).await;
    let said = user
        .run(["assign-sets", "--json"])
        .await
        .expect_code(3)
        .json();
    assert_eq!(said["refused"], 9);
    assert_eq!(world.calls().await["flickr.photosets.create"], 5);
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
        let world = World::start().await;
        let user = uploaded(&world, &["a/1.jpg", "a/2.jpg"]).await;
        let script = json!([{
            "call": "flickr.photosets.create", "fault": "refuse-after", "code": code, "message": message,
            "times": 1,
        }]);
        world.faults(script).await;
        assert_eq!(result(&user, &["assign-sets"]).await["sets_created"], 1);
        assert_eq!(world.calls().await["flickr.photosets.create"], 1, "{code}");
        assert_eq!(
            world.sets().await,
            [set("a", &["a/1.jpg", "a/2.jpg"])],
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_a_hand_adds_while_albums_are_made_stays_in_its_album() {
    let world = World::start().await;
    let user = uploaded(&world, &["a/1.jpg", "b/1.jpg", "b/2.jpg", "root.jpg"]).await;
    let album = by_hand(&world, "b", &["b/1.jpg"]).await;
    let script = json!([{ "call": "flickr.photosets.create", "fault": "slow", "delay_ms": 1500 }]);
    world.faults(script).await;
    let running = user.start(["assign-sets"]);
    // All lists are read by now, and the other album comes after this one.
    world.until_called("flickr.photosets.create", 2).await;
    let photo = world.id_of("root.jpg").await;
    world.client().add_to_set(&album, &photo).await.unwrap();
    running.output().await.expect_success();
    let all = ["b/1.jpg", "b/2.jpg", "root.jpg"];
    assert_eq!(world.sets().await, [set("a", &["a/1.jpg"]), set("b", &all)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_album_goes_before_the_one_that_stays_is_seen_to_hold_all() {
    let world = World::start().await;
    let user = uploaded(&world, &["a/1.jpg", "a/2.jpg"]).await;
    by_hand(&world, "a", &["a/1.jpg"]).await;
    by_hand(&world, "a", &["a/2.jpg"]).await;
    // Flickr says that it changed the album, and did not.
    let script = json!([{ "call": "flickr.photosets.editPhotos", "fault": "pretend" }]);
    world.faults(script).await;
    let said = user.run(["merge-sets", "--json"]).await.expect_code(3);
    let counts = ["sets_deleted", "refused"].map(|name| said.json()[name].clone());
    assert_eq!(counts, [0, 1], "{}", said.stdout);
    assert!(
        said.stderr.contains("no set was deleted"),
        "{}",
        said.stderr
    );
    assert_eq!(world.sets().await.len(), 2);
    assert!(!world.calls().await.contains_key("flickr.photosets.delete"));
}
