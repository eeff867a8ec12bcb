//! Answers whose length is missing or a lie.

use super::{Bucket, CUT, PARTS, large};
use crate::support::bent_get::{Get, Object, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_length_has_that_of_the_listing() {
    let bytes = large("a");
    let without = |reply: Reply| Reply {
        status: reply.status.replace("HTTP/1.1", "HTTP/1.0"),
        ..reply.with("Content-Length", "")
    };
    let object = || Object::plain("a.jpg", &bytes).with_etag(PARTS);
    let bucket = Bucket::with(vec![object()], move |get, object| {
        without(Reply::to(get, object))
    });
    bucket.await.has(&bytes, 0, "HTTP/1.0").await;
    // The end of the connection is the end of the body: that it is too early shows by the listing.
    let bucket = Bucket::with(vec![object()], move |get, object| match get.number {
        0 => without(Reply::to(get, object)).cut(CUT),
        _ => without(Reply::to(get, object)),
    });
    bucket.await.has(&bytes, 0, "HTTP/1.0, cut").await;
    let bucket = Bucket::with(vec![object()], |get, object| {
        chunked(Reply::to(get, object))
    });
    bucket.await.has(&bytes, 0, "in chunks").await;
    // A proxy that unpacks what it passes on.
    let bucket = Bucket::with(vec![object()], move |get, object| {
        let mut reply = without(Reply::to(get, object));
        reply.body.extend_from_slice(&object.bytes);
        reply
    });
    bucket.await.has_nothing("more than the listing says").await;
}

fn chunked(reply: Reply) -> Reply {
    let mut body = Vec::new();
    for chunk in reply.body.chunks(30_000) {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    let reply = Reply { body, ..reply };
    reply
        .with("Content-Length", "")
        .with("Transfer-Encoding", "chunked")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_lies_makes_no_photo() {
    type Lie = fn(Reply) -> Reply;
    let object = || Object::plain("a.jpg", &large("a")).with_etag(PARTS);
    let lies: [(&str, Lie); 4] = [
        ("a part as the whole", |mut reply| {
            reply.body.truncate(CUT);
            reply.with("Content-Length", &CUT.to_string())
        }),
        (
            "a part as the whole, and a range that says so",
            |mut reply| {
                reply.body.truncate(CUT);
                let reply = reply.with("Content-Length", &CUT.to_string());
                reply.with("Content-Range", &format!("bytes 0-{}/{CUT}", CUT - 1))
            },
        ),
        ("more than there is", |reply| {
            let more = reply.body.len() + 100;
            reply.with("Content-Length", &more.to_string())
        }),
        ("nothing", |mut reply| {
            reply.body.clear();
            reply.with("Content-Length", "0")
        }),
    ];
    for (what, lie) in lies {
        let bend = move |get: &Get, object: &Object| lie(Reply::to(get, object));
        let bucket = Bucket::tried(1, vec![object()], bend).await;
        bucket.has_nothing(what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_etag_does_not_make_the_next_one_be_believed() {
    let object = Object::plain("a.jpg", &large("a")).with_etag(PARTS);
    let bucket = Bucket::tried(2, vec![object], |get, object| {
        let mut reply = Reply::from(None, object, object.bytes.len()).with("ETag", "");
        if get.number == 0 {
            return reply.cut(CUT);
        }
        reply.body.truncate(CUT);
        reply.with("Content-Length", &CUT.to_string())
    });
    bucket
        .await
        .has_nothing("a part as the whole, without an ETag")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_that_is_a_range_is_read_to_its_file_s_end() {
    let bytes = large("a");
    let object = Object::plain("a.jpg", &bytes).with_etag(PARTS);
    let bucket = Bucket::with(vec![object], |get, object| match get.number {
        0 => {
            let total = object.bytes.len();
            let mut reply = Reply::from(Some(0), object, total);
            reply.body.truncate(CUT);
            let range = format!("bytes 0-{}/{total}", CUT - 1);
            reply
                .with("Content-Length", &CUT.to_string())
                .with("Content-Range", &range)
        }
        _ => Reply::to(get, object),
    });
    bucket
        .await
        .has(&bytes, 0, "a range that was not asked for")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_file_that_once_arrives_short_is_copied_in_the_end() {
    let listed = Object::plain("a.jpg", &large("a"));
    let now = Object::plain("a.jpg", &large("as it is now"));
    let bytes = now.bytes.clone();
    // Nothing but the wrong answer ever told the size of the new version.
    let bucket = Bucket::with(vec![listed], move |get, _| {
        let mut reply = Reply::to(get, &now);
        if get.number == 0 {
            reply.body.truncate(CUT);
            reply = reply.with("Content-Length", &CUT.to_string());
        }
        reply
    });
    bucket.await.has(&bytes, 1, "short once").await;
}
