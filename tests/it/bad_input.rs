//! Wrong input gets one clear line and the right exit status, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::aws::{ministack, unique};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};

/// One line on stderr, which says these things.
#[track_caller]
fn one_line(output: &Output, says: &[&str]) {
    let line = output.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "not one line: {line}");
    assert!(line.starts_with("s3flickr: "), "{line}");
    for text in says {
        assert!(line.contains(text), "{text:?} is not in: {line}");
    }
    assert_eq!(output.stdout, "", "nothing but the error is said");
}

/// A user with one picture queued.
async fn queued(env: &Env) -> User {
    let user = env.user();
    fs::create_dir_all(user.home().join("photos/a")).unwrap();
    fs::write(user.home().join("photos/a/1.jpg"), picture("1")).unwrap();
    user.run(["populate", "--from", "photos"])
        .await
        .expect_success();
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_at_all() {
    let output = User::new().run(["work"]).await.expect_code(1);
    one_line(&output, &["s3flickr login", "FLICKR_API_KEY"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_stops_the_worker_and_loses_nothing() {
    let env = Env::start().await;
    let user = queued(&env)
        .await
        .with("FLICKR_API_KEY", "00000000000000000000000000000000");
    let output = user.run(["work"]).await.expect_code(1);
    one_line(
        &output,
        &["refuses the API key", "flickr.com/services/apps"],
    );
    let status = user.run(["status", "--json"]).await.expect_success().json();
    assert_eq!(
        (status["waiting"].as_u64(), status["failed"].as_u64()),
        (Some(1), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_and_a_wrong_token_are_told_apart() {
    let env = Env::start().await;
    let user = queued(&env)
        .await
        .with("FLICKR_API_SECRET", "0000000000000000");
    one_line(
        &user.run(["work"]).await.expect_code(1),
        &["refuses the signature", "SECRET"],
    );
    let user = queued(&env)
        .await
        .with("FLICKR_OAUTH_TOKEN", "72157600000000000-0000000000000000");
    one_line(
        &user.run(["work"]).await.expect_code(1),
        &["refuses the OAuth token", "login"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_or_a_queue_that_is_not_there() {
    let user = User::new().with_all(ministack().await.env());
    let queue = format!("sqs://{}", unique("nothing"));
    let output = user
        .run(["populate", "--bucket", "no-such-bucket-1", "-n"])
        .await
        .expect_code(1);
    one_line(&output, &["s3://no-such-bucket-1/", "not there"]);
    let output = user.run(["status", "--queue", &queue]).await.expect_code(1);
    one_line(&output, &[&queue, "not found", "populate"]);
    let output = user.run(["status"]).await.expect_code(1);
    one_line(&output, &["not found", "populate"]);
    let output = user
        .run(["populate", "--from", "no/such/folder", "-n"])
        .await
        .expect_code(1);
    one_line(&output, &["no/such/folder", "not there"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_that_are_none() {
    let user = User::new();
    for (arguments, says) in [
        (vec!["populate", "--from", "gs://x"], "no store"),
        (vec!["populate", "--from", "s3://"], "no bucket"),
        (vec!["populate", "--bucket", "a/b", "-n"], "--prefix"),
        (vec!["status", "--queue", "redis://x"], "not a queue"),
        (vec!["status", "--queue", "sqs://no spaces"], "not a queue"),
        (
            vec!["populate", "--from", ".", "--include", "[", "-n"],
            "no pattern",
        ),
    ] {
        one_line(&user.run(arguments).await.expect_code(2), &[says]);
    }
    for wrong in [vec!["populate"], vec!["wrok"], vec![]] {
        user.run(wrong).await.expect_code(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn speeds_that_are_none() {
    let user = User::new();
    for (option, value, says) in [
        ("--transfers", "0", "or auto"),
        ("--transfers", "many", "or auto"),
        ("--bwlimit", "fast", "such as 10M"),
        ("--bwlimit", "512", "did you mean 512K?"),
    ] {
        let output = user.run(["work", option, value]).await.expect_code(2);
        let stderr = output.stderr;
        assert!(stderr.contains(says) && stderr.contains(option), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_endpoint() {
    for (endpoint, says) in [
        ("nonsense", "FLICKR_ENDPOINT_URL"),
        ("http://example.com", "https"),
    ] {
        let user = Env::start()
            .await
            .user()
            .with("FLICKR_ENDPOINT_URL", endpoint);
        one_line(&user.run(["assign-sets"]).await.expect_code(1), &[says]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_deleted_between_populate_and_work_is_failed_for_good_with_that_reason() {
    let env = Env::start().await;
    let user = queued(&env).await;
    fs::remove_file(user.home().join("photos/a/1.jpg")).unwrap();
    let worked = user
        .run(["work", "--calls-per-hour", "0", "--json"])
        .await
        .expect_code(3)
        .json();
    assert_eq!(
        (worked["failed"].as_u64(), worked["retried"].as_u64()),
        (Some(1), Some(0))
    );
    let failed = user
        .run(["failed", "list", "--json"])
        .await
        .expect_success()
        .json();
    assert_eq!(failed[0]["class"], "gone");
    assert_eq!(failed[0]["attempts"], 1);
    assert!(
        failed[0]["url"]
            .as_str()
            .unwrap()
            .ends_with("/photos/a/1.jpg")
    );
    let csv = user.run(["failed", "export"]).await.expect_success().stdout;
    assert!(
        csv.starts_with("url,class,attempts,reason\nfile://"),
        "{csv}"
    );

    // Put back, the file is there again.
    fs::write(user.home().join("photos/a/1.jpg"), picture("1")).unwrap();
    let retried = user
        .run(["failed", "retry", "--json"])
        .await
        .expect_success()
        .json();
    assert_eq!(retried["requeued"], 1);
    user.run(["work", "--calls-per-hour", "0"])
        .await
        .expect_success();
    assert_eq!(env.contents().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_cannot_be_written() {
    let user = Env::start()
        .await
        .user()
        .with("XDG_DATA_HOME", "/proc/nowhere");
    fs::create_dir_all(user.home().join("photos")).unwrap();
    fs::write(user.home().join("photos/1.jpg"), picture("1")).unwrap();
    let output = user
        .run(["populate", "--from", "photos"])
        .await
        .expect_code(1);
    one_line(&output, &["/proc/nowhere"]);
    let output = user.run(["assign-sets"]).await.expect_code(1);
    one_line(&output, &["/proc/nowhere"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_the_queue() {
    // The kernel's device for this: every write to it fails for want of room.
    let user = User::new();
    fs::create_dir_all(user.home().join("photos")).unwrap();
    fs::write(user.home().join("photos/1.jpg"), picture("1")).unwrap();
    let output = user
        .run([
            "populate",
            "--from",
            "photos",
            "--queue",
            "sqlite:/dev/full",
        ])
        .await;
    one_line(&output.expect_code(1), &["/dev/full"]);
    let folder = user.home().display().to_string();
    let queue = format!("sqlite:{folder}");
    let output = user.run(["populate", "--from", "photos", "--queue", &queue]);
    one_line(&output.await.expect_code(2), &[&folder]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_file_that_others_can_read_or_that_is_wrong() {
    let user = User::new();
    let file = user.home().join("config/s3flickr/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let write = |text: &str, mode| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("queue = \"sqlite:x\"", 0o644);
    one_line(&user.run(["status"]).await.expect_code(2), &["chmod 600"]);
    write("colour = \"blue\"", 0o600);
    one_line(
        &user.run(["status"]).await.expect_code(2),
        &["colour", "no option"],
    );
    write("queue = ", 0o600);
    one_line(&user.run(["status"]).await.expect_code(2), &["config.toml"]);
    write("queue = \"sqlite:from-the-file.db\"", 0o600);
    one_line(
        &user.run(["status"]).await.expect_code(1),
        &["from-the-file.db"],
    );
    let user = user.with("S3FLICKR_QUEUE", "sqlite:from-the-environment.db");
    one_line(
        &user.run(["status"]).await.expect_code(1),
        &["from-the-environment.db"],
    );
    let typed = user
        .run(["status", "--queue", "sqlite:typed.db"])
        .await
        .expect_code(1);
    one_line(&typed, &["typed.db"]);
}
