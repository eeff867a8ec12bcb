//! Photos that another tool uploaded, with their paths for titles and without tags of ours.

use futures_util::StreamExt;
use s3flickr::flickr::Upload;
use s3flickr::model::flickr::privacy::Privacy;

use super::result;
use crate::sets::{set, uploaded};
use crate::support::env::{Env, picture};

/// Uploads a picture of this title, as a tool that knows no tags would.
async fn upload(env: &Env, title: &str, content: &str) {
    let client = env.client();
    let bytes = bytes::Bytes::from(picture(content));
    let upload = Upload {
        title: title.to_owned(),
        tags: Vec::new(),
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
async fn photos_with_their_paths_for_titles_get_into_albums_when_asked_for() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/2.jpg"]).await;
    for title in [
        "a/1.jpg",
        "a/3.jpg",
        "b/1.png",
        "Sunset",
        "5/7 done",
        "IMG_0001.JPG",
    ] {
        upload(&env, title, title).await;
    }
    let without = result(&user, &["assign-sets"]).await;
    assert_eq!(without["photos_added"], 1);

    let planned = result(&user, &["assign-sets", "--from-titles", "--dry-run"]).await;
    let done = result(&user, &["assign-sets", "--from-titles"]).await;
    for counts in [planned, done] {
        // IMG_0001.JPG counts too, and is in no folder.
        assert_eq!(counts["from_titles"], 4, "{counts}");
        assert_eq!(counts["photos_added"], 3, "{counts}");
    }
    let all = [
        set("a", &["a/1.jpg", "a/2.jpg", "a/3.jpg"]),
        set("b", &["b/1.png"]),
    ];
    assert_eq!(env.sets().await, all);

    let writes = async || {
        let calls = env.calls().await;
        ["create", "editPhotos", "addPhoto", "orderSets"]
            .map(|name| calls.get(&format!("flickr.photosets.{name}")).copied())
    };
    let before = writes().await;
    result(&user, &["assign-sets", "--from-titles"]).await;
    assert_eq!(writes().await, before, "an idle run changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_photos_of_one_title_are_both_in_the_album_and_neither_is_deleted() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a/1.jpg"]).await;
    upload(&env, "a/1.jpg", "another picture").await;
    upload(&env, "a/1.jpg", "a/1.jpg").await;
    let command = ["assign-sets", "--from-titles", "--delete-duplicates"];
    let done = result(&user, &command).await;
    assert_eq!(
        (&done["duplicates"], &done["photos_added"]),
        (&0.into(), &3.into())
    );
    assert_eq!(env.photos().await.len(), 3);
    assert_eq!(env.sets().await, [set("a", &["a/1.jpg"; 3])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_flickr_changed_still_leads_to_the_folder() {
    let env = Env::start().await;
    let user = uploaded(&env, &["a  b/1.jpg", "Cafe\u{301}/1.jpg"]).await;
    upload(&env, "a b/2.jpg", "2").await;
    upload(&env, "Café/2.jpg", "3").await;
    result(&user, &["assign-sets", "--from-titles"]).await;
    let counts: Vec<usize> = env.sets().await.iter().map(|set| set.1.len()).collect();
    assert_eq!(counts, [2, 2]);
}
