//! The sandbox over HTTP, signed by a library that is not ours.

use std::collections::BTreeMap;

use oauth::{Builder, Credentials as Keys, HMAC_SHA1, ParameterList};
use oauth1_request as oauth;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::*;

struct Client {
    sandbox: Sandbox,
    keys: Credentials,
    http: reqwest::Client,
}

async fn client(options: Options) -> Client {
    let sandbox = start(options).await.unwrap();
    Client {
        keys: sandbox.credentials().clone(),
        sandbox,
        http: reqwest::Client::new(),
    }
}

impl Client {
    fn header(&self, method: &str, path: &str, params: &[(&str, &str)]) -> String {
        let keys = &self.keys;
        let mut builder = Builder::<_, &str, &str>::new(
            Keys::new(keys.api_key.as_str(), keys.api_secret.as_str()),
            HMAC_SHA1,
        );
        if !keys.token.is_empty() {
            builder.token(Keys::new(keys.token.as_str(), keys.token_secret.as_str()));
        }
        let url = format!("{}{path}", self.sandbox.base_url());
        builder.authorize(method, url, &ParameterList::new(params.to_vec()))
    }

    async fn send(
        &self,
        method: &str,
        params: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let mut params = params.to_vec();
        params.extend([
            ("method", method),
            ("format", "json"),
            ("nojsoncallback", "1"),
        ]);
        let url = format!("{}/services/rest", self.sandbox.base_url());
        let header = self.header("POST", "/services/rest", &params);
        self.http
            .post(url)
            .header("Authorization", header)
            .form(&params)
            .send()
            .await
    }

    async fn call(&self, method: &str, params: &[(&str, &str)]) -> Value {
        let body = self
            .send(method, params)
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str(&body).unwrap_or(Value::String(body))
    }

    async fn send_upload(
        &self,
        file: &str,
        bytes: &[u8],
        params: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let header = self.header("POST", "/services/upload/", params);
        let texts = params.iter().fold(Form::new(), |form, (name, value)| {
            form.text(name.to_string(), value.to_string())
        });
        let form = texts.part(
            "photo",
            Part::bytes(bytes.to_vec()).file_name(file.to_owned()),
        );
        let url = format!("{}/services/upload/", self.sandbox.base_url());
        self.http
            .post(url)
            .header("Authorization", header)
            .multipart(form)
            .send()
            .await
    }

    async fn upload(&self, file: &str, bytes: &[u8], params: &[(&str, &str)]) -> String {
        self.send_upload(file, bytes, params)
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    async fn photo(&self, title: &str) -> String {
        let answer = self
            .upload("x.jpg", &jpeg(title), &[("title", title)])
            .await;
        let id = answer
            .split("<photoid>")
            .nth(1)
            .and_then(|rest| rest.split('<').next());
        id.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    async fn look(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.base_url());
        serde_json::from_str(
            &self
                .http
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap(),
        )
        .unwrap()
    }

    async fn switch(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.sandbox.base_url());
        let answer = self
            .http
            .post(url)
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{}",
            answer.text().await.unwrap()
        );
    }

    async fn titles(&self) -> Vec<String> {
        let state = self.look("/sandbox/state").await;
        state["photos"]
            .as_array()
            .unwrap()
            .iter()
            .map(|photo| photo["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn jpeg(salt: &str) -> Vec<u8> {
    [media::GREY_JPEG, salt.as_bytes()].concat()
}

fn code(answer: &Value) -> (&str, i64) {
    (
        answer["stat"].as_str().unwrap(),
        answer["code"].as_i64().unwrap_or(0),
    )
}

#[tokio::test]
async fn a_photo_comes_back_byte_for_byte_with_its_tags() {
    let client = client(Options::default()).await;
    let params = [
        ("title", "2013/It's (a) *test*! ~é.jpg"),
        ("tags", "s3flickr:path=ab2 \"two words\""),
        ("is_family", "1"),
    ];
    client.upload("a.JPG", &jpeg("é"), &params).await;
    let list = [
        ("user_id", "me"),
        ("extras", "url_o,tags,machine_tags,date_upload"),
    ];
    let answer = client.call("flickr.people.getPhotos", &list).await;
    let photo = &answer["photos"]["photo"][0];
    assert_eq!(photo["title"], "2013/It's (a) *test*! ~é.jpg");
    assert_eq!(
        (&photo["tags"], &photo["machine_tags"]),
        (
            &json!("s3flickr:path=ab2 twowords"),
            &json!("s3flickr:path=ab2")
        )
    );
    assert_eq!(
        (photo["ispublic"].as_i64(), photo["isfamily"].as_i64()),
        (Some(0), Some(1))
    );
    let original = client
        .http
        .get(photo["url_o"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(original.bytes().await.unwrap(), jpeg("é"));
    let found = client
        .call(
            "flickr.photos.search",
            &[("user_id", "me"), ("machine_tags", "s3flickr:path=ab2")],
        )
        .await;
    assert_eq!(found["photos"]["photo"][0]["id"], photo["id"]);
}

#[tokio::test]
async fn a_set_takes_the_whole_list_that_edit_photos_gives_it() {
    let client = client(Options::default()).await;
    let (a, b, c) = (
        client.photo("a").await,
        client.photo("b").await,
        client.photo("c").await,
    );
    let made = client
        .call(
            "flickr.photosets.create",
            &[("title", "2013"), ("primary_photo_id", &a)],
        )
        .await;
    let set = made["photoset"]["id"].as_str().unwrap();
    let again = client
        .call(
            "flickr.photosets.addPhoto",
            &[("photoset_id", set), ("photo_id", &a)],
        )
        .await;
    assert_eq!(code(&again), ("fail", 3));
    let edit = async |ids: &str, primary: &str| {
        let params = [
            ("photoset_id", set),
            ("primary_photo_id", primary),
            ("photo_ids", ids),
        ];
        client.call("flickr.photosets.editPhotos", &params).await
    };
    assert_eq!(code(&edit(&format!("{c},{b}"), &b).await), ("ok", 0));
    let members = client
        .call("flickr.photosets.getPhotos", &[("photoset_id", set)])
        .await;
    let titles: Vec<_> = members["photoset"]["photo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| &photo["title"])
        .collect();
    assert_eq!(titles, ["c", "b"]);
    assert_eq!(code(&edit(&format!("{c},{b}"), &a).await), ("fail", 4));
    assert_eq!(code(&edit("", &a).await), ("fail", 5));
    assert_eq!(
        edit(&format!("{c}, {b}"), &b).await["message"],
        "Photo \"\" not found"
    );
    assert_eq!(code(&edit(&format!("{c},{b}"), "1").await), ("fail", 3));
    let emptied = [("photoset_id", set), ("photo_ids", &format!("{c},{b}"))];
    assert_eq!(
        code(&client.call("flickr.photosets.removePhotos", &emptied).await),
        ("ok", 0)
    );
    assert_eq!(
        code(
            &client
                .call("flickr.photosets.getInfo", &[("photoset_id", set)])
                .await
        ),
        ("fail", 1)
    );
}

#[tokio::test]
async fn the_same_bytes_are_refused_when_asked_and_the_oldest_is_named() {
    let client = client(Options::default()).await;
    let first = client.photo("a").await;
    client.photo("a").await;
    let answer = client
        .upload("b.jpg", &jpeg("a"), &[("title", "b"), ("dedup_check", "1")])
        .await;
    assert!(
        answer.contains("code=\"9\"") && answer.contains(&format!("<duplicate_photo_id>{first}<")),
        "{answer}"
    );
    assert_eq!(client.titles().await, ["a", "a"]);
}

#[tokio::test]
async fn files_that_flickr_does_not_take_are_refused_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let client = client(Options {
        dir: Some(dir.path().into()),
        ..Options::default()
    })
    .await;
    for (file, bytes, error) in [
        ("a.jpg", &b""[..], 4),
        ("a.webp", b"RIFFxxxxWEBP", 5),
        ("a.nef", b"II*\0", 5),
    ] {
        let answer = client.upload(file, bytes, &[]).await;
        assert!(
            answer.contains(&format!("<err code=\"{error}\"")),
            "{answer}"
        );
    }
    assert_eq!(
        std::fs::read_dir(dir.path().join("originals"))
            .unwrap()
            .count(),
        0
    );
    client.upload("holiday.jpg", &jpeg("x"), &[]).await;
    assert_eq!(client.titles().await, ["holiday"]);
}

#[tokio::test]
async fn a_free_account_fills_up() {
    let client = client(Options::default()).await;
    client
        .switch(
            "/sandbox/account",
            json!({"pro": false, "non_public_limit": 1}),
        )
        .await;
    client.photo("a").await;
    assert!(
        client
            .upload("b.jpg", &jpeg("b"), &[])
            .await
            .contains("code=\"6\"")
    );
    assert!(
        client
            .upload("b.jpg", &jpeg("b"), &[("is_public", "1")])
            .await
            .contains("stat=\"ok\"")
    );
}

#[tokio::test]
async fn a_ticket_is_pending_first_and_done_then() {
    let client = client(Options::default()).await;
    let answer = client.upload("a.jpg", &jpeg("a"), &[("async", "1")]).await;
    let ticket = answer
        .split("<ticketid>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let check = async || {
        client
            .call("flickr.photos.upload.checkTickets", &[("tickets", ticket)])
            .await
    };
    assert_eq!(check().await["uploader"]["ticket"][0]["complete"], 0);
    assert_eq!(check().await["uploader"]["ticket"][0]["complete"], 1);
}

#[tokio::test]
async fn signatures_rights_and_verbs_are_checked() {
    let mut client = client(Options::default()).await;
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
    let answer = client
        .http
        .get(&url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        answer.contains("code=\"99\"")
            && answer.contains("requires delete privileges; none granted."),
        "{answer}"
    );
    let short_key = url.replace(&client.keys.api_key, "abc");
    assert!(
        client
            .http
            .get(short_key)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("(Key has invalid format)")
    );
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
        u64::try_from(core::now()).unwrap() - 100,
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
async fn faults_strike_before_or_after_the_work() {
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
async fn lists_and_fresh_photos_can_lie() {
    let client = client(Options::default()).await;
    client.photo("a").await;
    client.photo("b").await;
    let script = json!([
        {"call": "upload", "fault": "unknown-photo", "calls": 2},
        {"call": "flickr.people.getPhotos", "fault": "stale-list", "newest": 1, "times": 1},
        {"call": "flickr.people.getPhotos", "fault": "short-page", "times": 1},
        {"call": "flickr.test.login", "fault": "throttle", "times": 1},
        {"call": "flickr.test.login", "fault": "token-revoked", "times": 1},
    ]);
    client.switch("/sandbox/faults", script).await;
    let fresh = client.photo("c").await;
    let set = [("title", "s"), ("primary_photo_id", fresh.as_str())];
    assert_eq!(
        code(&client.call("flickr.photosets.create", &set).await),
        ("fail", 2)
    );
    assert_eq!(
        code(
            &client
                .call("flickr.photos.getInfo", &[("photo_id", &fresh)])
                .await
        ),
        ("fail", 1)
    );
    assert_eq!(
        code(&client.call("flickr.photosets.create", &set).await),
        ("ok", 0)
    );
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
    assert_eq!(
        client.call("flickr.test.login", &[]).await,
        "oauth_problem=token_rejected"
    );
    assert_eq!(
        code(&client.call("flickr.test.login", &[]).await),
        ("ok", 0)
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
