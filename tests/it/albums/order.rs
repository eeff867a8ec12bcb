//! The order of the albums: ours by name, the user's own where they are, in one call.

use serde_json::json;

use super::result;
use crate::sets::{by_hand, copy_folder, uploaded};
use crate::support::cli::User;
use crate::support::env::{Env, picture};

/// The titles of the albums in the account's order.
async fn order(env: &Env) -> Vec<String> {
    let sets = env.client().sets().await.unwrap().items;
    sets.into_iter().map(|set| set.title).collect()
}

/// How often the account was changed, by any method of albums.
async fn writes(env: &Env) -> u64 {
    let calls = env.calls().await.into_iter();
    let written = calls.filter(|(method, _)| {
        let name = method.strip_prefix("flickr.photosets.");
        name.is_some_and(|name| !name.starts_with("get"))
    });
    written.map(|(_, calls)| calls).sum()
}

async fn orders(env: &Env) -> u64 {
    let calls = env.calls().await;
    calls
        .get("flickr.photosets.orderSets")
        .copied()
        .unwrap_or_default()
}

async fn add(user: &User, key: &str) {
    let path = user.home().join("photos").join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, picture(key)).unwrap();
    copy_folder(user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_are_put_in_the_order_of_their_names_by_one_call_and_then_left() {
    let env = Env::start().await;
    let keys = [
        "2013/Rome/1.jpg",
        "2012/Paris/1.jpg",
        "Ärger/1.jpg",
        "2012/10/1.jpg",
    ];
    let user = uploaded(&env, &keys).await;
    let planned = result(&user, &["assign-sets", "--dry-run"]).await;
    let done = result(&user, &["assign-sets"]).await;
    assert_eq!(
        (&planned["ordered"], &done["ordered"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        order(&env).await,
        ["2012/10", "2012/Paris", "2013/Rome", "Ärger"]
    );
    assert_eq!(orders(&env).await, 1);

    let before = writes(&env).await;
    let idle = result(&user, &["assign-sets"]).await;
    assert_eq!(
        (writes(&env).await, &idle["ordered"]),
        (before, &json!(false))
    );
    assert_eq!(idle["calls"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_own_albums_keep_their_places() {
    let env = Env::start().await;
    let user = uploaded(&env, &["b/1.jpg", "d/1.jpg", "root.jpg"]).await;
    result(&user, &["assign-sets"]).await;
    let mut ids = Vec::new();
    for title in ["last", "middle", "first"] {
        ids.push(by_hand(&env, title, &["root.jpg"]).await);
    }
    let client = env.client();
    let mut all = client.sets().await.unwrap().items;
    let place = ["first", "b", "middle", "d", "last"];
    all.sort_by_key(|set| place.iter().position(|title| *title == set.title));
    let all: Vec<String> = all.into_iter().map(|set| set.id).collect();
    client.order_sets(&all).await.unwrap();

    add(&user, "a/1.jpg").await;
    add(&user, "e/1.jpg").await;
    result(&user, &["assign-sets"]).await;
    assert_eq!(
        order(&env).await,
        ["first", "a", "b", "middle", "d", "e", "last"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keep_order_no_album_is_moved() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "b/1.jpg"]).await;
    let planned = result(&user, &["assign-sets", "--keep-order", "--dry-run"]).await;
    result(&user, &["assign-sets", "--keep-order"]).await;
    assert_eq!(
        (&planned["ordered"], orders(&env).await),
        (&json!(false), 0)
    );
    assert_eq!(order(&env).await, ["b", "a"], "Flickr puts new ones first");
    result(&user, &["assign-sets"]).await;
    assert_eq!(order(&env).await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_albums_are_ordered_by_one_call() {
    let env = Env::start().await;
    let client = env.client();
    let keys: Vec<String> = (0..620).map(|n| format!("{n:04}/1.jpg")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let user = uploaded(&env, &keys).await;
    result(&user, &["assign-sets"]).await;
    let titles = order(&env).await;
    assert!(titles.is_sorted() && titles.len() == 620);
    assert_eq!(orders(&env).await, 1);

    // A person turns them round.
    let sets = client.sets().await.unwrap().items.into_iter().rev();
    let reversed: Vec<String> = sets.map(|set| set.id).collect();
    client.order_sets(&reversed).await.unwrap();
    result(&user, &["assign-sets"]).await;
    assert!(order(&env).await.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_flickr_refuses_is_said_and_fails_no_album() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "b/1.jpg"]).await;
    let script = json!([{
        "call": "flickr.photosets.orderSets", "fault": "refuse", "code": 1, "message": "Set not found",
    }]);
    env.faults(script).await;
    let output = user.run(["assign-sets", "--json"]).await.expect_success();
    assert_eq!(output.json()["sets_created"], 2);
    assert!(
        output.stderr.contains("left in the order"),
        "{}",
        output.stderr
    );
}
