//! What a person sees in a terminal, at three sizes: no stray bar, no line that wraps.

use serde_json::json;

use crate::sets::uploaded;
use crate::support::bent_s3::{Bent, BentS3};
use crate::support::cli::User;
use crate::support::env::{Env, picture};
use crate::support::terminal::{Row, Size, Terminal};

/// Rows and columns.
const SIZES: [Size; 3] = [(10, 40), (24, 80), (50, 200)];

/// A user with this many photos in a folder, all of them queued.
async fn queued(env: &Env, photos: usize) -> User {
    let user = env.user();
    let folder = user.home().join("photos");
    std::fs::create_dir(&folder).expect("a folder");
    for n in 0..photos {
        let name = format!("{n:03}.jpg");
        std::fs::write(folder.join(&name), picture(&name)).expect("a photo");
    }
    let populate = user.run(["populate", "--from", "photos"]);
    populate.await.expect_success();
    user
}

/// Whether a row has a bar, or a part of one.
fn has_bar(row: &Row) -> bool {
    let is_bar = |text: &str| {
        let inside = text.trim_start_matches('[');
        inside.len() < text.len() && inside.starts_with(['#', '-'])
    };
    row.text
        .match_indices('[')
        .any(|(at, _)| is_bar(&row.text[at..]))
}

/// At no time there were two lines of progress, or one that wrapped, and none is left at the end.
fn is_clean(terminal: &Terminal, progress: &str) {
    let is_progress = |row: &&Row| has_bar(row) || row.text.contains(progress);
    let mut shown = 0;
    for rows in terminal.seen() {
        let lines: Vec<&Row> = rows.iter().filter(is_progress).collect();
        assert!(lines.len() <= 1, "{lines:#?}");
        assert!(lines.iter().all(|row| !row.is_wrapped), "{lines:#?}");
        shown += lines.len();
    }
    assert!(shown > 0, "no progress was shown:\n{}", terminal.screen());
    let last = terminal.seen().last().expect("a screen");
    let left: Vec<&Row> = last.iter().filter(is_progress).collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_first_what_it_does_and_shows_how_far_it_is() {
    for size in SIZES {
        let env = Env::start().await;
        let user = queued(&env, 8).await;
        let slow = json!([{ "call": "upload", "fault": "slow", "delay_ms": 600 }]);
        env.faults(slow).await;
        let work = ["work", "--transfers", "2", "--calls-per-hour", "0"];
        let mut terminal = Terminal::start(&user, size, &work);
        let screen = terminal.until("/8 photos");
        for said in [
            "(8 photos wait)",
            "SANDBOX http://127.0.0.1",
            "private",
            "2 at once",
        ] {
            assert!(screen.contains(said), "{said}:\n{screen}");
        }
        let intro: Vec<&Row> = terminal
            .seen()
            .iter()
            .flatten()
            .filter(|row| row.is_wrapped)
            .collect();
        assert!(intro.is_empty(), "{intro:#?}");
        assert_eq!(terminal.end().await, Some(0), "{}", terminal.screen());
        assert!(
            terminal.screen().contains("uploaded 8 photos"),
            "{}",
            terminal.screen()
        );
        is_clean(&terminal, "/8 photos");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_no_bar_behind() {
    for size in SIZES {
        let env = Env::start().await;
        let user = queued(&env, 8).await;
        let slow = json!([{ "call": "upload", "fault": "slow", "delay_ms": 1500 }]);
        env.faults(slow).await;
        let work = ["work", "--transfers", "1", "--calls-per-hour", "0"];
        let mut terminal = Terminal::start(&user, size, &work);
        terminal.until("/8 photos");
        terminal.type_text("\x03");
        terminal.until("finishing");
        assert_eq!(terminal.end().await, Some(4), "{}", terminal.screen());
        is_clean(&terminal, "/8 photos");
    }
}

/// A call every five seconds.
const SLOW: [&str; 5] = ["work", "--transfers", "2", "--calls-per-hour", "720"];

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_for_the_call_budget_says_when_the_next_call_is_due() {
    for size in SIZES {
        let env = Env::start().await;
        let user = queued(&env, 8).await;
        let mut terminal = Terminal::start(&user, size, &SLOW);
        terminal.until("waiting for the call b");
        if size.1 > 40 {
            terminal.until("waiting for the call budget: next call in ");
        }
        terminal.type_text("\x03");
        assert_eq!(terminal.end().await, Some(4), "{}", terminal.screen());
        is_clean(&terminal, "/8 photos");
    }
    // In a log it is a line.
    let env = Env::start().await;
    let user = queued(&env, 8).await;
    let mut worker = user.start(SLOW);
    worker
        .until_stderr("/8 photos, waiting for the call budget")
        .await;
    worker.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_hangs_says_how_far_it_is_and_ends_at_ctrl_c() {
    for size in SIZES {
        let keys = (0..30).map(|n| format!("{n:02}.jpg"));
        let s3 = BentS3::start(keys, 10, |asked, list| match asked.number {
            0 | 1 => Bent::List(list),
            _ => Bent::Silence,
        });
        let user = User::new().with_all(s3.await.env());
        let populate = ["populate", "--bucket", "photos"];
        let mut terminal = Terminal::start(&user, size, &populate);
        terminal.until("20 files listed");
        terminal.type_text("\x03");
        assert_eq!(terminal.end().await, Some(4), "{}", terminal.screen());
        is_clean(&terminal, "files listed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_says_what_it_waits_for() {
    let env = Env::start().await;
    let user = queued(&env, 2).await;
    // The look at the account takes what may be called at once; then there is a call in six seconds.
    let calls = ["--calls-per-hour", "600"];
    let work = [&["work", "--transfers", "2", "--forever"][..], &calls].concat();
    let mut terminal = Terminal::start(&user, SIZES[1], &work);
    terminal.until("waiting for the call budget: next call in");
    terminal.until("waiting for photos: the queue shows none");
    terminal.type_text("\x03");
    assert_eq!(terminal.end().await, Some(4), "{}", terminal.screen());
    is_clean(&terminal, "/2 photos");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_has_its_prompt_for_itself() {
    for size in SIZES {
        let env = Env::start().await;
        let user = env.user_with_key_only();
        let mut terminal = Terminal::start(&user, size, &["login"]);
        let screen = terminal.until("Code: ");
        assert!(screen.trim_end().ends_with("Code:"), "{screen}");
        terminal.type_text("123-456-789\r");
        assert_eq!(terminal.end().await, Some(1), "{}", terminal.screen());
        let bars: Vec<&Row> = terminal
            .seen()
            .iter()
            .flatten()
            .filter(|row| has_bar(row))
            .collect();
        assert!(bars.is_empty(), "{bars:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn albums_have_a_bar_too() {
    for (size, command) in SIZES
        .into_iter()
        .zip(["assign-sets", "merge-sets", "assign-sets"])
    {
        let env = Env::start().await;
        let keys: Vec<String> = (0..6).map(|n| format!("{n}/1.jpg")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let user = uploaded(&env, &keys).await;
        let method = if command == "merge-sets" {
            for key in &keys {
                for _ in 0..2 {
                    crate::sets::by_hand(&env, &key[..1], &[key]).await;
                }
            }
            "flickr.photosets.delete"
        } else {
            "flickr.photosets.create"
        };
        let slow = json!([{ "call": method, "fault": "slow", "delay_ms": 400 }]);
        env.faults(slow).await;
        let mut arguments = vec![command, "--calls-per-hour", "0"];
        // At a terminal it would ask.
        arguments.extend((command == "merge-sets").then_some("--yes"));
        let mut terminal = Terminal::start(&user, size, &arguments);
        terminal.until(" album steps done");
        assert_eq!(terminal.end().await, Some(0), "{}", terminal.screen());
        assert_eq!(env.sets().await.len(), 6);
        is_clean(&terminal, " album steps done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shows_one_bar_at_a_time_and_leaves_none() {
    for size in SIZES {
        let user = User::new();
        let folder = user.home().join("photos/a");
        std::fs::create_dir_all(&folder).expect("a folder");
        for n in 0..9 {
            let name = format!("{n}.jpg");
            std::fs::write(folder.join(&name), picture(&name)).expect("a photo");
        }
        let demo = ["demo", "--photos", "photos", "--exit"];
        let mut terminal = Terminal::start(&user, size, &demo);
        assert_eq!(terminal.end().await, Some(0), "{}", terminal.screen());
        for rows in terminal.seen() {
            let bars: Vec<&Row> = rows.iter().filter(|row| has_bar(row)).collect();
            assert!(
                bars.len() <= 1 && bars.iter().all(|row| !row.is_wrapped),
                "{bars:#?}"
            );
        }
        let last = terminal.seen().last().expect("a screen");
        assert!(!last.iter().any(has_bar), "{last:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_told_how_far_it_is_unless_that_is_not_wanted() {
    let env = Env::start().await;
    let user = queued(&env, 8).await;
    let slow = json!([{ "call": "upload", "fault": "slow", "delay_ms": 3000 }]);
    env.faults(slow).await;
    let work = ["work", "--transfers", "1", "--calls-per-hour", "0"];
    let quiet = [&work[..], &["--no-progress"]].concat();
    let quiet = user.start(quiet);
    let mut worker = user.start(work);
    let stderr = worker.until_stderr("/8 photos").await;
    let line = stderr.lines().find(|line| line.contains("/8 photos"));
    // A line of a log has its time.
    assert!(line.is_some_and(|line| line.contains(':')), "{stderr}");
    assert!(
        !stderr.contains('\x1b') && !stderr.contains('\r'),
        "{stderr:?}"
    );
    worker.output().await.expect_success();
    let quiet = quiet.output().await.expect_success();
    assert!(!quiet.stderr.contains("/8 photos"), "{}", quiet.stderr);
}
