//! The whole migration as a user runs it: processes, real HTTP, real servers.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::aws::{Aws, ministack, unique};
use crate::support::cli::User;
use crate::support::env::{Env, picture, sha1};

/// Folders and names that have broken one tool or another.
const FOLDERS: &[&str] = &[
    "plain",
    "Plain",
    "with space",
    "Caf\u{e9}",
    "Cafe\u{301}",
    "100% +more & others",
    "what? #1",
    "a//b",
    "quote's \"double\"",
    "semi;colon,comma",
    "tilde~star*",
    "emoji 🐈/deep",
    "deep/er/and/deeper",
    "équipe/été",
    "日本/東京",
];

/// A thousand keys: each folder, files of one name in two folders, a long one, some in no folder.
fn awkward_keys() -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = (0..)
        .flat_map(|n| {
            FOLDERS
                .iter()
                .map(move |folder| format!("{folder}/IMG {n}+%.JPG"))
        })
        .take(995)
        .collect();
    keys.extend(["root.jpg", "root +1.png", "ümlaut.gif"].map(str::to_owned));
    keys.insert(format!("long/{}.jpg", "x".repeat(291)));
    keys.insert(format!("long/{}.jpg", "é".repeat(145)));
    keys
}

/// Puts a photo of each key into the bucket, and files that Flickr does not take.
async fn fill(aws: &Aws, bucket: &str, keys: &BTreeSet<String>) {
    aws.put_objects(bucket, keys.iter().map(|key| (key.clone(), picture(key))))
        .await;
    for skipped in ["plain/", "plain/.DS_Store", "plain/raw.NEF", "plain/x.heic"] {
        aws.put_object(bucket, skipped, "not for Flickr").await;
    }
    aws.put_object(bucket, "plain/empty.jpg", "").await;
}

/// The set of each folder: its photos in order.
fn sets_of(keys: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let mut sets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in keys {
        if let Some((folder, _)) = key.rsplit_once('/') {
            sets.entry(folder.to_owned()).or_default().push(key.clone());
        }
    }
    sets
}

/// Runs three workers at once until the queue is drained; gives how many photos they uploaded.
async fn uploaded_by_three(user: &User, queue: &str) -> u64 {
    let work = ["work", "--queue", queue, "--calls-per-hour", "0", "--json"];
    let workers = [user.start(work), user.start(work), user.start(work)];
    let mut uploaded = 0;
    for worker in workers {
        let result = worker.output().await.expect_success().json();
        assert_eq!(result["stopped"], "drained");
        uploaded += result["uploaded"].as_u64().unwrap_or_default();
    }
    uploaded
}

/// Counted: populate's question what the account takes, three calls of each worker's start (whether
/// the account has photos is asked by those that find the queue bound to none), what assign-sets
/// needs, and three for a message that comes twice or an answer that is lost on a busy machine.
async fn calls_are_few(env: &Env, photos: u64, folders: u64) {
    let calls = env.calls().await;
    let uploads = calls["upload"];
    let rest: u64 = calls.values().sum::<u64>() - uploads;
    assert_eq!(uploads, photos);
    assert!(rest <= 2 * folders + photos / 500 + 14, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_awkward_objects_arrive_once_each_through_three_workers() {
    let (aws, env) = (ministack().await, Env::start().await);
    let user = env.user().with_all(aws.env());
    let bucket = aws.bucket("photos").await;
    let queue = format!("sqs://{}", unique("queue"));
    let keys = awkward_keys();
    fill(aws, &bucket, &keys).await;
    let populated = user
        .run(["populate", "--bucket", &bucket, "--queue", &queue, "--json"])
        .await
        .expect_success()
        .json();
    assert_eq!(populated["queued"], keys.len());
    let skipped = serde_json::json!({ "folder": 1, "type": 3, "empty": 1 });
    assert_eq!(populated["skipped"], skipped);

    let uploaded = uploaded_by_three(&user, &queue).await;
    assert_eq!(uploaded, keys.len() as u64);

    let expected: BTreeMap<String, String> = keys
        .iter()
        .map(|key| (key.clone(), sha1(&picture(key))))
        .collect();
    assert_eq!(env.contents().await, expected);
    let photos = env.photos().await;
    assert!(photos.iter().all(|photo| photo.visibility == "private"));

    let assigned = user.run(["assign-sets", "--json"]).await;
    let assigned = assigned.expect_success().json();
    let sets = sets_of(&keys);
    assert_eq!(assigned["sets_created"], sets.len());
    assert_eq!(env.sets().await, sets.into_iter().collect::<Vec<_>>());

    calls_are_few(
        &env,
        keys.len() as u64,
        assigned["sets_created"].as_u64().unwrap(),
    )
    .await;

    let status = user.run(["status", "--queue", &queue, "--json"]).await;
    let status = status.expect_success().json();
    assert_eq!(
        (status["done"].as_u64(), status["failed"].as_u64()),
        (Some(1000), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_a_second_time_writes_nothing() {
    let env = Env::start().await;
    let user = env.user();
    migrate_folder(&env, &["a/1.jpg", "a/2.jpg", "b/1.jpg", "root.jpg"], &user).await;
    user.run(["assign-sets"]).await.expect_success();
    let before = env.calls().await;
    let again = user
        .run(["assign-sets", "--json"])
        .await
        .expect_success()
        .json();
    let after = env.calls().await;
    assert_eq!(again["sets_created"], 0);
    assert_eq!(again["photos_added"], 0);
    for write in ["flickr.photosets.create", "flickr.photosets.editPhotos"] {
        assert_eq!(before.get(write), after.get(write), "{write}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let env = Env::start().await;
    let user = env.user();
    let folder = folder_of(&user, &["a/1.jpg", "a/2.jpg"]);
    let populated = user
        .run(["populate", "--from", &folder, "--dry-run", "--json"])
        .await
        .expect_success();
    assert_eq!(populated.json()["queued"], 2);
    user.run(["status"]).await.expect_code(1);

    migrate_folder(&env, &["a/1.jpg", "a/2.jpg"], &user).await;
    let planned = user.run(["assign-sets", "-n"]).await.expect_success();
    assert!(
        planned.stdout.contains("create         2       2  a"),
        "{}",
        planned.stdout
    );
    assert_eq!(env.sets().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn populating_a_folder_twice_queues_nothing_twice() {
    let env = Env::start().await;
    let user = env.user();
    let keys = ["a/1.jpg", "a/2.jpg"];
    migrate_folder(&env, &keys, &user).await;
    let folder = folder_of(&user, &keys);
    let again = user
        .run(["populate", "--from", &folder, "--json"])
        .await
        .expect_success()
        .json();
    assert_eq!(again["queued"], 0);
    assert_eq!(again["skipped"]["already_queued"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn populating_sqs_twice_uploads_nothing_twice() {
    let (aws, env) = (ministack().await, Env::start().await);
    let user = env.user().with_all(aws.env());
    let (bucket, queue) = (
        aws.bucket("twice").await,
        format!("sqs://{}", unique("twice")),
    );
    let keys: Vec<String> = (0..40).map(|n| format!("a/{n}.jpg")).collect();
    aws.put_objects(&bucket, keys.iter().map(|key| (key.clone(), picture(key))))
        .await;
    let populate = ["populate", "--bucket", &bucket, "--queue", &queue];
    let work = ["work", "--queue", &queue, "--calls-per-hour", "0", "--json"];
    user.run(populate).await.expect_success();
    user.run(work).await.expect_success();
    let output = user.run(populate).await.expect_success();
    assert!(
        output.stdout.contains("populated before"),
        "{}",
        output.stdout
    );
    let worked = user.run(work).await.expect_success().json();
    assert_eq!(
        (
            worked["uploaded"].as_u64(),
            worked["already_there"].as_u64()
        ),
        (Some(0), Some(40))
    );
    assert_eq!(env.contents().await.len(), 40);
    let calls = env.calls().await;
    assert!(
        calls["flickr.people.getPhotos"] <= 4,
        "the look-ups share calls: {calls:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_with_the_same_bytes_are_two_photos() {
    let env = Env::start().await;
    let user = env.user();
    let folder = user.home().join("same");
    std::fs::create_dir_all(&folder).expect("a folder");
    for name in ["one.jpg", "two.jpg"] {
        std::fs::write(folder.join(name), picture("same")).expect("a file");
    }
    // Every attempt but the first looks first, with dedup_check.
    env.faults(serde_json::json!([{ "call": "upload", "fault": "lose-answer", "times": 2 }]))
        .await;
    user.run(["populate", "--from", "same"])
        .await
        .expect_success();
    let work = [
        "work",
        "--calls-per-hour",
        "0",
        "--retry-delay",
        "0",
        "--json",
    ];
    user.run(work).await.expect_success();
    assert_eq!(env.contents().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_nine_photos_in_four_sets() {
    let photos = format!("{}/examples/photos", env!("CARGO_MANIFEST_DIR"));
    let user = User::new();
    let shown = user
        .run(["demo", "--exit", "--photos", &photos])
        .await
        .expect_success();
    let text = &shown.stdout;
    assert!(
        text.contains("9 photos, 4 sets; every photo is on \"Flickr\" once"),
        "{text}"
    );
    assert!(text.contains("$ s3flickr populate --from"), "{text}");
}

/// Writes pictures below a new folder and gives its path.
fn folder_of(user: &User, keys: &[&str]) -> String {
    let folder = user.home().join("photos");
    for key in keys {
        let path = folder.join(key);
        if path.exists() {
            continue;
        }
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, picture(key)).expect("a file");
    }
    folder.display().to_string()
}

async fn migrate_folder(env: &Env, keys: &[&str], user: &User) {
    let folder = folder_of(user, keys);
    user.run(["populate", "--from", &folder])
        .await
        .expect_success();
    user.run(["work", "--calls-per-hour", "0"])
        .await
        .expect_success();
    assert_eq!(env.contents().await.len(), keys.len());
}
