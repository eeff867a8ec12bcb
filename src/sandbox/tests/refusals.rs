//! What is refused, and what faults do.

use super::*;

async fn get(client: &Client, url: &str) -> String {
    let answer = client.http.get(url).send().await.unwrap();
    answer.text().await.unwrap()
}

#[tokio::test]
async fn rights_and_keys_are_checked() {
    let client = client(Options::default()).await;
    client.photo("a").await;
    assert_eq!(
        code(&client.call("flickr.no.such", &[]).await),
        ("fail", 112)
    );
    let url = format!(
        "{}/services/rest?method=flickr.photos.delete&api_key={}",
        client.sandbox.base_url(),
        client.keys.api_key
    );
    let answer = get(&client, &url).await;
    assert!(
        answer.contains("code=\"99\"")
            && answer.contains("requires delete privileges; none granted."),
        "{answer}"
    );
    let short_key = url.replace(&client.keys.api_key, "abc");
    let answer = get(&client, &short_key).await;
    assert!(answer.contains("(Key has invalid format)"), "{answer}");
}

#[tokio::test]
async fn signatures_and_tokens_are_checked() {
    let mut client = client(Options::default()).await;
    client.keys.token_secret = "0".repeat(16);
    let answer = client.send("flickr.test.login", &[]).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let body = answer.text().await.unwrap();
    assert!(
        body.starts_with("oauth_problem=signature_invalid&debug_sbs=POST&http%3A%2F%2F127.0.0.1"),
        "{body}"
    );
    client.keys.token = "72157720000000009-0000000000000000".into();
    assert_eq!(
        client.call("flickr.test.login", &[]).await,
        "oauth_problem=token_rejected"
    );
    client.keys.token.clear();
    let answer = client.send("flickr.test.login", &[]).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_clock_that_is_off_and_a_long_address_are_refused() {
    let client = client(Options {
        clock_tolerance: Duration::from_secs(60),
        ..Options::default()
    })
    .await;
    let keys = &client.keys;
    let mut builder = Builder::new(
        Keys::new(keys.api_key.as_str(), keys.api_secret.as_str()),
        HMAC_SHA1,
    );
    builder.token(Keys::new(keys.token.as_str(), keys.token_secret.as_str()));
    builder.timestamp(std::num::NonZeroU64::new(
        u64::try_from(jiff::Timestamp::now().as_second()).unwrap() - 100,
    ));
    let url = format!("{}/services/rest", client.sandbox.base_url());
    let header = builder.authorize(
        "GET",
        &url,
        &ParameterList::new([("method", "flickr.test.login")]),
    );
    let request = client
        .http
        .get(format!("{url}?method=flickr.test.login"))
        .header("Authorization", header);
    assert_eq!(
        request.send().await.unwrap().text().await.unwrap(),
        "oauth_problem=timestamp_refused"
    );
    let long = client
        .http
        .get(format!("{url}?photo_ids={}", "1,".repeat(5000)))
        .send()
        .await
        .unwrap();
    assert_eq!(long.status(), StatusCode::URI_TOO_LONG);
}

#[tokio::test]
async fn faults_fire_before_or_after_the_work() {
    let client = client(Options::default()).await;
    let with = async |fault: Value| client.switch("/sandbox/faults", json!([fault])).await;
    with(json!({"call": "upload", "fault": "lose-answer"})).await;
    assert!(
        client
            .send_upload("a.jpg", &jpeg("a"), &[("title", "lost")])
            .await
            .is_err()
    );
    with(json!({"call": "upload", "fault": "error-before", "status": 502})).await;
    assert_eq!(
        client
            .send_upload("a.jpg", &jpeg("a"), &[("title", "no")])
            .await
            .unwrap()
            .status(),
        StatusCode::BAD_GATEWAY
    );
    with(json!({"call": "upload", "fault": "gateway-timeout-after"})).await;
    let late = client
        .send_upload("a.jpg", &jpeg("a"), &[("title", "late")])
        .await
        .unwrap();
    assert_eq!(late.status(), StatusCode::GATEWAY_TIMEOUT);
    with(json!({"call": "upload", "fault": "reset-halfway"})).await;
    assert!(
        client
            .send_upload("a.jpg", &vec![0; 3_000_000], &[("title", "half")])
            .await
            .is_err()
    );
    with(json!({"call": "upload", "fault": "empty-answer", "times": 1})).await;
    assert_eq!(
        client
            .upload("a.jpg", &jpeg("a"), &[("title", "empty")])
            .await,
        ""
    );
    client.photo("told").await;
    assert_eq!(client.titles().await, ["lost", "late", "empty", "told"]);
    let log = client.look("/sandbox/calls").await;
    assert_eq!(
        (&log["calls"][0]["outcome"], &log["calls"][0]["fault"]),
        (&json!("ok"), &json!("lose-answer"))
    );
    assert_eq!(log["totals"]["upload"]["calls"], 6);
}

#[tokio::test]
async fn a_fresh_photo_is_unknown_for_some_calls() {
    let client = client(Options::default()).await;
    let script = json!([{"call": "upload", "fault": "unknown-photo", "calls": 2}]);
    client.switch("/sandbox/faults", script).await;
    let fresh = client.photo("c").await;
    let set = [("title", "s"), ("primary_photo_id", fresh.as_str())];
    let created = async || client.call("flickr.photosets.create", &set).await;
    assert_eq!(code(&created().await), ("fail", 2));
    let info = [("photo_id", fresh.as_str())];
    let info = client.call("flickr.photos.getInfo", &info).await;
    assert_eq!(code(&info), ("fail", 1));
    assert_eq!(code(&created().await), ("ok", 0));
}

#[tokio::test]
async fn lists_can_lie_and_calls_can_be_refused() {
    let client = client(Options::default()).await;
    for title in ["a", "b", "c"] {
        client.photo(title).await;
    }
    let script = json!([
        {"call": "flickr.people.getPhotos", "fault": "stale-list", "newest": 1, "times": 1},
        {"call": "flickr.people.getPhotos", "fault": "short-page", "times": 1},
        {"call": "flickr.test.login", "fault": "throttle", "times": 1},
        {"call": "flickr.test.login", "fault": "token-revoked", "times": 1},
    ]);
    client.switch("/sandbox/faults", script).await;
    let list = async || {
        client
            .call("flickr.people.getPhotos", &[("user_id", "me")])
            .await["photos"]["photo"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((list().await, list().await, list().await), (2, 2, 3));
    let throttled = client.send("flickr.test.login", &[]).await.unwrap();
    assert_eq!(
        (throttled.status(), throttled.content_length()),
        (StatusCode::TOO_MANY_REQUESTS, Some(117))
    );
    let login = async || client.call("flickr.test.login", &[]).await;
    assert_eq!(login().await, "oauth_problem=token_rejected");
    assert_eq!(code(&login().await), ("ok", 0));
}
