//! Calls over real HTTP: what is sent, what is repeated, what is not.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::testing::{self, Canned, client, client_with, is_signed, scripted};
use super::super::{Calls, Rights, Timeouts};
use super::*;

const LOGIN: &str =
    r#"{"user":{"id":"78733179@N04","username":{"_content":"@janko-m"}},"stat":"ok"}"#;
const MADE: &str = r#"{"photoset":{"id":"72157636216289703"},"stat":"ok"}"#;

#[tokio::test]
async fn a_read_is_a_signed_get_and_a_write_is_a_signed_post_with_its_ids_in_the_body() {
    let server = scripted(vec![Canned::ok(LOGIN), Canned::ok(r#"{"stat":"ok"}"#)]).await;
    let client = client(&server.base);
    client.whoami().await.unwrap();
    client
        .edit_set("1", "2", &["3".into(), "2".into()])
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(
        (seen[0].verb.as_str(), seen[0].uri.path()),
        ("GET", "/services/rest")
    );
    assert_eq!((seen[1].verb.as_str(), seen[1].uri.query()), ("POST", None));
    assert_eq!(seen[1].param("photo_ids").as_deref(), Some("3,2"));
    for request in &seen {
        assert!(is_signed(request, &server.base, request.params()));
        assert_eq!(request.param("nojsoncallback").as_deref(), Some("1"));
        assert_eq!(request.headers["user-agent"], super::super::USER_AGENT);
    }
}

#[tokio::test]
async fn the_token_is_checked_with_all_of_oauth_in_the_query() {
    let answer = r#"{"oauth":{"token":{"_content":"1"},"perms":{"_content":"write"}},"stat":"ok"}"#;
    let server = scripted(vec![Canned::ok(answer)]).await;
    assert_eq!(client(&server.base).rights().await.unwrap(), Rights::Write);
    let seen = &server.seen()[0];
    assert!(!seen.headers.contains_key("authorization"));
    let params = seen.params();
    assert_eq!(
        params
            .iter()
            .filter(|(name, _)| name == "oauth_token")
            .count(),
        1
    );
    let address = format!("{}/services/rest", server.base);
    let signature = testing::signature(
        "GET",
        &address,
        &params,
        "a9567d986a7539fe&a202d1f853ec69de",
    );
    assert_eq!(seen.param("oauth_signature"), Some(signature));
}

#[tokio::test]
async fn a_read_is_repeated_through_every_kind_of_trouble_and_signed_anew() {
    let server = scripted(vec![
        Canned::new(502, "<html>Will be right back</html>"),
        Canned::new(429, "<html><body><h1>429 Too Many Requests</h1>"),
        Canned::ok(r#"<rsp stat="ok"><set_ids/><created_now/></rsp>"#),
        Canned::ok(r#"{"photos":{},"stat":"ok"}"#),
        Canned::ok(LOGIN),
    ])
    .await;
    let client = client(&server.base);
    assert_eq!(client.whoami().await.unwrap().name, "@janko-m");
    assert_eq!(
        client.calls(),
        Calls {
            rest: 5,
            uploads: 0
        }
    );
    let mut nonces: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| seen.oauth()[1].clone())
        .collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 5, "{nonces:?}");
}

#[tokio::test]
async fn a_read_is_given_up_after_five_times() {
    let server = scripted(vec![Canned::new(503, "")]).await;
    let error = client(&server.base).whoami().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn what_is_not_transient_is_not_repeated() {
    let server = scripted(vec![Canned::new(401, "oauth_problem=token_rejected")]).await;
    let error = client(&server.base).whoami().await.unwrap_err();
    assert!(
        matches!(error, Error::TokenRevoked { .. }) && error.stops_everything(),
        "{error}"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_making_of_a_set_is_not_repeated_after_an_unclear_answer() {
    for unclear in [
        Canned::new(502, ""),
        Canned::ok(""),
        Canned::ok(r#"{"stat":"ok"}"#),
    ] {
        let server = scripted(vec![unclear, Canned::ok(MADE)]).await;
        let error = client(&server.base)
            .create_set("Oslo", "1")
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn the_making_of_a_set_is_repeated_where_it_was_refused_before_anything_was_done() {
    let server = scripted(vec![Canned::new(429, ""), Canned::ok(MADE)]).await;
    assert_eq!(
        client(&server.base).create_set("Oslo", "1").await.unwrap(),
        "72157636216289703"
    );
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_a_deletion() {
    let server = scripted(vec![
        Canned::new(504, ""),
        Canned::ok(r#"{"stat":"fail","code":1,"message":"Photoset not found"}"#),
    ])
    .await;
    client(&server.base).delete_set("1").await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_wrong_clock_is_set_by_flickrs_once() {
    let refused = || {
        Canned::new(401, "oauth_problem=timestamp_refused")
            .header("date", "Tue, 29 Nov 2033 12:00:00 GMT")
    };
    let server = scripted(vec![refused(), Canned::ok(LOGIN)]).await;
    client(&server.base).whoami().await.unwrap();
    let oauth = server.seen()[1].oauth();
    let timestamp = &oauth
        .iter()
        .find(|(name, _)| name == "oauth_timestamp")
        .unwrap()
        .1;
    assert!(timestamp.starts_with("20168784"), "{timestamp}");

    let server = scripted(vec![refused()]).await;
    let error = client(&server.base).whoami().await.unwrap_err();
    assert!(matches!(error, Error::ClockSkew), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_lost_connection_is_harmless_to_a_read_and_ambiguous_to_the_making_of_a_set() {
    let base = testing::raw(async |mut stream| {
        let mut bytes = [0; 4096];
        let _ = stream.read(&mut bytes).await;
        let _ = stream.shutdown().await;
    })
    .await;
    let client = client(&base);
    let error = client.whoami().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert_eq!(client.calls().rest, 5);
    let error = client.create_set("Oslo", "1").await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
}

#[tokio::test]
async fn nobody_there_means_that_nothing_was_done() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&base).create_set("Oslo", "1").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}

/// Takes a connection and says nothing.
async fn silent(stream: tokio::net::TcpStream) {
    let _open = stream;
    std::future::pending().await
}

#[tokio::test]
async fn no_error_tells_the_token_or_a_secret_or_an_address() {
    let base = testing::raw(silent).await;
    let timeouts = Timeouts {
        call: Duration::from_millis(20),
        ..testing::timeouts()
    };
    let client = client_with(&base, timeouts);
    let error = client.rights().await.unwrap_err();
    let mut told = format!("{error} {error:?} {client:?} {:?}", testing::credentials());
    let mut cause = std::error::Error::source(&error);
    assert!(cause.is_some());
    while let Some(error) = cause {
        told += &format!(" {error} {error:?}");
        cause = error.source();
    }
    let secrets = testing::credentials();
    assert!(!told.contains(&secrets.token), "{told}");
    assert!(
        !told.contains("a9567d986a7539fe") && !told.contains("a202d1f853ec69de"),
        "{told}"
    );
    assert!(!told.contains("oauth_signature"), "{told}");
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_not_read_to_fill_the_memory() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let base = testing::raw(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":\"").await;
            let piece = vec![b'a'; 1 << 16];
            while stream.write_all(&piece).await.is_ok() {
                count.fetch_add(piece.len(), Ordering::Relaxed);
            }
        }
    })
    .await;
    let error = client(&base).create_set("Oslo", "1").await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    assert!(error.to_string().contains("more than 32 MiB"), "{error}");
    // What lies in the sockets comes on top.
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 64 << 20, "{sent} bytes");
}

#[tokio::test]
async fn what_flickr_says_is_told_without_the_key_or_the_token() {
    let secrets = testing::credentials();
    let echo = format!(
        r#"{{"stat":"fail","code":100,"message":"Invalid API Key {} of {}"}}"#,
        secrets.api_key, secrets.token
    );
    let odd = format!(r#"{{"user":"{}","stat":"ok"}}"#, secrets.api_key);
    let server = scripted(vec![Canned::ok(&echo), Canned::ok(&odd)]).await;
    let client = client(&server.base);
    for _ in 0..2 {
        let told = format!("{:?}", client.whoami().await.unwrap_err());
        assert!(!told.contains(&secrets.api_key), "{told}");
        assert!(!told.contains(&secrets.token), "{told}");
    }
}
