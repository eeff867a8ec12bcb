//! The gallery without a browser: who is served, with which headers, and which pictures.

use image::{DynamicImage, ImageFormat};
use reqwest::Method;
use reqwest::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN};

use super::*;

/// A request with this header; the answer.
async fn asked(
    client: &Client,
    method: Method,
    path: &str,
    (name, value): (reqwest::header::HeaderName, &str),
) -> reqwest::Response {
    let url = format!("{}{path}", client.sandbox.base_url());
    let request = client.http.request(method, url).header(name, value);
    request.body("[]").send().await.unwrap()
}

#[tokio::test]
async fn only_loopback_hosts_are_served() {
    let client = client(Options::default()).await;
    for host in ["localhost", "127.0.0.1:1", "[::1]:8765"] {
        let answer = asked(&client, Method::GET, "/", (HOST, host)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{host}");
    }
    for path in [
        "/",
        "/calls",
        "/sandbox/state",
        "/services/rest",
        "/nothing",
    ] {
        let answer = asked(&client, Method::GET, path, (HOST, "evil.example")).await;
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        let line = answer.text().await.unwrap();
        assert!(
            line.contains("evil.example") && line.contains("localhost"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_web_page_elsewhere_changes_nothing() {
    let client = client(Options::default()).await;
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
    ] {
        let answer = asked(&client, Method::POST, "/sandbox/faults", (ORIGIN, origin)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let own = client.sandbox.base_url();
    let answer = asked(&client, Method::POST, "/sandbox/faults", (ORIGIN, &own)).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let client = client(Options::default()).await;
    for path in [
        "/",
        "/sets",
        "/calls",
        "/nothing",
        "/gallery.js",
        "/gallery.css",
        "/sandbox/state",
    ] {
        let url = format!("{}{path}", client.sandbox.base_url());
        let answer = client.http.get(url).send().await.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value
                .map(|value| value.to_str().unwrap())
                .unwrap_or_default()
        };
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert!(header("cache-control").starts_with("no-"), "{path}");
        let policy = header(CONTENT_SECURITY_POLICY.as_str());
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        let script = policy.split(';').find(|part| part.contains("script-src"));
        assert!(
            !script.unwrap_or_default().contains("unsafe"),
            "{path}: {policy}"
        );
    }
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = DynamicImage::new_rgb8(width, height);
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The picture of this size of the only photo, and its content type.
async fn picture(client: &Client, url: &str) -> (String, Vec<u8>) {
    let params = [("user_id", "me"), ("extras", url)];
    let listed = client.call("flickr.people.getPhotos", &params).await;
    let url = listed["photos"]["photo"][0][url].as_str().unwrap();
    let answer = client.http.get(url).send().await.unwrap();
    let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    (kind, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn small_sizes_are_small_pictures_and_the_original_is_the_upload() {
    let client = client(Options::default()).await;
    let bytes = encoded(900, 600, ImageFormat::Png);
    client.upload("a.png", &bytes, &[]).await;
    let (kind, small) = picture(&client, "url_n").await;
    let small = image::load_from_memory(&small).unwrap();
    assert_eq!(
        (kind.as_str(), small.width(), small.height()),
        ("image/jpeg", 320, 213)
    );
    assert_eq!(
        picture(&client, "url_o").await,
        ("image/png".to_owned(), bytes)
    );
}

#[tokio::test]
async fn a_tiff_is_shown_as_the_jpeg_made_of_it() {
    let client = client(Options::default()).await;
    client
        .upload("a.tif", &encoded(640, 480, ImageFormat::Tiff), &[])
        .await;
    let (kind, original) = picture(&client, "url_o").await;
    assert_eq!(image::guess_format(&original).unwrap(), ImageFormat::Jpeg);
    let original = image::load_from_memory(&original).unwrap();
    assert_eq!(
        (kind.as_str(), original.width(), original.height()),
        ("image/jpeg", 640, 480)
    );
}

#[tokio::test]
async fn what_cannot_be_decoded_has_a_placeholder() {
    let client = client(Options::default()).await;
    client
        .upload("a.jpg", b"\xff\xd8\xff but no more", &[])
        .await;
    let (kind, placeholder) = picture(&client, "url_n").await;
    assert_eq!(kind, "image/svg+xml");
    assert!(
        String::from_utf8(placeholder)
            .unwrap()
            .contains("no preview")
    );
}

#[tokio::test]
async fn a_photo_leads_to_its_neighbours_in_the_stream_and_in_an_album() {
    let client = client(Options::default()).await;
    let (a, b, c) = (
        client.photo("a").await,
        client.photo("b").await,
        client.photo("c").await,
    );
    let set = [("title", "album"), ("primary_photo_id", a.as_str())];
    let made = client.call("flickr.photosets.create", &set).await;
    let set = made["photoset"]["id"].as_str().unwrap();
    let added = [("photoset_id", set), ("photo_id", c.as_str())];
    client.call("flickr.photosets.addPhoto", &added).await;
    let page = async |path: String| {
        let url = format!("{}{path}", client.sandbox.base_url());
        client
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let stream = page(format!("/photos/{b}")).await;
    assert!(
        stream.contains(&format!("rel=\"prev\" href=\"/photos/{c}\"")),
        "{stream}"
    );
    assert!(
        stream.contains(&format!("rel=\"next\" href=\"/photos/{a}\"")),
        "{stream}"
    );
    let album = page(format!("/photos/{a}?album={set}")).await;
    assert!(!album.contains("rel=\"prev\""), "{album}");
    assert!(
        album.contains(&format!("rel=\"next\" href=\"/photos/{c}?album={set}\"")),
        "{album}"
    );
}

#[tokio::test]
async fn a_login_page_lets_its_form_lead_to_the_callback() {
    let mut client = client(Options::default()).await;
    client.keys.token.clear();
    let policy = async |callback: &str| {
        let path = "/services/oauth/request_token";
        let params = [("oauth_callback", callback)];
        let header = client.header("POST", path, &params);
        let url = format!("{}{path}", client.sandbox.base_url());
        let request = client.http.post(url).header("Authorization", header);
        let body = request
            .form(&params)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let fields = params::Params::parse(&body);
        let token = fields.get("oauth_token").unwrap();
        let url = format!(
            "{}/services/oauth/authorize?oauth_token={token}",
            client.sandbox.base_url()
        );
        let page = client.http.get(url).send().await.unwrap();
        page.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert!(
        policy("oob")
            .await
            .trim_end()
            .ends_with("form-action 'self'")
    );
    let with_callback = policy("http://localhost:4321/back?x=1").await;
    assert!(with_callback.ends_with("form-action 'self' http://localhost:4321"));
}
