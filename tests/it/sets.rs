//! Sets on an account that hands and earlier tools have been at.

use futures_util::StreamExt;
use s3flickr::flickr::Upload;
use s3flickr::model::flickr::privacy::Privacy;
use serde_json::Value;

use crate::support::cli::User;
use crate::support::env::{Env, picture};

/// Uploads these keys, in no set.
pub async fn uploaded(env: &Env, keys: &[&str]) -> User {
    let user = env.user();
    let folder = user.home().join("photos");
    for key in keys {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, picture(key)).unwrap();
    }
    copy_folder(&user).await;
    user
}

/// Uploads what is new in the folder of photos.
pub async fn copy_folder(user: &User) {
    let populate = user.run(["populate", "--from", "photos"]);
    populate.await.expect_success();
    let work = user.run(["work", "--calls-per-hour", "0"]);
    work.await.expect_success();
}

/// The result of `merge-sets` with these options.
async fn merge(user: &User, options: &[&str]) -> Value {
    let merged = user.run([&["merge-sets", "--json", "--yes"], options].concat());
    merged.await.expect_success().json()
}

/// Makes a set of these photos, as a person or another tool would; gives its id.
pub async fn by_hand(env: &Env, title: &str, keys: &[&str]) -> String {
    let client = env.client();
    let mut ids = Vec::new();
    for key in keys {
        ids.push(env.id_of(key).await);
    }
    let set = client.create_set(title, &ids[0]).await.unwrap();
    if ids.len() > 1 {
        client.edit_set(&set, &ids[0], &ids).await.unwrap();
    }
    set
}

pub fn set(title: &str, photos: &[&str]) -> (String, Vec<String>) {
    (
        title.to_owned(),
        photos.iter().map(|photo| (*photo).to_owned()).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn three_sets_of_one_name_become_one_and_nobody_is_lost() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/4.jpg"]).await;
    // The oldest was edited by hand: a photo of another folder is in it, in an order of its own.
    by_hand(&env, "a", &["b/4.jpg", "a/3.jpg"]).await;
    by_hand(&env, "a", &["a/1.jpg"]).await;
    by_hand(&env, "a", &["a/2.jpg"]).await;

    let planned = merge(&user, &["--dry-run"]).await;
    assert_eq!(
        (
            planned["titles_merged"].as_u64(),
            planned["sets_deleted"].as_u64()
        ),
        (Some(1), Some(2))
    );
    assert_eq!(env.sets().await.len(), 3, "a dry run does nothing");

    let merged = merge(&user, &[]).await;
    assert_eq!(
        (
            merged["sets_deleted"].as_u64(),
            merged["photos_moved"].as_u64()
        ),
        (Some(2), Some(2))
    );
    let sets = env.sets().await;
    assert_eq!(sets.len(), 1);
    assert_eq!(
        &sets[0].1[..2],
        ["b/4.jpg", "a/3.jpg"],
        "what a hand arranged stays"
    );
    assert_eq!(sets[0].1.len(), 4);

    let again = merge(&user, &[]).await;
    assert_eq!(
        (again["titles_merged"].as_u64(), again["calls"].as_u64()),
        (Some(0), Some(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_exists_keeps_what_a_hand_put_into_it() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "a/2.jpg", "root.jpg"]).await;
    // In an order that no tool would make.
    let by_hand = [env.id_of("root.jpg").await, env.id_of("a/2.jpg").await];
    let set_a = env.client().create_set("a", &by_hand[0]).await.unwrap();
    env.client()
        .edit_set(&set_a, &by_hand[0], &by_hand)
        .await
        .unwrap();
    user.run(["assign-sets"]).await.expect_success();
    assert_eq!(
        env.sets().await,
        [set("a", &["root.jpg", "a/2.jpg", "a/1.jpg"])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_cut_short_after_create_is_finished_by_the_next() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "a/2.jpg", "b/1.jpg"]).await;
    let fault = serde_json::json!([{
        "call": "flickr.photosets.editPhotos", "fault": "key-disabled", "times": 1
    }]);
    env.faults(fault).await;
    let cut = user.run(["assign-sets"]).await.expect_code(1);
    assert!(cut.stderr.contains("run it again"), "{}", cut.stderr);
    user.run(["assign-sets"]).await.expect_success();
    assert_eq!(
        env.sets().await,
        [set("a", &["a/1.jpg", "a/2.jpg"]), set("b", &["b/1.jpg"])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_was_lost_makes_no_second_set() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "a/2.jpg"]).await;
    let fault = serde_json::json!([
        { "call": "flickr.photosets.create", "fault": "gateway-timeout-after", "times": 1 }
    ]);
    env.faults(fault).await;
    user.run(["assign-sets"]).await.expect_success();
    assert_eq!(env.sets().await, [set("a", &["a/1.jpg", "a/2.jpg"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_at_once_make_one_set_of_each_name() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg", "b/2.jpg", "c/3.jpg"]).await;
    let running: Vec<_> = (0..3).map(|_| user.start(["assign-sets"])).collect();
    let mut ended = Vec::new();
    for run in running {
        let output = run.output().await;
        let said_so = output
            .stderr
            .contains("another assign-sets or merge-sets is at work");
        assert!(output.code() == Some(0) || said_so, "{}", output.stderr);
        ended.push(output.code());
    }
    assert!(ended.contains(&Some(0)));
    assert_eq!(env.sets().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_reported_and_deleted_only_when_asked() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg"]).await;
    // The same file again, as it may happen where Flickr's lists and its check both lag.
    upload_again(&env, "a/1.jpg").await;
    assert_eq!(env.photos().await.len(), 2);

    let assigned = user.run(["assign-sets"]).await.expect_success().stdout;
    assert!(
        assigned.contains("duplicate: a/1.jpg") && assigned.contains("--delete-duplicates"),
        "{assigned}"
    );
    assert_eq!(env.sets().await, [set("a", &["a/1.jpg"])]);
    let asked = user
        .run(["assign-sets", "--delete-duplicates", "--json"])
        .await
        .expect_success();
    assert!(
        asked.stderr.contains("a later copy of a/1.jpg"),
        "{}",
        asked.stderr
    );
    assert_eq!(asked.json()["duplicates"], 1);
    assert_eq!(env.contents().await.len(), 1);
    assert_eq!(
        env.sets().await,
        [set("a", &["a/1.jpg"])],
        "the copy in the set is the one kept"
    );
}

/// Uploads one more copy of a picture, with the tags that it has, and without asking.
async fn upload_again(env: &Env, key: &str) {
    let client = env.client();
    let first = client.photo(&env.id_of(key).await).await.unwrap();
    let bytes = bytes::Bytes::from(picture(key));
    let upload = Upload {
        title: key.to_owned(),
        tags: first
            .machine_tags
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        privacy: Privacy::Private,
        file_name: "photo.jpg".to_owned(),
        dedup_check: false,
        length: bytes.len() as u64,
        body: futures_util::stream::iter([Ok(bytes)]).boxed(),
    };
    let permit = client.budget().take().await.unwrap();
    client.upload(permit, upload).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_terminal_would_obey_is_shown_and_not_obeyed() {
    let env = Env::start().await;
    let key = "a/\u{1b}[31mred\u{202e}.jpg";
    let user = uploaded(&env, &[key, "b/1.jpg"]).await;
    upload_again(&env, key).await;
    // A line of its own would look like one of ours.
    for _ in 0..2 {
        by_hand(&env, "\u{1b}]0;x\u{7}\nmerge 9", &["b/1.jpg"]).await;
    }
    let mut shown = String::new();
    for command in [
        &["assign-sets", "--dry-run"][..],
        &["merge-sets", "--dry-run"],
        &["assign-sets", "-v", "--delete-duplicates"],
    ] {
        let output = user.run(command).await.expect_success();
        shown.push_str(&output.stdout);
        shown.push_str(&output.stderr);
    }
    assert!(shown.contains("\\u{1b}[31mred\\u{202e}.jpg"), "{shown}");
    assert!(shown.contains("\\u{1b}]0;x\\u{7}\\u{a}merge 9"), "{shown}");
    let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!shown.contains(obeyed), "{shown:?}");
}
