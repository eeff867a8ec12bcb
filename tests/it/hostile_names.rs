//! Names of files that a terminal would obey: no command prints one as it is.

use serde_json::json;

use crate::support::cli::Output;
use crate::support::env::{Env, picture};

/// Clears the screen, turns text around, returns to the start of the line, and sets a colour by C1.
const HOSTILE: [&str; 5] = ["a\u{1b}[2Jb", "x\u{202e}gpj", "c\rd", "g\nh", "e\u{9b}31mf"];

/// Fails where a character that a terminal obeys is on a stream that a person reads.
#[track_caller]
fn is_harmless(output: &Output) {
    for text in [&output.stdout, &output.stderr] {
        let obeyed =
            |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(obeyed), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_control_character_of_a_name_reaches_a_person() {
    let env = Env::start().await;
    let user = env.user();
    for name in HOSTILE {
        let folder = user.home().join("photos").join(format!("album {name}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.jpg")), picture(name)).unwrap();
        std::fs::write(folder.join(format!("{name}.raw")), "no photo").unwrap();
    }
    is_harmless(
        &user
            .run(["populate", "--from", "photos", "--dry-run", "-v"])
            .await
            .expect_success(),
    );
    is_harmless(
        &user
            .run(["populate", "--from", "photos", "--retries", "1", "-v"])
            .await
            .expect_success(),
    );
    let refusal = json!({ "call": "upload", "fault": "refuse", "code": 5, "message": "no \u{1b}[31mphoto\r", "times": 1 });
    env.faults(json!([refusal])).await;
    is_harmless(&user.run(["work", "-vv"]).await.expect_code(3));
    is_harmless(&user.run(["failed", "list"]).await.expect_success());
    is_harmless(
        &user
            .run(["assign-sets", "--dry-run", "-v"])
            .await
            .expect_success(),
    );
    is_harmless(&user.run(["assign-sets", "-v"]).await.expect_success());
    is_harmless(
        &user
            .run(["merge-sets", "--dry-run", "-v"])
            .await
            .expect_success(),
    );
    is_harmless(&user.run(["status"]).await.expect_success());
    // A program gets the true name.
    let listed = user.run(["assign-sets", "--dry-run", "--json"]).await;
    is_harmless(&listed.expect_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_not_obeyed_by_the_terminal_that_reads_the_error() {
    let user = Env::start().await.user();
    for arguments in [
        ["populate", "--from", "no\u{1b}[2Jwhere"],
        ["status", "--queue", "sqlite:no\u{1b}[2Jwhere/q.db"],
        ["populate", "--bucket", "no\u{9b}31m"],
        ["work", "--allow", "s3:\u{202e}//"],
    ] {
        let output = user.run(arguments).await;
        assert_ne!(output.code(), Some(0));
        is_harmless(&output);
    }
}
