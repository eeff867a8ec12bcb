//! What a server does to the list of a bucket: no photo is left out, taken for another or queued
//! twice in silence.

use std::time::Duration;

use s3flickr::model::Job;
use s3flickr::queue::Queue;
use serde_json::json;

use super::WORK;
use crate::support::bent_s3::{Asked, Bent, BentS3, List, s3_encoded};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture, sha1};

const POPULATE: [&str; 4] = ["--json", "populate", "--bucket", "photos"];

fn numbered(keys: usize) -> Vec<String> {
    (0..keys).map(|n| format!("p/{n:05}.jpg")).collect()
}

/// A user of a bucket whose lists are bent.
async fn bucket(
    keys: &[String],
    page: usize,
    bend: impl Fn(&Asked, List) -> Bent + Send + Sync + 'static,
) -> (BentS3, User) {
    let s3 = BentS3::start(keys.iter().cloned(), page, bend).await;
    let user = User::new().with_all(s3.env());
    (s3, user)
}

/// Nothing but one line that says this, and that the run failed.
#[track_caller]
fn refuses(output: Output, says: &str) {
    let output = output.expect_code(1);
    let line = output.stderr.trim_end();
    let last = line.lines().last().unwrap_or_default();
    assert!(
        last.contains("s3://photos/") && last.contains(says),
        "{says:?}: {line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_on_without_a_token_is_read_to_its_end() {
    let keys = numbered(2_500);
    // With version 2's `start-after`, and from a server that knows version 1's `marker` alone.
    for version in [2, 1] {
        let all = keys.clone();
        let (s3, user) = bucket(&keys, 1000, move |asked, mut list| {
            if version == 1 {
                let marker = asked.get("marker").unwrap_or_default();
                let rest = all.iter().filter(|key| key.as_str() > marker);
                list.keys = rest.take(1000).cloned().collect();
                list.is_truncated = Some(list.keys.last() != all.last());
                list.next_marker = list.keys.last().cloned();
                list.key_count = None;
            }
            list.token = None;
            Bent::List(list)
        })
        .await;
        let queued = user.run(POPULATE).await.expect_success().json();
        assert_eq!(queued["queued"], 2_500, "version {version}");
        assert_eq!(s3.asked().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_ends_early_and_says_nothing_of_it_is_read_to_its_end() {
    let keys = numbered(2_500);
    // No word at all on whether more follows, or "no".
    for says in [None, Some(false)] {
        let (_s3, user) = bucket(&keys, 1000, move |_, mut list| {
            (list.is_truncated, list.token) = (says, None);
            Bent::List(list)
        })
        .await;
        let queued = user.run(POPULATE).await.expect_success().json();
        assert_eq!(queued["queued"], 2_500, "{says:?}");
    }
}

/// Changes a page of a list.
type Change = fn(&Asked, List) -> List;

/// Lists without an end, and what is said of them.
const ROUNDS: [(Change, &str); 4] = [
    // The same token again and again, with other keys each time.
    (
        |asked, list| List {
            keys: match asked.number {
                0 => list.keys,
                page => (0..10).map(|n| format!("q/{page}/{n}.jpg")).collect(),
            },
            token: Some("t".to_owned()),
            is_truncated: Some(true),
            ..list
        },
        "second time",
    ),
    // Another token each time, and the first keys again.
    (
        |asked, _| List {
            token: Some(asked.number.to_string()),
            is_truncated: Some(true),
            keys: numbered(10),
            ..List::default()
        },
        "out of order",
    ),
    // One key of the page before comes again.
    (
        |asked, mut list| {
            if asked.number == 1 {
                list.keys.insert(0, "p/00009.jpg".to_owned());
            }
            list
        },
        "out of order",
    ),
    // No token, and `start-after` is ignored.
    (
        |_, list| List {
            token: None,
            is_truncated: Some(true),
            keys: numbered(10),
            ..list
        },
        "out of order",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_round_ends_in_an_error() {
    let keys = numbered(30);
    for (round, says) in ROUNDS {
        let bend = move |asked: &Asked, list| Bent::List(round(asked, list));
        let (s3, user) = bucket(&keys, 10, bend).await;
        refuses(user.run(POPULATE).await, says);
        assert!(s3.asked().len() <= 3, "{says}");
    }
}

/// Lists that contradict themselves, and what is said of them.
const CONTRADICTIONS: [(Change, &str); 6] = [
    (
        |_, list| List {
            keys: vec![],
            token: None,
            is_truncated: Some(true),
            key_count: None,
            ..list
        },
        "neither a key nor",
    ),
    (
        |_, list| List {
            key_count: Some(11),
            ..list
        },
        "counts 11 keys",
    ),
    (
        |_, list| List {
            folders: vec!["p/".to_owned()],
            ..list
        },
        "lists folders",
    ),
    (
        |_, list| List {
            keys: vec!["other/1.jpg".to_owned()],
            key_count: None,
            ..list
        },
        "does not begin with",
    ),
    (
        |_, list| List {
            leaves_out_sizes: true,
            ..list
        },
        "no size",
    ),
    (
        |_, list| List {
            keys: vec!["p/1.jpg".to_owned(); 2],
            key_count: None,
            ..list
        },
        "twice",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_contradicts_itself_ends_in_an_error() {
    let keys = numbered(30);
    for (change, says) in CONTRADICTIONS {
        let bend = move |asked: &Asked, list| Bent::List(change(asked, list));
        let (_s3, user) = bucket(&keys, 10, bend).await;
        let populate = [&POPULATE[..], &["--prefix", "p/"]].concat();
        refuses(user.run(populate).await, says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_cut_off_on_its_way_is_no_shorter_list() {
    let keys = numbered(10);
    // Somewhere between two files, inside of one, inside of a tag, and before the first.
    for bytes in (60..700).step_by(37).chain([0]) {
        let (_s3, user) = bucket(&keys, 100, move |_, list| {
            let key_count = None;
            Bent::Cut(List { key_count, ..list }, bytes)
        })
        .await;
        let output = user.run(POPULATE).await.expect_code(1);
        let cut = bytes == 0 || output.stderr.contains("the list was cut off on its way");
        assert!(cut, "{bytes}: {}", output.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_answers_in_the_middle_of_a_list_do_not_end_it() {
    let keys = numbered(30);
    let (_s3, user) = bucket(&keys, 10, |asked, list| {
        let token = asked.get("continuation-token").unwrap_or_default();
        if asked.number % 2 == 1 {
            let token = Some(format!("{token} "));
            return Bent::List(List {
                token,
                is_truncated: Some(true),
                ..List::default()
            });
        }
        Bent::List(list)
    })
    .await;
    let queued = user.run(POPULATE).await.expect_success().json();
    assert_eq!(queued["queued"], 30);
}

/// A server's own way to write a key.
type Writes = fn(&str) -> String;

/// A bucket of a server that writes keys in this way.
async fn written(keys: &[String], writes: Writes, says_encoded: bool) -> BentS3 {
    let all = keys.to_vec();
    let (s3, _) = bucket(keys, 100, move |asked, list| {
        let prefix = asked.get("prefix").unwrap_or_default();
        let found = all.iter().filter(|key| key.starts_with(prefix));
        let most = asked
            .get("max-keys")
            .map_or(100, |most| most.parse().unwrap());
        let keys: Vec<String> = found.take(most).map(|key| writes(key)).collect();
        Bent::List(List {
            key_count: None,
            is_truncated: Some(false),
            token: None,
            keys,
            says_encoded,
            ..list
        })
    })
    .await;
    s3
}

/// The keys that are queued from there.
async fn queued(s3: &BentS3) -> Vec<String> {
    let user = User::new().with_all(s3.env());
    user.run(POPULATE).await.expect_success();
    let place = user.home().join("data/s3flickr/queue.db");
    let queue = Queue::open(&format!("sqlite:{}", place.display())).await;
    let (queue, hold) = (queue.unwrap(), Duration::from_secs(60));
    let mut keys = Vec::new();
    while let Some(lease) = queue.receive(hold, Duration::ZERO).await.unwrap() {
        let job = Job::read(lease.body()).unwrap();
        keys.push(job.key.to_string());
    }
    keys.sort();
    keys
}

fn leaves_a_plus(key: &str) -> String {
    s3_encoded(key).replace('+', "%20").replace("%2B", "+")
}

fn with_percent_signs_alone(key: &str) -> String {
    s3_encoded(key).replace('+', "%20")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plus_a_space_and_a_percent_sign_are_what_they_are_however_the_server_writes_them() {
    let keys = "a b.jpg a+b.jpg c d.jpg e+f.jpg g%20h.jpg i%2Bj.jpg k.jpg é+ü.jpg";
    let keys: Vec<String> = keys
        .split(".jpg")
        .filter(|key| !key.is_empty())
        .map(|key| format!("{}.jpg", key.trim()))
        .collect();
    for (writes, says_encoded) in [
        (s3_encoded as Writes, true),
        (leaves_a_plus, true),
        (with_percent_signs_alone, true),
        (str::to_owned, false),
        // It says that it encodes, and does not; or the other way round.
        (str::to_owned, true),
        (with_percent_signs_alone, false),
        (s3_encoded, false),
    ] {
        // All of them, and single ones, of which none gives a hint of another.
        for keys in [&keys[..], &keys[1..2], &keys[2..3], &keys[4..5]] {
            let s3 = written(keys, writes, says_encoded).await;
            assert_eq!(queued(&s3).await, keys, "{}", writes("a b+c%"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_name_has_a_plus_is_not_copied_as_its_neighbour() {
    let keys = ["a b.jpg", "a+b.jpg"].map(str::to_owned);
    let s3 = written(&keys, leaves_a_plus, true).await;
    let env = Env::start().await;
    let user = env.user().with_all(s3.env());
    user.run(POPULATE).await.expect_success();
    user.run(WORK).await.expect_success();
    let expected = keys.map(|key| (key.clone(), sha1(&picture(&key))));
    assert_eq!(env.contents().await, expected.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_writes_two_files_alike_is_refused() {
    let keys = vec!["a b.jpg".to_owned(), "a+b.jpg".to_owned()];
    let (_s3, user) = bucket(&keys, 100, |_, list| {
        let keys = list
            .keys
            .iter()
            .map(|key| key.replace("%2B", "+"))
            .collect();
        Bent::List(List { keys, ..list })
    })
    .await;
    refuses(user.run(POPULATE).await, "both a plus and a space");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_look_like_paths_upward_are_names_in_a_bucket() {
    let keys: Vec<String> = ["../x.jpg", "./y.jpg", "/z.jpg", "a//b.jpg"]
        .map(str::to_owned)
        .into();
    let (s3, _) = bucket(&keys, 100, |_, list| Bent::List(list)).await;
    let user = User::new().with_all(s3.env());
    let queued = user.run(POPULATE).await.expect_success().json();
    assert_eq!(
        (&queued["queued"], &queued["skipped"]),
        (&json!(4), &json!({}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_comes_ends_at_the_first_signal() {
    // At once, and in the middle: what was queued before stays queued.
    for (answers, queued) in [(0, 0), (2, 20)] {
        let keys = numbered(30);
        let (s3, user) = bucket(&keys, 10, move |asked, list| {
            if asked.number >= answers {
                Bent::Silence
            } else {
                Bent::List(list)
            }
        })
        .await;
        let populating = user.start(POPULATE);
        s3.until_asked(answers + 1).await;
        populating.interrupt();
        let output = populating.output().await.expect_code(4);
        assert_eq!(output.json()["queued"], queued);
        if queued > 0 {
            let status = user.run(["status", "--json"]).await.expect_success().json();
            assert_eq!(
                (&status["waiting"], &status["total"]),
                (&json!(20), &json!(20))
            );
        }
    }
}
