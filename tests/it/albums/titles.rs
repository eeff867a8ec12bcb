//! Albums are found again even if Flickr changes their titles.

use std::collections::BTreeSet;

use serde_json::json;

use super::{by_hand, result};
use crate::sets::{copy_folder, set, uploaded};
use crate::support::env::Env;

/// Folders that some way of keeping titles makes equal, in pairs.
fn odd_folders() -> Vec<String> {
    let long = format!("{}/{}", "x".repeat(200), "y".repeat(100));
    let mut folders = vec![format!("{long}/1"), format!("{long}/2")];
    let pairs = [
        "a b",
        "a  b",
        " a",
        "a",
        "R&B",
        "R&amp;B",
        "Cafe\u{301}",
        "Caf\u{e9}",
        "t\u{7}",
        "t",
        " ",
    ];
    folders.extend(pairs.map(str::to_owned));
    folders
}

async fn reads_of_albums(env: &Env) -> u64 {
    let calls = env.calls().await;
    calls
        .get("flickr.photosets.getPhotos")
        .copied()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_flickr_makes_of_a_title_no_album_is_made_twice_and_none_holds_two_folders() {
    let env = Env::start().await;
    let folders = odd_folders();
    let keys: Vec<String> = folders
        .iter()
        .flat_map(|folder| [format!("{folder}/1.jpg"), format!("{folder}/2.jpg")])
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let user = uploaded(&env, &keys).await;
    for way in [
        "as-given",
        "cut",
        "trim",
        "nfc",
        "one-space",
        "no-controls",
        "encode",
        "decode",
        "letters-and-digits",
        "all",
    ] {
        for album in env.client().sets().await.unwrap().items {
            env.client().delete_set(&album.id).await.unwrap();
        }
        env.account(json!({ "set_titles": way })).await;
        let made = result(&user, &["assign-sets"]).await;
        assert_eq!(made["sets_created"], folders.len(), "{way}: {made}");
        let reads = reads_of_albums(&env).await;
        let again = result(&user, &["assign-sets"]).await;
        let counts = ["sets_created", "sets_updated"].map(|name| again[name].clone());
        assert_eq!(counts, [0, 0], "{way}: {again}");
        let is_foreseen = way != "letters-and-digits";
        let read = reads_of_albums(&env).await - reads;
        assert!(!is_foreseen || read == 0, "{way}: {read} albums were read");
        let mut seen = BTreeSet::new();
        for (title, photos) in env.sets().await {
            let of = |photo: &String| photo.rsplit_once('/').unwrap().0.to_owned();
            let folders: BTreeSet<String> = photos.iter().map(of).collect();
            assert_eq!((folders.len(), photos.len()), (1, 2), "{way}: {title:?}");
            assert!(seen.insert(folders), "{way}: {title:?}");
        }
        if is_foreseen {
            assert_eq!(
                result(&user, &["merge-sets"]).await["titles_merged"],
                0,
                "{way}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_of_two_folders_whose_titles_flickr_made_equal_are_not_merged() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a b/1.jpg", "a  b/1.jpg", "a  b/2.jpg", "c/1.jpg"]).await;
    // As an older version left them on a Flickr that collapses spaces.
    for keys in [&["a b/1.jpg"][..], &["a  b/1.jpg"], &["a  b/2.jpg"]] {
        by_hand(&env, "a b", keys).await;
    }
    let merged = user.run(["merge-sets", "--yes"]).await;
    let stdout = merged.expect_success().stdout;
    assert!(stdout.contains("several folders"), "{stdout}");
    let both = ["a  b/1.jpg", "a  b/2.jpg"];
    assert_eq!(
        env.sets().await,
        [set("a b", &both), set("a b", &["a b/1.jpg"])]
    );
    assert_eq!(
        result(&user, &["assign-sets"]).await["sets_created"],
        1,
        "only that of c"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_a_hand_renamed_keeps_its_name_and_gets_what_is_new() {
    let env = Env::start().await;
    let paris = ["2012/Paris/1.jpg", "2012/Paris/2.jpg", "2012/Paris/3.jpg"];
    let user = uploaded(&env, &paris).await;
    by_hand(&env, "Honeymoon", &paris).await;
    let again = result(&user, &["assign-sets"]).await;
    assert_eq!(
        (&again["sets_created"], &again["sets_updated"]),
        (&json!(0), &json!(0))
    );
    let path = user.home().join("photos/2012/Paris/4.jpg");
    std::fs::write(path, crate::support::env::picture("2012/Paris/4.jpg")).unwrap();
    copy_folder(&user).await;
    let planned = result(&user, &["assign-sets", "--dry-run"]).await;
    assert_eq!(
        (&planned["sets_created"], &planned["photos_added"]),
        (&json!(0), &json!(1))
    );
    user.run(["assign-sets"]).await.expect_success();
    let all = [&paris[..], &["2012/Paris/4.jpg"]].concat();
    assert_eq!(env.sets().await, [set("Honeymoon", &all)]);
}
