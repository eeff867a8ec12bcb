//! Restarts, load and pages.

use super::*;

#[tokio::test]
async fn everything_survives_a_restart_and_one_folder_serves_one_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        dir: Some(dir.path().into()),
        ..Options::default()
    };
    let first = client(options.clone()).await;
    let photo = first.photo("a").await;
    first
        .call(
            "flickr.photosets.create",
            &[("title", "s"), ("primary_photo_id", &photo)],
        )
        .await;
    let before = first.look("/sandbox/state").await;
    let busy = start(options.clone()).await.unwrap_err().to_string();
    assert!(busy.ends_with("is in use by another sandbox"), "{busy}");
    first.sandbox.stop().await;
    let second = client(options).await;
    assert_eq!(second.look("/sandbox/state").await, before);
    assert_ne!(second.photo("b").await, photo);
}

#[tokio::test]
async fn many_uploads_at_once_all_arrive() {
    let client = Arc::new(client(Options::default()).await);
    let uploads = (0..64).map(|number| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.photo(&format!("{number:02}")).await })
    });
    let mut ids = Vec::new();
    for upload in uploads.collect::<Vec<_>>() {
        ids.push(upload.await.unwrap());
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), client.titles().await.len()), (64, 64));
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    assert!(matches!(
        start(Options {
            listen,
            ..Options::default()
        })
        .await,
        Err(Error::NotLoopback { .. })
    ));
}

#[tokio::test]
async fn the_pages_show_what_arrived_and_escape_it() {
    let client = client(Options::default()).await;
    let id = client.photo("2013/<b>x</b>.jpg").await;
    for path in [
        "/",
        &format!("/photos/{id}"),
        &format!("/photos/201234567@N08/{id}/"),
        "/sets",
        "/calls",
    ] {
        let page = client
            .http
            .get(format!("{}{path}", client.sandbox.base_url()))
            .send()
            .await
            .unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert!(!page.text().await.unwrap().contains("<b>"), "{path}");
    }
    let missing = client
        .http
        .get(format!("{}/photos/1", client.sandbox.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
