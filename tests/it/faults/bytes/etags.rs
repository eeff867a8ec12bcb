//! ETags that look like MD5s and are none.

use std::sync::Arc;

use s3flickr::model::digest::Algorithm;

use super::{Bucket, WORK, damaged, large, with_checksum};
use crate::support::bent_get::{Object, Reply};
use crate::support::env::picture;

/// Photos whose ETags look like MD5s and are not.
fn with_strange_etags(count: usize) -> Vec<Object> {
    let etag = |n: usize| format!("{n:032x}");
    let name = |n: usize| format!("{n}.jpg");
    let object = |n| Object::plain(&name(n), &picture(&name(n))).with_etag(&etag(n));
    (0..count).map(object).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn etags_that_are_no_md5s_are_noticed_said_once_and_cost_no_photo() {
    let objects = with_strange_etags(6);
    let bucket = Bucket::with(objects.clone(), Reply::to).await;
    let worked = bucket.work().await.expect_success();
    assert_eq!(worked.json()["uploaded"], 6);
    assert_eq!(
        worked.stderr.matches("are not MD5s").count(),
        1,
        "{}",
        worked.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_knows_that_etags_are_no_md5s_says_so_and_each_is_read_once() {
    let bucket = Bucket::with(with_strange_etags(6), Reply::to).await;
    let work = [&WORK[..], &["--ignore-etag-md5"]].concat();
    let worked = bucket.user.run(work).await.expect_success();
    assert_eq!(worked.json()["retried"], 0);
    assert_eq!(bucket.server.gets().len(), 6);
    assert!(!worked.stderr.contains("MD5"), "{}", worked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_damages_every_reading_is_not_taken_for_an_etag_that_is_no_md5() {
    let object = Object::plain("a.jpg", &large("a"));
    let bucket = Bucket::with(vec![object], |get, object| {
        let mut reply = Reply::to(get, object);
        // Each time another bit.
        reply.body[1000 + get.number] ^= 1;
        reply
    });
    let worked = bucket.await.has_nothing("damaged anew each time").await;
    assert!(!worked.stderr.contains("are not MD5s"), "{}", worked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_file_does_not_make_the_others_be_read_twice() {
    let objects: Vec<Object> = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"]
        .map(|key| Object::plain(key, &picture(key)))
        .to_vec();
    let first = Arc::new(std::sync::Once::new());
    let bucket = Bucket::with(objects, move |get, object| {
        let mut reply = Reply::to(get, object);
        first.call_once(|| reply = damaged(reply.clone()));
        reply
    });
    let bucket = bucket.await;
    let work = [&WORK[..], &["--transfers", "1"]].concat();
    bucket.user.run(work).await.expect_success();
    // The damaged one three times, the one after it twice, the others once.
    let gets = bucket.server.gets().len();
    assert_eq!(gets, 3 + 2 + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_etag_beside_a_right_checksum_is_not_written_into_tags() {
    let object = with_checksum(Algorithm::Crc32).with_etag(&"0".repeat(32));
    let bucket = Bucket::with(vec![object.clone()], Reply::to).await;
    bucket.has_all(&[object], 1).await;
    assert_eq!(bucket.server.gets().len(), 2);
}
