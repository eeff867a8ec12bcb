//! The sandbox's page in a real browser: what a person would look for is there.

use std::path::Path;

use s3flickr::flickr::{Endpoints, Login, Rights, Timeouts};
use serde_json::json;
use tempfile::TempDir;

use crate::support::browser::script::run_script;
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

    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery.png");
    screenshot(&env.url("/"), &picture, 1280, 900)
        .await
        .expect("a picture");
    assert!(
        std::fs::metadata(&picture).expect("a file").len() > 50_000,
        "thumbnails are drawn"
    );
}

/// The address of the page that asks whether s3flickr may use the account.
async fn login_page(env: &Env) -> String {
    let endpoints = Endpoints::under(&env.url("")).expect("a loopback address");
    let keys = env.variables();
    let key = |name: &str| {
        keys.iter()
            .find(|(n, _)| *n == name)
            .expect("a key")
            .1
            .clone()
    };
    let (key, secret) = (key("FLICKR_API_KEY"), key("FLICKR_API_SECRET"));
    let login = Login::new(endpoints, key, secret.into(), &Timeouts::default()).expect("a client");
    let token = login.request_token("oob").await.expect("a token");
    login.authorize_url(&token, Rights::Write)
}

/// The path of the first album.
async fn album(env: &Env) -> String {
    let albums = reqwest::get(env.url("/sets")).await.expect("a page");
    let albums = albums.text().await.expect("HTML");
    let (_, rest) = albums.split_once("href=\"/sets/").expect("an album");
    let (id, _) = rest.split_once('"').expect("the end of the address");
    format!("/sets/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page() {
    let (empty, env) = (Env::start().await, Env::start().await);
    migrated(&env).await;
    let photo = env.id_of("2013/Cats/IMG_0001.jpg").await;
    let album = album(&env).await;
    let urls = [
        empty.url("/"),
        empty.url("/sets"),
        empty.url("/calls"),
        env.url("/"),
        env.url("/sets"),
        env.url(&album),
        env.url(&format!("/photos/{photo}")),
        env.url("/calls"),
        env.url("/nothing"),
        login_page(&env).await,
    ];
    let Some(found) = run_script(json!({"do": "axe", "urls": urls})).await else {
        return left_out("axe");
    };
    assert_eq!(found, json!([]), "{found:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arrow_keys_lead_through_the_photos() {
    let env = Env::start().await;
    migrated(&env).await;
    // The newest photo comes first, and ids ascend.
    let mut ids: Vec<String> = env
        .photos()
        .await
        .into_iter()
        .map(|photo| photo.id)
        .collect();
    ids.sort_by(|a, b| b.cmp(a));
    let page = |id: &String| env.url(&format!("/photos/{id}"));
    let task = json!({"do": "keys", "url": page(&ids[0]), "keys": ["ArrowRight", "ArrowRight", "ArrowLeft"]});
    let Some(seen) = run_script(task).await else {
        return left_out("the arrow keys");
    };
    assert_eq!(seen, json!([page(&ids[1]), page(&ids[2]), page(&ids[1])]));
}

/// Comes back when the file is there.
async fn appears(file: &Path) {
    while !file.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_arrive_are_shown_and_neither_focus_nor_place_is_lost() {
    let env = Env::start().await;
    let user = migrated(&env).await;
    let folder = TempDir::new().expect("a folder");
    let proceed = folder.path().join("proceed");
    let focused = env.id_of("2014/Textures/grass.jpg").await;
    let task = json!({
        "do": "live", "url": env.url("/"), "focus": format!("[data-key='{focused}']"),
        "expect": ".grid > [data-key]:nth-child(10)", "proceed": proceed,
    });
    let arrives = async {
        appears(&proceed).await;
        let example = "examples/photos/2014/Textures/grass.jpg";
        let mut bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(example)).unwrap();
        bytes.push(0);
        std::fs::write(folder.path().join("new.jpg"), bytes).unwrap();
        let from = folder.path().to_str().expect("a path");
        user.run(["populate", "--from", from])
            .await
            .expect_success();
        user.run(["work", "--calls-per-hour", "0"])
            .await
            .expect_success();
    };
    let (seen, ()) = tokio::select! {
        seen = run_script(task) => (seen, ()),
        never = async { arrives.await; std::future::pending().await } => never,
    };
    let Some(seen) = seen else {
        return left_out("the refresh of the gallery");
    };
    let (before, after) = (&seen["before"], &seen["after"]);
    assert_eq!(
        (&before["tiles"], &after["tiles"]),
        (&json!(9), &json!(10)),
        "{seen:#}"
    );
    assert_eq!(
        (&before["focused"], &after["focused"]),
        (&json!(true), &json!(true)),
        "{seen:#}"
    );
    assert_eq!(before["top"], after["top"], "{seen:#}");
    assert!(before["scrolled"].as_i64() > Some(0), "{seen:#}");
}
