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

/// A page of the gallery contains all of these texts.
async fn shows(env: &Env, path: &str, texts: &[&str]) {
    let page = dump_dom(&env.url(path)).await.expect("a page");
    for text in texts {
        assert!(page.contains(text), "{text} is not on {path}");
    }
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

    let folders = ["2013/Cats", "2013/Café, été", "2013/Space", "2014/Textures"];
    shows(&env, "/sets", &folders).await;
    let brick = photos
        .iter()
        .find(|photo| photo.title.contains("100%"))
        .expect("an example");
    let title = "2014/Textures/100% brick+mortar.jpg";
    let of_photo = [title, "s3flickr:path=", "private", &brick.sha1];
    shows(&env, &format!("/photos/{}", brick.id), &of_photo).await;
    shows(&env, "/calls", &["flickr.photosets.editPhotos"]).await;

    let picture = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.png");
    screenshot(&env.url("/"), &picture, 1280, 900)
        .await
        .expect("a picture");
    assert!(
        std::fs::metadata(&picture).expect("a file").len() > 50_000,
        "thumbnails are drawn"
    );
}
