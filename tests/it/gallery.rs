//! The sandbox's page in a real browser: what a person would look for is there.

use crate::support::browser::{dump_dom, left_out, screenshot};
use crate::support::cli::User;
use crate::support::env::Env;

/// The example photos, migrated.
async fn migrated(env: &Env) -> User {
    let user = env.user();
    let photos = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos");
    user.run(["populate", "--from", photos])
        .await
        .expect_success();
    user.run(["work", "--calls-per-hour", "0"])
        .await
        .expect_success();
    user.run(["assign-sets"]).await.expect_success();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gallery_shows_the_stream_the_sets_a_photo_and_the_calls() {
    let env = Env::start().await;
    migrated(&env).await;
    let Some(stream) = dump_dom(&env.url("/")).await else {
        return left_out("the gallery");
    };
    let photos = env.photos().await;
    for photo in &photos {
        assert!(
            stream.contains(&format!("/photos/{}", photo.id)),
            "{} is not shown",
            photo.title
        );
    }
    assert_eq!(
        stream.matches("<img").count(),
        photos.len(),
        "a thumbnail each"
    );

    let sets = dump_dom(&env.url("/sets"))
        .await
        .expect("the browser is there");
    for title in ["2013/Cats", "2013/Café, été", "2013/Space", "2014/Textures"] {
        assert!(sets.contains(title), "{title} is not among the sets");
    }
    let brick = photos
        .iter()
        .find(|photo| photo.title.contains("100%"))
        .expect("an example");
    let page = dump_dom(&env.url(&format!("/photos/{}", brick.id)))
        .await
        .expect("a page");
    for shown in [
        "2014/Textures/100% brick+mortar.jpg",
        "s3flickr:path=",
        "private",
        &brick.sha1,
    ] {
        assert!(page.contains(shown), "{shown} is not on the photo's page");
    }
    let calls = dump_dom(&env.url("/calls")).await.expect("a page");
    assert!(
        calls.contains("flickr.photosets.editPhotos"),
        "the log of calls"
    );

    let picture = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.png");
    screenshot(&env.url("/"), &picture, 1280, 900)
        .await
        .expect("a picture");
    assert!(
        std::fs::metadata(&picture).expect("a file").len() > 50_000,
        "thumbnails are drawn"
    );
}
