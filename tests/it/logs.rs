//! What is said on stderr and kept in a log file, and what happens where stdout takes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};

const WORK: [&str; 3] = ["work", "--calls-per-hour", "0"];

/// A user with two pictures queued, one of which is gone.
async fn queued(env: &Env) -> User {
    let user = env.user();
    fs::create_dir_all(user.home().join("photos/a")).unwrap();
    for name in ["1", "2"] {
        fs::write(
            user.home().join(format!("photos/a/{name}.jpg")),
            picture(name),
        )
        .unwrap();
    }
    user.run(["populate", "--from", "photos"])
        .await
        .expect_success();
    fs::remove_file(user.home().join("photos/a/2.jpg")).unwrap();
    user
}

/// Every line is one JSON object with a time, a level and a message, and no key twice.
#[track_caller]
fn all_json(text: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let object = value.as_object().expect("an object");
        let colons = line.matches("\":").count();
        assert!(colons >= object.len(), "{line}");
        for key in object.keys() {
            assert_eq!(
                line.matches(&format!("\"{key}\":")).count(),
                1,
                "{key} in {line}"
            );
        }
        for key in ["timestamp", "level", "message"] {
            assert!(object[key].is_string(), "{key}: {line}");
        }
        lines.push(value);
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_stderr_is_json_where_json_is_asked_for() {
    let env = Env::start().await;
    let user = queued(&env).await.with("S3FLICKR_LOG_FORMAT", "json");
    let worked = user
        .run([&WORK[..], &["-vv"]].concat())
        .await
        .expect_code(3);
    let lines = all_json(&worked.stderr);
    let uploaded = lines
        .iter()
        .find(|line| line["message"] == "a/1.jpg: uploaded");
    assert_eq!(uploaded.unwrap()["key"], "a/1.jpg");
    assert!(
        lines
            .iter()
            .any(|line| line["level"] == "ERROR" && line["key"] == "a/2.jpg")
    );
    // Errors of the command line, of the config file, and those that a run ends with.
    for arguments in [
        vec!["wrok"],
        vec![],
        vec!["work", "--transfers", "0"],
        vec!["work", "--recursive"],
        vec!["status", "--queue", "sqlite:none.db"],
        vec!["--profile", "none", "status"],
    ] {
        let output = user.run(&arguments).await;
        assert_ne!(output.code(), Some(0));
        let lines = all_json(&output.stderr);
        assert_eq!(lines.len(), 1, "{arguments:?}: {}", output.stderr);
        assert_eq!(lines[0]["level"], "ERROR");
    }
    let tip = user.run(["work", "--recursive"]).await.stderr;
    assert!(tip.contains("all that is below"), "{tip}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_is_appended_to_and_the_terminal_keeps_to_warnings() {
    let env = Env::start().await;
    let user = queued(&env).await;
    let log = user.home().join("work.log");
    let arguments = [&WORK[..], &["-v", "--log-file", "work.log"]].concat();
    let worked = user.run(&arguments).await.expect_code(3);
    assert!(!worked.stderr.contains("a/1.jpg"), "{}", worked.stderr);
    assert!(
        worked.stderr.contains("a/2.jpg: failed"),
        "{}",
        worked.stderr
    );
    let first = fs::read_to_string(&log).unwrap();
    assert!(first.contains(" INFO a/1.jpg: uploaded"), "{first}");
    assert!(first.contains("ERROR a/2.jpg: failed"), "{first}");
    for line in first.lines() {
        // 2026-11-25 12:00:05+00:00
        let (time, rest) = line.split_at(25);
        assert!(
            time.as_bytes()[10] == b' ' && ["+", "-"].contains(&&time[19..20]),
            "{line}"
        );
        assert!(rest.starts_with(' '), "{line}");
    }
    assert_eq!(
        fs::metadata(&log).unwrap().permissions().mode() & 0o777,
        0o600
    );
    user.run(&arguments).await;
    assert!(fs::read_to_string(&log).unwrap().starts_with(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_that_cannot_be_opened_ends_the_run_in_one_line() {
    let user = User::new();
    for path in ["/proc/nowhere/x.log", "."] {
        let output = user
            .run(["status", "--log-file", path])
            .await
            .expect_code(1);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert!(output.stderr.contains("log file") && output.stderr.contains(path));
    }
    let full = user
        .run(["status", "--log-file", "/dev/full"])
        .await
        .expect_code(1);
    assert!(
        full.stderr.contains("log file is incomplete"),
        "{}",
        full.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_log_have_the_time_with_its_offset() {
    let env = Env::start().await;
    let user = queued(&env).await.with("TZ", "Asia/Kolkata");
    let worked = user.run([&WORK[..], &["-v"]].concat()).await.expect_code(3);
    let line = worked
        .stderr
        .lines()
        .find(|line| line.contains("1.jpg: uploaded"));
    let line = line.unwrap_or_else(|| panic!("{}", worked.stderr));
    assert_eq!(&line[19..25], "+05:30", "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_is_quiet() {
    let env = Env::start().await;
    let user = queued(&env).await;
    let silent = |output: &Output| output.stdout.is_empty() && output.stderr.is_empty();
    let status = user.run(["status", "-q"]).await.expect_success();
    assert!(silent(&status), "{status:?}");
    let listed = user.run(["populate", "-q", "-n", "--from", "photos"]).await;
    assert!(silent(&listed.expect_success()));
    let json = user.run(["status", "-q", "--json"]).await.expect_success();
    assert_eq!(json.json()["total"], 2);
    let worked = user.run([&WORK[..], &["-q"]].concat()).await.expect_code(3);
    assert_eq!(worked.stdout, "");
    assert!(
        worked.stderr.lines().all(|line| line.contains("ERROR")),
        "{}",
        worked.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let env = Env::start().await;
    let user = queued(&env).await;
    for command in [
        "status",
        "status --json",
        "status --watch",
        "failed list",
        "failed export",
        "failed list --json",
        "populate -n --from photos",
        "populate -n --from photos --json",
        "assign-sets --dry-run",
        "merge-sets --dry-run --json",
        "login --check",
        "completions bash",
        "man",
        "--help",
        "--version",
        "help work",
    ] {
        let script = format!("exec \"$0\" {command} > /dev/full");
        let output = user
            .run_by("/bin/sh", ["-c", &script], [""; 0])
            .await
            .expect_code(1);
        assert!(
            output.stderr.contains("could not be written"),
            "{command}: {}",
            output.stderr
        );
        // A reader that has gone away: what is written to it is lost, and nothing is said.
        let script = format!("{{ sleep 0.3; \"$0\" {command}; echo $? >&2; }} | true");
        let output = user.run_by("/bin/sh", ["-c", &script], [""; 0]).await;
        assert!(
            matches!(output.stderr.trim(), "0"),
            "{command}: {}",
            output.stderr
        );
    }
    let script = "\"$0\" status --watch | head -n 1";
    let output = user.run_by("/bin/sh", ["-c", script], [""; 0]).await;
    assert!(
        !output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
}
