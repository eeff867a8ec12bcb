//! `--transfers auto`, `--bwlimit`, and the reported limit. No test asserts a time.

use serde_json::Value;

use crate::support::cli::User;
use crate::support::env::{Env, picture, sha1};

/// A user with `photos` photos in a folder, all of them queued.
async fn queued(env: &Env, photos: usize) -> User {
    let user = env.user();
    std::fs::create_dir(user.home().join("photos")).unwrap();
    for n in 0..photos {
        let name = format!("{n:03}.jpg");
        std::fs::write(user.home().join("photos").join(&name), picture(&name)).unwrap();
    }
    let populated = user.run(["populate", "--from", "photos"]).await;
    populated.expect_success();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_drained_whatever_the_speed() {
    for speed in [["--transfers", "auto"], ["--bwlimit", "64K"]] {
        let env = Env::start().await;
        let user = queued(&env, 40).await;
        let work = ["work", "--calls-per-hour", "0", "--json"];
        let worked = user.run([&work[..], &speed].concat()).await;
        assert_eq!(worked.expect_success().json()["uploaded"], 40);
        for (name, sha) in env.contents().await {
            assert_eq!(sha, sha1(&picture(&name)), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_what_holds_it_up() {
    let env = Env::start().await;
    let user = queued(&env, 40).await;
    // Two calls a second: most of the lanes wait for theirs.
    let pace = ["--calls-per-hour", "20", "--budget-window", "10"];
    let mut work = user.start([&["work", "-vv"][..], &pace].concat());
    work.until_stderr("limited by: calls").await;
    work.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_status_adds_rate_time_left_and_limit() {
    let env = Env::start().await;
    let user = queued(&env, 2).await;
    let mut watch = user.start(["status", "--watch", "--json"]);
    let first = watch.until_stdout("\n").await;
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!(first["waiting"], 2);
    for name in ["per_second", "seconds_left", "limit"] {
        assert_eq!(
            first.get(name),
            Some(&Value::Null),
            "{name}: nothing is known at first"
        );
    }
    let work = user.run(["work", "--calls-per-hour", "0"]).await;
    work.expect_success();
    let watched = watch.output().await.expect_success().stdout;
    let last: Value = serde_json::from_str(watched.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["done"], &last["limit"]),
        (&Value::from(2), &Value::from("queue empty"))
    );
    assert_eq!(last["seconds_left"], 0);
}
