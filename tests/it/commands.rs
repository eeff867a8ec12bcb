//! What scripts rely on: exit statuses, which stream says what, the names in the JSON documents,
//! and which of two settings wins.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};

/// A user with two photos in folders, and a file that Flickr does not take.
fn photographer(env: &Env) -> User {
    let user = env.user();
    for key in ["2012/Paris/1.jpg", "2013/Oslo/2.jpg", "2013/Oslo/raw.nef"] {
        let path = user.home().join("photos").join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, picture(key)).expect("a file");
    }
    user
}

/// The names of a JSON object, in order.
fn names(document: &Value) -> Vec<String> {
    let object = document.as_object().expect("an object");
    object.keys().cloned().collect()
}

const POPULATE: [&str; 3] = ["populate", "--from", "photos"];
const WORK: [&str; 3] = ["work", "--calls-per-hour", "0"];

/// Each command as a script runs it, and names that its result has.
const DOCUMENTS: [(&[&str], &[&str]); 9] = [
    (
        &["populate", "--from", "photos", "--dry-run"],
        &["queued", "bytes", "skipped", "dry_run"],
    ),
    (&POPULATE, &["queued", "bytes", "skipped"]),
    (
        &["status"],
        &[
            "queue",
            "waiting",
            "in_flight",
            "delayed",
            "failed",
            "total",
            "done",
            "missing",
            "account",
        ],
    ),
    (
        &WORK,
        &[
            "uploaded",
            "already_there",
            "retried",
            "failed",
            "bytes",
            "seconds",
            "stopped",
        ],
    ),
    (
        &["assign-sets", "--dry-run"],
        &["sets_created", "calls", "dry_run"],
    ),
    (
        &["assign-sets"],
        &[
            "sets_created",
            "sets_updated",
            "photos_added",
            "calls",
            "duplicates",
            "refused",
        ],
    ),
    (
        &["merge-sets", "--yes"],
        &["titles_merged", "sets_deleted", "photos_moved", "calls"],
    ),
    (&["failed", "retry"], &["requeued"]),
    (&["login", "--check"], &["nsid", "name", "rights"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_command_gives_one_document_on_stdout_with_the_names_that_scripts_know() {
    let env = Env::start().await;
    let user = photographer(&env);
    for (command, expected) in DOCUMENTS {
        let output = user.run([command, &["--json"]].concat()).await;
        let document = output.expect_success().json();
        let names = names(&document);
        for name in expected {
            assert!(
                names.iter().any(|n| n == name),
                "{command:?}: {name} in {names:?}"
            );
        }
        let is_dry = command.contains(&"--dry-run");
        assert_eq!(document.get("dry_run").is_some(), is_dry, "{command:?}");
    }
    let list = user.run(["failed", "list", "--json"]).await;
    assert_eq!(list.expect_success().json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_reads_of_a_result_is_on_stdout_and_the_rest_is_not() {
    let env = Env::start().await;
    let user = photographer(&env);
    let rows: [(&[&str], &str, &str); 4] = [
        (&POPULATE, "queued 2 photos", ""),
        (&WORK, "uploaded 2 photos", "copying from"),
        (&["status"], "done", ""),
        (&["assign-sets"], "created", ""),
    ];
    for (command, stdout, stderr) in rows {
        let output = user.run(command).await.expect_success();
        assert!(output.stdout.contains(stdout), "{command:?}: {output:?}");
        assert!(output.stderr.contains(stderr), "{command:?}: {output:?}");
        assert!(
            stderr.is_empty() || !output.stdout.contains(stderr),
            "{output:?}"
        );
    }
}

/// Wrong usage, of every kind: nothing is done, and nothing is on stdout.
const WRONG: [&[&str]; 14] = [
    &["fly"],
    &["work", "--fast"],
    &["work", "--transfers", "many"],
    &["work", "--privacy", "secret"],
    &["work", "--bwlimit", "-1"],
    &["populate"],
    &["populate", "--from", "photos", "--retries", "0"],
    &["populate", "--from", "ftp://host/photos"],
    &["populate", "--from", "photos", "--include", "[a"],
    &["populate", "--bucket", "b", "--from", "photos"],
    &["populate", "--bucket", "b/with/folder"],
    &["status", "--queue", "ftp://host/queue"],
    &["work", "--allow", "ftp://host/photos"],
    &["assign-sets", "--set-name", "colour"],
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_status_2_and_says_why_on_stderr() {
    let env = Env::start().await;
    let user = photographer(&env);
    for command in WRONG {
        let output = user.run(command).await;
        assert_eq!(output.code(), Some(2), "{command:?}: {output:?}");
        assert_eq!(output.stdout, "", "{command:?}");
        assert!(!output.stderr.is_empty(), "{command:?}");
    }
    assert!(!user.home().join("data").join("s3flickr/queue.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_ends_with_status_1() {
    let env = Env::start().await;
    let user = photographer(&env);
    let rows: [(&[&str], &str); 4] = [
        (&["status"], "queue"),
        (&["work"], "queue"),
        (&["populate", "--from", "nowhere"], "nowhere"),
        (&["failed", "list", "--queue", "sqlite:none.db"], "none.db"),
    ];
    for (command, thing) in rows {
        let output = user.run(command).await;
        assert_eq!(output.code(), Some(1), "{command:?}: {output:?}");
        assert!(output.stderr.contains(thing), "{command:?}: {output:?}");
    }
    user.run(POPULATE).await.expect_success();
    let stranger = env.user_with_key_only();
    let queue = format!(
        "sqlite:{}",
        user.home().join("data/s3flickr/queue.db").display()
    );
    let refused = stranger
        .run(["work", "--queue", &queue])
        .await
        .expect_code(1);
    assert!(refused.stderr.contains("s3flickr login"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_is_status_1_and_a_closed_pipe_is_quiet() {
    let env = Env::start().await;
    let user = photographer(&env);
    user.run(POPULATE).await.expect_success();
    for (redirection, status) in [(">/dev/full", 1), ("| true", 0)] {
        let script = format!("\"$0\" status --json {redirection}");
        let output = by_shell(&user, &script).await;
        assert_eq!(output.code(), Some(status), "{redirection}: {output:?}");
        assert_eq!(
            output.stderr.is_empty(),
            status == 0,
            "{redirection}: {output:?}"
        );
        assert!(!output.stderr.contains("panicked"), "{output:?}");
    }
}

async fn by_shell(user: &User, script: &str) -> Output {
    user.run_by("/bin/sh", ["-c", script], [""; 0]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_failed_are_status_3() {
    let env = Env::start().await;
    let user = photographer(&env);
    user.run(POPULATE).await.expect_success();
    env.faults(
        json!([{ "call": "upload", "fault": "refuse", "code": 5, "message": "no", "times": 1 }]),
    )
    .await;
    let worked = user.run([&WORK[..], &["--json"]].concat()).await;
    let worked = worked.expect_code(3).json();
    assert_eq!(
        (&worked["failed"], &worked["uploaded"]),
        (&json!(1), &json!(1))
    );
    // They can be tried again, and then all is well.
    let retried = user.run(["failed", "retry", "--json"]).await;
    assert_eq!(retried.expect_success().json()["requeued"], 1);
    user.run(WORK).await.expect_success();
    assert_eq!(env.photos().await.len(), 2);
}

/// What one source of an option says.
type Source = Option<&'static str>;

/// Who may see the photos, typed, in the environment and in the config file; and what comes of it.
const PRIVACY: [(Source, Source, Source, &str); 6] = [
    (None, None, None, "private"),
    (None, None, Some("family"), "family"),
    (None, Some("friends"), Some("family"), "friends"),
    (Some("public"), Some("friends"), Some("family"), "public"),
    // An empty variable is not set.
    (None, Some(""), Some("family"), "family"),
    (Some("private"), None, Some("family"), "private"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_wins_over_the_environment_and_that_over_the_file() {
    for (typed, variable, file, expected) in PRIVACY {
        let env = Env::start().await;
        let mut user = photographer(&env);
        if let Some(value) = variable {
            user = user.with("S3FLICKR_PRIVACY", value);
        }
        if let Some(value) = file {
            let path = user.home().join("config/s3flickr/config.toml");
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            // Both ways to write a name are one.
            let text = format!("privacy = {value:?}\ncalls_per_hour = 0\n");
            std::fs::write(&path, text).expect("a file");
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, mode).expect("a file of one's own");
        }
        user.run(POPULATE).await.expect_success();
        let typed: Vec<&str> = typed
            .into_iter()
            .flat_map(|value| ["--privacy", value])
            .collect();
        user.run([&WORK[..], &typed].concat())
            .await
            .expect_success();
        for photo in env.photos().await {
            assert_eq!(
                photo.visibility, expected,
                "{typed:?} {variable:?} {file:?}"
            );
        }
    }
}
