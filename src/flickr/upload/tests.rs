//! Uploads over real HTTP: what arrives, and what a break at each point means.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::testing::{
    self, Canned, Seen, Server, client, client_with, is_signed, raw, scripted,
};
use super::super::{Calls, Timeouts};
use super::*;

const DONE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<rsp stat=\"ok\">\n<photoid>10100736393</photoid>\n</rsp>\n";
const TITLE: &str = "2012/It's (a) *test*! ~100% ćafé + more.JPG";

fn upload(chunks: Vec<io::Result<Bytes>>, length: u64) -> Upload {
    Upload {
        title: TITLE.into(),
        tags: vec!["s3flickr:path=mfxa".into(), "two words".into(), "\"".into()],
        privacy: Privacy::Private,
        file_name: "photo ć.jpg".into(),
        dedup_check: false,
        length,
        body: stream::iter(chunks).boxed(),
    }
}

/// Bytes that differ, in chunks.
fn photo(length: usize) -> (Vec<u8>, Upload) {
    let bytes: Vec<u8> = (0..length).map(|i| (i * 7 % 251) as u8).collect();
    let chunks = bytes
        .chunks(60_000)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    (bytes.clone(), upload(chunks, length as u64))
}

/// More than sockets on loopback hold by themselves.
fn large() -> Upload {
    let chunk = Bytes::from(vec![0; 1 << 20]);
    upload((0..32).map(|_| Ok(chunk.clone())).collect(), 32 << 20)
}

async fn send(client: &Client, upload: Upload) -> Result<String, Error> {
    let permit = client.budget().take().await?;
    client.upload(permit, upload).await
}

/// The parts of a multipart body, as axum reads them: name, file name, bytes.
async fn parts(seen: &Seen) -> Vec<(String, Option<String>, Bytes)> {
    use axum::extract::FromRequest;
    let mut request = axum::extract::Request::new(axum::body::Body::from(seen.body.clone()));
    *request.headers_mut() = seen.headers.clone();
    let mut form = axum::extract::Multipart::from_request(request, &())
        .await
        .unwrap();
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let (name, file) = (
            field.name().unwrap().to_owned(),
            field.file_name().map(Into::into),
        );
        parts.push((name, file, field.bytes().await.unwrap()));
    }
    parts
}

#[tokio::test]
async fn every_byte_arrives_with_its_length_announced_and_all_but_the_photo_signed() {
    let server = scripted(vec![Canned::ok(DONE)]).await;
    let client = client(&server.base);
    let (bytes, mut upload) = photo(1_000_000);
    upload.dedup_check = true;
    assert_eq!(send(&client, upload).await.unwrap(), "10100736393");
    assert_eq!(
        client.calls(),
        Calls {
            rest: 0,
            uploads: 1
        }
    );

    let seen = &server.seen()[0];
    assert_eq!(
        (seen.verb.as_str(), seen.uri.path(), seen.uri.query()),
        ("POST", "/services/upload/", None)
    );
    assert_eq!(
        seen.headers["content-length"],
        seen.body.len().to_string().as_str()
    );
    assert!(!seen.headers.contains_key("transfer-encoding"));
    let mut parts = parts(seen).await;
    let (name, file, received) = parts.pop().unwrap();
    assert_eq!(
        (name.as_str(), file.as_deref()),
        ("photo", Some("photo__.jpg"))
    );
    assert!(received == bytes);
    let text: Vec<_> = parts
        .into_iter()
        .map(|(name, _, value)| (name, String::from_utf8(value.to_vec()).unwrap()))
        .collect();
    let expected = [
        ("title", TITLE),
        ("tags", "s3flickr:path=mfxa \"two words\""),
        ("is_public", "0"),
        ("is_friend", "0"),
        ("is_family", "0"),
        ("async", "0"),
        ("dedup_check", "1"),
    ];
    assert_eq!(
        text,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert!(is_signed(seen, &server.base, text));
}

#[tokio::test]
async fn a_source_that_fails_or_has_another_length_creates_nothing() {
    let chunk = || Ok(Bytes::from(vec![1; 50_000]));
    for (chunks, length) in [
        (
            vec![chunk(), Err(io::Error::other("S3 went away")), chunk()],
            100_000,
        ),
        (vec![chunk()], 100_000),
        (vec![chunk(), chunk()], 60_000),
        // Only after the last byte does a source know that a checksum is wrong.
        (
            vec![chunk(), Err(io::Error::other("checksum mismatch"))],
            50_000,
        ),
    ] {
        let (whole, base) = counting().await;
        let error = send(&client(&base), upload(chunks, length))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Source { .. }), "{error}");
        assert!(!whole.load(Ordering::SeqCst), "a whole request arrived");
    }
}

/// A server that tells whether it ever received a whole request.
async fn counting() -> (Arc<AtomicBool>, String) {
    let whole = Arc::new(AtomicBool::new(false));
    let flag = whole.clone();
    let base = raw(move |mut stream| {
        let flag = flag.clone();
        async move {
            if read_request(&mut stream, usize::MAX).await {
                flag.store(true, Ordering::SeqCst);
                answer(&mut stream, 200, DONE).await;
            }
        }
    })
    .await;
    (whole, base)
}

/// Reads a request to its end, or to `most` bytes of it. Whether it came to its end.
async fn read_request(stream: &mut TcpStream, most: usize) -> bool {
    let mut bytes = Vec::new();
    let mut end = None;
    while bytes.len() < most && end.is_none_or(|end| bytes.len() < end) {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return false;
        }
        if end.is_none()
            && let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text
                .split("content-length: ")
                .nth(1)
                .unwrap()
                .split('\r')
                .next()
                .unwrap();
            end = Some(head + 4 + length.parse::<usize>().unwrap());
        }
    }
    end.is_some_and(|end| bytes.len() >= end)
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_end_has_created_nothing() {
    let base = raw(async |mut stream| {
        read_request(&mut stream, 100_000).await;
    })
    .await;
    let error = send(&client(&base), large()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_end_is_ambiguous() {
    let base = raw(async |mut stream| {
        read_request(&mut stream, usize::MAX).await;
    })
    .await;
    let error = send(&client(&base), photo(100_000).1).await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error:?}");
}

#[tokio::test]
async fn an_unclear_answer_to_a_whole_upload_is_ambiguous_and_a_clear_one_is_not() {
    let fail = |code: u32| {
        Canned::ok(&format!(
            r#"<rsp stat="fail"><err code="{code}" msg="words" /></rsp>"#
        ))
    };
    for unclear in [
        Canned::new(502, "<html>"),
        Canned::ok(""),
        Canned::ok("<rsp stat=\"ok\"/>"),
        fail(106),
    ] {
        let error = refused_by(scripted(vec![unclear]).await).await;
        assert!(matches!(error, Error::Ambiguous { .. }), "{error:?}");
    }
    assert!(matches!(
        refused_by(scripted(vec![fail(5)]).await).await,
        Error::Refused { code: 5, .. }
    ));
    assert!(matches!(
        refused_by(scripted(vec![fail(6)]).await).await,
        Error::AccountFull { .. }
    ));
    let busy = scripted(vec![Canned::new(429, "<html>").header("retry-after", "7")]).await;
    assert!(
        matches!(refused_by(busy).await, Error::Throttled { wait: Some(wait), may_be_done: false } if wait.as_secs() == 7)
    );
    let token = scripted(vec![Canned::new(401, "oauth_problem=token_rejected")]).await;
    assert!(matches!(
        refused_by(token).await,
        Error::TokenRevoked { .. }
    ));
}

async fn refused_by(server: Server) -> Error {
    let error = send(&client(&server.base), photo(100_000).1)
        .await
        .unwrap_err();
    assert_eq!(server.seen().len(), 1, "an upload is never repeated");
    error
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_wins_and_stops_it() {
    let base = raw(async |mut stream| {
        read_request(&mut stream, 100_000).await;
        answer(&mut stream, 429, "<html>429</html>").await;
        // As servers do that want their answer read: goes on reading until the client closes.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[0; 16_384])));
    let (dropped, body) = watched(endless);
    let mut upload = upload(Vec::new(), 1 << 40);
    upload.body = body;
    let error = send(&client(&base), upload).await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error:?}");
    assert!(
        dropped.load(Ordering::SeqCst),
        "the source was still being read"
    );
}

/// A source, and whether it has been let go.
fn watched(
    source: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> (Arc<AtomicBool>, BoxStream<'static, io::Result<Bytes>>) {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Flag(dropped.clone());
    let body = source.map(move |item| {
        let _held = &flag;
        item
    });
    (dropped, body.boxed())
}

#[tokio::test]
async fn whoever_stops_moving_is_named() {
    let short = Timeouts {
        idle: Duration::from_millis(200),
        ..testing::timeouts()
    };
    let (_, base) = counting().await;
    let mut stuck = upload(Vec::new(), 10);
    stuck.body = stream::pending().boxed();
    let error = send(&client_with(&base, short.clone()), stuck)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Source { .. }), "{error:?}");

    let silent = raw(async |stream| {
        let _open = stream;
        std::future::pending().await
    })
    .await;
    let error = send(&client_with(&silent, short), large())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");

    let silent = raw(async |mut stream| {
        read_request(&mut stream, usize::MAX).await;
        std::future::pending().await
    })
    .await;
    let short = Timeouts {
        answer: Duration::from_millis(50),
        ..testing::timeouts()
    };
    let error = send(&client_with(&silent, short), photo(50_000).1)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error:?}");
}

#[tokio::test]
async fn an_upload_that_is_dropped_closes_its_connection() {
    let (whole, base) = counting().await;
    let (dropped, body) = watched(stream::pending());
    let mut stuck = upload(Vec::new(), 10);
    stuck.body = body;
    let client = client(&base);
    let sent = tokio::time::timeout(Duration::from_millis(20), send(&client, stuck)).await;
    assert!(sent.is_err());
    assert!(dropped.load(Ordering::SeqCst));
    assert!(!whole.load(Ordering::SeqCst));
}

#[test]
fn visibilities_are_flickrs_three_fields() {
    let fields = |privacy| {
        let mut upload = upload(Vec::new(), 0);
        upload.privacy = privacy;
        let field = |name| {
            params(&upload)
                .into_iter()
                .find(|(key, _)| *key == name)
                .unwrap()
                .1
        };
        [field("is_public"), field("is_friend"), field("is_family")].concat()
    };
    assert_eq!(fields(Privacy::Private), "000");
    assert_eq!(fields(Privacy::Friends), "010");
    assert_eq!(fields(Privacy::Family), "001");
    assert_eq!(fields(Privacy::FriendsFamily), "011");
    assert_eq!(fields(Privacy::Public), "100");
}
