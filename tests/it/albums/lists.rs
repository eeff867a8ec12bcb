//! Lists that show less than there is: nothing is taken out of an album, and none is made twice.

use serde_json::json;

use super::{SIX, by_hand, result};
use crate::sets::{set, uploaded};
use crate::support::env::Env;

#[tokio::test(flavor = "multi_thread")]
async fn an_album_whose_photos_flickr_does_not_list_loses_none_of_them() {
    for script in [
        json!([{ "call": "flickr.photosets.getPhotos", "fault": "stale-list", "newest": 1 }]),
        json!([{ "call": "flickr.photosets.getPhotos", "fault": "short-page" }]),
        json!([{ "call": "flickr.photosets.getPhotos", "fault": "no-total" }]),
    ] {
        let env = Env::start().await;
        let user = uploaded(&env, &["a/1.jpg", "a/2.jpg", "x.jpg", "y.jpg"]).await;
        by_hand(&env, "a", &["a/1.jpg", "x.jpg", "y.jpg"]).await;
        env.faults(script.clone()).await;
        let assigned = result(&user, &["assign-sets"]).await;
        assert_eq!(assigned["photos_added"], 1, "{script}: {assigned}");
        let all = ["a/1.jpg", "x.jpg", "y.jpg", "a/2.jpg"];
        assert_eq!(env.sets().await, [set("a", &all)], "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_whose_photos_flickr_does_not_list_are_not_merged() {
    for fault in ["stale-list", "no-total"] {
        let env = Env::start().await;
        let user = uploaded(&env, &["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]).await;
        for keys in [&["a/1.jpg", "a/2.jpg"][..], &["b/1.jpg", "b/2.jpg"]] {
            by_hand(&env, "mine", keys).await;
        }
        let script = json!([{ "call": "flickr.photosets.getPhotos", "fault": fault, "newest": 1 }]);
        let script = if fault == "no-total" {
            json!([{ "call": "flickr.photosets.getPhotos", "fault": fault }])
        } else {
            script
        };
        env.faults(script).await;
        let planned = user
            .run(["merge-sets", "--dry-run"])
            .await
            .expect_code(3)
            .stdout;
        assert!(planned.contains("left as it is: mine"), "{planned}");
        let stdout = user.run(["merge-sets"]).await.expect_code(3).stdout;
        assert!(stdout.contains("\"mine\": Flickr lists"), "{stdout}");
        assert_eq!(env.sets().await.len(), 2, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_album_is_made_while_flickr_does_not_list_all_that_are_there() {
    let env = Env::start().await;
    let user = uploaded(&env, &SIX).await;
    result(&user, &["assign-sets"]).await;
    let script = json!([{ "call": "flickr.photosets.getList", "fault": "short-page" }]);
    env.faults(script).await;
    for command in ["assign-sets", "merge-sets"] {
        let stderr = user.run([command]).await.expect_code(1).stderr;
        assert!(
            stderr.contains("Flickr lists 4 of the account's 6 albums"),
            "{stderr}"
        );
    }
    assert_eq!(env.sets().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_flickr_counts_and_does_not_list_are_told_of() {
    let env = Env::start().await;
    let user = uploaded(&env, &SIX).await;
    let script = json!([{ "call": "flickr.people.getPhotos", "fault": "short-page" }]);
    env.faults(script).await;
    let output = user.run(["assign-sets", "--json"]).await.expect_code(3);
    assert!(
        output.stderr.contains("4 of the account's 6 photos"),
        "{}",
        output.stderr
    );
    assert_eq!(output.json()["sets_created"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_repeat_or_count_pages_that_are_not_there_end() {
    for (call, script) in [
        (
            "flickr.people.getPhotos",
            json!({ "fault": "pages", "count": 4_000_000_000_u64 }),
        ),
        (
            "flickr.photosets.getList",
            json!({ "fault": "pages", "count": 4_000_000_000_u64 }),
        ),
        ("flickr.people.getPhotos", json!({ "fault": "repeat-page" })),
        ("flickr.photos.getNotInSet", json!({ "fault": "no-total" })),
    ] {
        let env = Env::start().await;
        let user = uploaded(&env, &SIX).await;
        let mut script = script.clone();
        script["call"] = call.into();
        env.faults(json!([script])).await;
        result(&user, &["assign-sets"]).await;
        assert_eq!(
            result(&user, &["assign-sets"]).await["sets_created"],
            0,
            "{script}"
        );
        assert_eq!(env.sets().await.len(), 6, "{script}");
        assert!(env.calls().await[call] <= 12, "{script}");
    }
}
