//! Restarts, logins, load and pages.

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
async fn a_login_gives_a_token_that_outlives_the_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        dir: Some(dir.path().into()),
        ..Options::default()
    };
    let mut first = client(options.clone()).await;
    let step =
        async |client: &Client, path: &str, params: &[(&str, &str)]| -> BTreeMap<String, String> {
            let url = format!(
                "{}{path}?{}",
                client.sandbox.base_url(),
                params
                    .iter()
                    .map(|(n, v)| format!("{n}={v}"))
                    .collect::<Vec<_>>()
                    .join("&")
            );
            let request = client
                .http
                .get(url)
                .header("Authorization", client.header("GET", path, params));
            let body = request.send().await.unwrap().text().await.unwrap();
            params::Params::parse(&body)
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
    first.keys.token.clear();
    first.keys.token_secret.clear();
    let asked = step(
        &first,
        "/services/oauth/request_token",
        &[("oauth_callback", "oob")],
    )
    .await;
    let page = format!(
        "{}/services/oauth/authorize?perms=write&oauth_token={}",
        first.sandbox.base_url(),
        asked["oauth_token"]
    );
    assert!(
        first
            .http
            .get(&page)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("upload")
    );
    let page = first
        .http
        .post(&page)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let code = page
        .split("id=\"code\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    first.keys.token = asked["oauth_token"].clone();
    first.keys.token_secret = asked["oauth_token_secret"].clone();
    let wrong = step(
        &first,
        "/services/oauth/access_token",
        &[("oauth_verifier", "000-000-00")],
    )
    .await;
    assert_eq!(wrong["oauth_problem"], "token_rejected");
    let given = step(
        &first,
        "/services/oauth/access_token",
        &[("oauth_verifier", code)],
    )
    .await;
    first.sandbox.stop().await;
    let mut second = client(options).await;
    second.keys.token = given["oauth_token"].clone();
    second.keys.token_secret = given["oauth_token_secret"].clone();
    let photo = second.photo("a").await;
    let refused = second
        .call("flickr.photos.delete", &[("photo_id", &photo)])
        .await;
    assert_eq!(
        refused["message"],
        "Insufficient permissions. Method requires delete privileges; write granted."
    );
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
