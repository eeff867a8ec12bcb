//! What `populate` says before and after it queues: how much, what is passed over, how long, what next.

use serde_json::Value;

use crate::support::aws::{ministack, unique};
use crate::support::cli::User;
use crate::support::env::picture;

/// A user with these files in the folder `photos`.
fn user_with(files: &[&str]) -> User {
    let user = User::new();
    for file in files {
        let path = user.home().join("photos").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, picture(file)).unwrap();
    }
    user
}

async fn populate(user: &User, options: &[&str]) -> Value {
    let command = [&["populate", "--from", "photos", "--json"], options].concat();
    user.run(command).await.expect_success().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_a_run_would_do_and_does_nothing() {
    let user = user_with(&["a/1.jpg", "a/2.jpg", "b/c/1.jpg", "top.jpg", "notes.txt"]);
    let planned = populate(&user, &["-n"]).await;
    assert_eq!(planned["dry_run"], true);
    assert_eq!(
        (&planned["queued"], &planned["albums"]),
        (&4.into(), &2.into())
    );
    assert_eq!(planned["skipped"]["type"], 1);
    // Four uploads; one list, and two calls for each of two albums.
    assert_eq!(
        (&planned["calls"], &planned["seconds"]),
        (&9.into(), &4.into())
    );
    let not_found = user.run(["status"]).await.expect_code(1);
    assert!(not_found.stderr.contains("not found"), "no queue was made");

    let done = populate(&user, &[]).await;
    assert_eq!(done.get("dry_run"), None);
    for same in ["queued", "bytes", "albums", "skipped", "calls", "seconds"] {
        assert_eq!(done[same], planned[same], "{same}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_tells_what_how_long_and_what_to_type_next() {
    let user = user_with(&["a/1.jpg", "a/2.jpg", "b/1.jpg", "notes.txt"]);
    let said = async |options: &[&str]| {
        let command = [&["populate", "--from", "photos"], options].concat();
        user.run(command).await.expect_success()
    };
    let slow = said(&["-n", "-v", "--calls-per-hour", "1"]).await;
    for line in [
        "would queue 3 photos (",
        ") in 2 albums on sqlite:",
        "passed over 1: not a type that Flickr takes",
        "3 photos: about 3 h at 1 call an hour; the albums take 5 calls more",
        "next: the same command without --dry-run",
    ] {
        assert!(slow.stdout.contains(line), "{line}: {}", slow.stdout);
    }
    // Each file by name, those that are passed over among them.
    for line in ["a/1.jpg: would be queued", "notes.txt"] {
        assert!(slow.stderr.contains(line), "{line}: {}", slow.stderr);
    }
    let unlimited = said(&["-n", "--calls-per-hour", "0"]).await.stdout;
    assert!(unlimited.contains("calls are not limited"), "{unlimited}");

    let queue = ["--queue", "sqlite:of mine.db"];
    let done = said(&queue).await.stdout;
    assert!(
        done.contains("queued 3 photos") && done.contains("about")
            || done.contains("under a minute"),
        "{done}"
    );
    let next = "next: s3flickr work --queue 'sqlite:of mine.db'";
    assert!(done.ends_with(&format!("{next}\n")), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_knows_what_the_queue_has_already() {
    let user = user_with(&["a/1.jpg", "a/2.jpg"]);
    populate(&user, &[]).await;
    std::fs::write(user.home().join("photos/a/3.jpg"), picture("new")).unwrap();
    let planned = populate(&user, &["-n"]).await;
    assert_eq!(planned["queued"], 1);
    assert_eq!(planned["skipped"]["already_queued"], 2);
    // The time is that of all that is to be copied.
    assert_eq!(
        (&planned["waiting"], &planned["seconds"]),
        (&2.into(), &3.into())
    );
    let named = user
        .run(["populate", "--from", "photos", "-nv"])
        .await
        .expect_success();
    assert!(
        named.stdout.contains("on the queue before: 2 photos"),
        "{}",
        named.stdout
    );
    assert!(
        named.stderr.contains("a/1.jpg") && named.stderr.contains("a/3.jpg: would be queued"),
        "{}",
        named.stderr
    );
    let status = user.run(["status", "--json"]).await.expect_success().json();
    assert_eq!(
        (&status["waiting"], &status["total"]),
        (&2.into(), &2.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_outlast_the_fortnight_of_sqs_is_said() {
    let user = user_with(&["1.jpg", "2.jpg"]).with_all(ministack().await.env());
    let name = unique("fortnight");
    let queue = format!("sqs://{name}");
    let warned = async |options: &[&str]| {
        let command = ["populate", "--from", "photos", "--queue", &queue, "-n"];
        let output = user.run([&command, options].concat()).await;
        output.expect_success().stderr.contains("14 days")
    };
    // A call an hour is 336 in a fortnight.
    assert!(!warned(&["--calls-per-hour", "1"]).await);
    assert!(!warned(&["--calls-per-hour", "0"]).await);
    for n in 3..=340 {
        std::fs::write(user.home().join(format!("photos/{n}.jpg")), picture("x")).unwrap();
    }
    assert!(warned(&["--calls-per-hour", "1"]).await);
    assert!(!warned(&["--calls-per-hour", "2"]).await);
    let local = [
        "populate",
        "--from",
        "photos",
        "-n",
        "--calls-per-hour",
        "1",
    ];
    let local = user.run(local).await.expect_success();
    assert!(!local.stderr.contains("14 days"), "{}", local.stderr);
    let made = ministack().await.sqs().await;
    let made = made.get_queue_url().queue_name(&name).send().await;
    assert!(made.is_err(), "a dry run makes no queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_queue_is_made_where_there_is_nothing_to_queue() {
    let user = user_with(&["notes.txt"]);
    let nothing = populate(&user, &["--queue", "sqlite:new/queue.db"]).await;
    assert_eq!(
        (&nothing["queued"], &nothing["seconds"]),
        (&0.into(), &0.into())
    );
    assert!(!user.home().join("new").exists());
}
