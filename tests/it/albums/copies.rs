//! Which photos are copies of one file, and which of them may go.

use futures_util::StreamExt;
use s3flickr::flickr::Upload;
use s3flickr::model::Key;
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::flickr::tags::Origin;
use serde_json::json;

use super::result;
use crate::support::cli::User;
use crate::support::env::{Env, picture};

/// Uploads a photo of this file, from this store, with these bytes.
async fn upload(env: &Env, key: &str, from: &str, version: &str, bytes: &str) -> String {
    let client = env.client();
    let origin = Origin {
        from: from.into(),
        version: version.into(),
        size: Some(5),
        checksum: format!("s3flickr:sha256={}", bytes.repeat(32)),
        ..Origin::from_key(Key::new(key).unwrap())
    };
    let content = bytes::Bytes::from(picture(bytes));
    let upload = Upload {
        title: key.to_owned(),
        tags: origin.tags(),
        privacy: Privacy::Private,
        file_name: "photo.jpg".to_owned(),
        dedup_check: false,
        length: content.len() as u64,
        body: futures_util::stream::iter([Ok(content)]).boxed(),
    };
    let permit = client.budget().take().await.unwrap();
    client.upload(permit, upload).await.unwrap()
}

async fn members(env: &Env) -> Vec<usize> {
    env.sets().await.iter().map(|set| set.1.len()).collect()
}

fn user(env: &Env) -> User {
    env.user()
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_of_two_stores_with_one_path_size_and_time_are_both_kept_and_both_in_the_album() {
    let env = Env::start().await;
    upload(&env, "a/1.jpg", "aaaaaaaa", "5t1", "11").await;
    upload(&env, "a/1.jpg", "bbbbbbbb", "5t1", "22").await;
    // One store's file, of which the bytes changed and the size and time did not.
    upload(&env, "a/1.jpg", "aaaaaaaa", "5t1", "33").await;
    let done = result(&user(&env), &["assign-sets", "--delete-duplicates"]).await;
    assert_eq!(done["duplicates"], 0, "{done}");
    assert_eq!(env.photos().await.len(), 3);
    assert_eq!(members(&env).await, [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_one_file_whose_time_moved_are_one_in_the_album_and_told_of() {
    let env = Env::start().await;
    for version in ["5t1", "5t2", "5t3"] {
        upload(&env, "a/1.jpg", "aaaaaaaa", version, "11").await;
    }
    let user = user(&env);
    let planned = user
        .run(["assign-sets", "--dry-run"])
        .await
        .expect_success();
    assert!(
        planned.stdout.contains("duplicate: a/1.jpg"),
        "{}",
        planned.stdout
    );
    assert_eq!(result(&user, &["assign-sets"]).await["duplicates"], 2);
    assert_eq!(members(&env).await, [1]);
    result(&user, &["assign-sets", "--delete-duplicates"]).await;
    assert_eq!(env.photos().await.len(), 1);
    assert_eq!(members(&env).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_is_deleted_unless_the_one_that_is_kept_is_there_now() {
    let env = Env::start().await;
    for version in ["5t1", "5t2"] {
        upload(&env, "a/1.jpg", "aaaaaaaa", version, "11").await;
    }
    let script = json!([{
        "call": "flickr.photos.getInfo", "fault": "refuse", "code": 1, "message": "Photo not found",
    }]);
    env.faults(script).await;
    let user = user(&env);
    let output = user
        .run(["assign-sets", "--delete-duplicates"])
        .await
        .expect_code(3);
    assert!(
        output.stderr.contains("Photo not found"),
        "{}",
        output.stderr
    );
    assert_eq!(env.photos().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_copy_that_is_in_the_album_goes_only_when_the_older_one_has_its_place() {
    let env = Env::start().await;
    upload(&env, "a/1.jpg", "aaaaaaaa", "5t1", "11").await;
    let later = upload(&env, "a/1.jpg", "aaaaaaaa", "5t2", "11").await;
    let client = env.client();
    client.create_set("a", &later).await.unwrap();
    let user = user(&env);
    result(&user, &["assign-sets", "--delete-duplicates"]).await;
    assert_eq!(env.photos().await.len(), 1);
    assert_eq!(members(&env).await, [1]);
}
