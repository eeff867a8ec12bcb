//! What a server, or the line to it, does to a file's bytes. No photo may have wrong ones.

mod etags;
mod lengths;

use data_encoding::{BASE64, HEXLOWER};
use s3flickr::model::digest::Algorithm;
use s3flickr::store::Hasher;

use super::WORK;
use crate::support::bent_get::{BentGet, Get, Object, Reply};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture, sha1};

/// Where the first answer breaks off, and where a wrong continuation begins.
const CUT: usize = 20_000;
const ELSEWHERE: usize = 16_384;

/// A picture of about 400 kB in which no two places are alike.
fn large(name: &str) -> Vec<u8> {
    let numbers: String = (0..60_000).map(|n| format!("{n:06x} ")).collect();
    picture(&format!("{name}{numbers}"))
}

/// An ETag of an object in parts: nothing can be compared with it.
const PARTS: &str = "0123456789abcdef0123456789abcdef-2";

/// A bucket's photos, queued.
struct Bucket {
    env: Env,
    server: BentGet,
    user: User,
}

impl Bucket {
    async fn with(
        objects: Vec<Object>,
        bend: impl Fn(&Get, &Object) -> Reply + Send + Sync + 'static,
    ) -> Bucket {
        Bucket::tried(2, objects, bend).await
    }

    /// Attempts per photo.
    async fn tried(
        attempts: u32,
        objects: Vec<Object>,
        bend: impl Fn(&Get, &Object) -> Reply + Send + Sync + 'static,
    ) -> Bucket {
        let env = Env::start().await;
        let server = BentGet::serve(objects, bend).await;
        let user = server.used_by(env.user());
        let attempts = attempts.to_string();
        let populate = ["populate", "--bucket", "b", "--retries", &attempts];
        user.run(populate).await.expect_success();
        Bucket { env, server, user }
    }

    async fn work(&self) -> Output {
        self.user.run(WORK).await
    }

    /// One photo, of these bytes; an attempt was given up before, or not.
    async fn has(&self, bytes: &[u8], retried: u64, what: &str) {
        let worked = self.work().await.expect_success();
        assert_eq!(
            worked.json()["retried"],
            retried,
            "{what}: {}",
            worked.stderr
        );
        assert_eq!(self.env.contents().await["a.jpg"], sha1(bytes), "{what}");
    }

    /// Every photo arrived with the right bytes, after `retried` failed attempts.
    async fn has_all(&self, objects: &[Object], retried: usize) {
        let worked = self.work().await.expect_success();
        assert_eq!(worked.json()["retried"], retried, "{}", worked.stderr);
        let contents = self.env.contents().await;
        assert_eq!(contents.len(), objects.len());
        for object in objects {
            assert_eq!(contents[&object.key], sha1(&object.bytes), "{}", object.key);
        }
    }

    /// No photo at all: each attempt failed.
    async fn has_nothing(&self, what: &str) -> Output {
        let worked = self.work().await.expect_code(3);
        assert_eq!(worked.json()["failed"], 1, "{what}");
        assert!(self.env.photos().await.is_empty(), "{what}");
        worked
    }
}

/// The first answer breaks off; what comes then is bent; all others are right.
async fn after_a_break(
    object: Object,
    now: Option<Object>,
    bend: impl Fn(usize, &Object) -> Reply + Send + Sync + 'static,
) -> Bucket {
    let bend = move |get: &Get, object: &Object| {
        let current = now.as_ref().unwrap_or(object);
        match (get.number, get.from) {
            (0, _) => Reply::to(get, object).cut(CUT),
            (1, Some(from)) => bend(from, current),
            _ => Reply::to(get, current),
        }
    };
    Bucket::with(vec![object], bend).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_continuation_that_is_not_what_was_asked_for_is_never_mixed_in() {
    type Bend = fn(usize, &Object) -> Reply;
    let bends: [(&str, Bend); 7] = [
        ("a range that begins elsewhere", |_, object| {
            Reply::from(Some(ELSEWHERE), object, object.bytes.len())
        }),
        (
            "a range that says one thing and has another",
            |from, object| {
                let mut reply = Reply::from(Some(from), object, object.bytes.len());
                reply.body.rotate_left(100);
                reply
            },
        ),
        ("a range without a range", |from, object| {
            Reply::from(Some(from), object, object.bytes.len()).with("Content-Range", "")
        }),
        ("the whole file", |_, object| {
            Reply::from(None, object, object.bytes.len())
        }),
        ("another total", |from, object| {
            Reply::from(Some(from), object, object.bytes.len() + 7)
        }),
        ("no ETag", |from, object| {
            Reply::from(Some(from), object, object.bytes.len()).with("ETag", "")
        }),
        ("another time of change", |from, object| {
            let reply = Reply::from(Some(from), object, object.bytes.len());
            reply.with("Last-Modified", "Wed, 01 May 2024 00:00:01 GMT")
        }),
    ];
    let names = bends.map(|(what, _)| what);
    let objects = names.map(|what| {
        let key = format!("{}.jpg", what.replace(' ', "-"));
        let object = Object::plain(&key, &large(what)).with_etag(PARTS);
        object.with("Last-Modified", "Wed, 01 May 2024 00:00:00 GMT")
    });
    let keys = objects.clone().map(|object| object.key);
    let bucket = Bucket::with(objects.to_vec(), move |get, object| {
        let place = keys.iter().position(|key| *key == object.key);
        let (_, bend) = bends[place.expect("one of them")];
        match (get.number, get.from) {
            (0, _) => Reply::to(get, object).cut(CUT),
            (1, Some(from)) => bend(from, object),
            _ => Reply::to(get, object),
        }
    });
    bucket.await.has_all(&objects, names.len()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_continuation_is_asked_for_with_the_version_and_taken() {
    let bytes = large("a");
    let object = Object::plain("a.jpg", &bytes).with_etag(PARTS);
    let right = |from: usize, object: &Object| Reply::from(Some(from), object, object.bytes.len());
    let bucket = after_a_break(object, None, right).await;
    bucket.has(&bytes, 0, "a right continuation").await;
    let gets = bucket.server.gets();
    assert_eq!(gets.len(), 2);
    assert_eq!(
        gets[1].if_match.as_deref(),
        Some(format!("\"{PARTS}\"").as_str())
    );
    let from = gets[1].from.expect("a range");
    assert!((CUT - 100..=CUT).contains(&from), "{from}");
    // The answer does not say which bytes a range's checksum covers.
    let asks = |get: &Get| {
        get.head
            .iter()
            .any(|line| line.starts_with("x-amz-checksum-mode"))
    };
    assert_eq!(gets.iter().map(asks).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_replaced_by_one_of_the_same_size_is_taken_whole_as_it_is_now() {
    let (old, new) = (large("old"), large("new"));
    for (what, ignores) in [("If-Match is kept", false), ("If-Match is ignored", true)] {
        let object = Object::plain("a.jpg", &old).with_etag(PARTS);
        let now = Object::plain("a.jpg", &new).with_etag("fedcba9876543210fedcba9876543210-2");
        let bucket = after_a_break(object, Some(now), move |from, now| {
            if ignores {
                Reply::from(Some(from), now, now.bytes.len())
            } else {
                Reply::error("412 Precondition Failed", "PreconditionFailed", "")
            }
        });
        bucket.await.has(&new, 1, what).await;
    }
}

/// An object with a checksum of its whole; only where that is MD5, in its ETag.
fn with_checksum(algorithm: Algorithm) -> Object {
    let name = algorithm.name();
    let bytes = large(name);
    let object = Object::plain(&format!("{name}.jpg"), &bytes);
    if algorithm == Algorithm::Md5 {
        return object;
    }
    let mut hasher = Hasher::new(algorithm);
    hasher.update(&bytes);
    let digest = hasher.finish().unwrap().hex();
    let value = HEXLOWER.decode(digest.as_bytes()).unwrap();
    let header = format!("x-amz-checksum-{name}");
    let object = object
        .with_etag(PARTS)
        .with(&header, &BASE64.encode(&value));
    object.with("x-amz-checksum-type", "FULL_OBJECT")
}

fn damaged(mut reply: Reply) -> Reply {
    if let Some(last) = reply.body.last_mut() {
        *last ^= 1;
    }
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_noticed_by_whichever_checksum_there_is_also_behind_a_break() {
    let algorithms = [
        Algorithm::Crc64Nvme,
        Algorithm::Crc32,
        Algorithm::Crc32c,
        Algorithm::Sha1,
        Algorithm::Sha256,
        Algorithm::Md5,
    ];
    let objects = algorithms.map(with_checksum);
    let first_cut = |get: &Get, object: &Object| match get.number {
        0 => Reply::to(get, object).cut(CUT),
        _ => Reply::to(get, object),
    };
    let bucket = Bucket::with(objects.to_vec(), move |get, object| match get.number {
        1 => damaged(Reply::to(get, object)),
        _ => first_cut(get, object),
    });
    bucket.await.has_all(&objects, algorithms.len()).await;
    let bucket = Bucket::with(objects.to_vec(), move |get, object| match get.number {
        0 => damaged(Reply::to(get, object)),
        _ => Reply::to(get, object),
    });
    bucket.await.has_all(&objects, algorithms.len()).await;
    let bucket = Bucket::with(objects.to_vec(), first_cut);
    bucket.await.has_all(&objects, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_after_every_20_kb_gets_a_file_through() {
    let bytes = large("a");
    let object = Object::plain("a.jpg", &bytes);
    let bucket = Bucket::with(vec![object], |get, object| Reply::to(get, object).cut(CUT)).await;
    bucket.has(&bytes, 0, "20 kB each time").await;
    assert_eq!(bucket.env.calls().await["upload"], 1);
    assert!(bucket.server.gets().len() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_gives_a_byte_or_nothing_each_time_is_given_up() {
    // Seventeen bytes are one more than are asked for again.
    let given_up = async |most: usize| {
        let objects = ["a.jpg", "well.jpg"].map(|key| Object::plain(key, &large(key)));
        let bend = move |get: &Get, object: &Object| match get.key.as_str() {
            "a.jpg" => Reply::to(get, object).cut(most),
            _ => Reply::to(get, object),
        };
        let bucket = Bucket::tried(1, objects.to_vec(), bend).await;
        let worked = bucket.work().await.expect_code(3).json();
        assert_eq!(
            (&worked["uploaded"], &worked["failed"]),
            (&1.into(), &1.into())
        );
        let gets = bucket.server.gets().into_iter();
        let gets: Vec<Get> = gets.filter(|get| get.key == "a.jpg").collect();
        let attempts = gets.iter().filter(|get| get.if_match.is_none()).count();
        let gets = gets.len();
        assert!(
            gets <= 7 * attempts,
            "{gets} requests in {attempts} attempts, {most} bytes each"
        );
    };
    tokio::join!(given_up(0), given_up(1), given_up(17));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stands_still_does_not_hold_up_a_run_that_is_aborted() {
    let object = Object::plain("a.jpg", &large("a"));
    let bucket = Bucket::with(vec![object], |get, object| {
        Reply::to(get, object).stall(CUT)
    })
    .await;
    let mut working = bucket.user.start(WORK);
    bucket.server.until_gets(1).await;
    working.interrupt();
    working.until_stderr("finishing what is in hand").await;
    working.interrupt();
    working.output().await.expect_code(4);
    let status = bucket.user.run(["status", "--json"]).await.json();
    assert_eq!(
        (&status["waiting"], &status["failed"]),
        (&1.into(), &0.into())
    );
}
