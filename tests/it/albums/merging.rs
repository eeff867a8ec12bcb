//! `merge-sets` deletes albums: it shows which and asks, or wants to be told that it may.

use std::io::Write;

use super::{by_hand, result};
use crate::sets::uploaded;
use crate::support::cli::User;
use crate::support::env::Env;

/// An account with three albums of one name, which become one.
async fn three_of_a_name(env: &Env) -> User {
    let user = uploaded(env, &["a/1.jpg", "a/2.jpg", "a/3.jpg"]).await;
    for key in ["a/1.jpg", "a/2.jpg", "a/3.jpg"] {
        by_hand(env, "a", &[key]).await;
    }
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_be_asked_nothing_is_deleted_without_yes() {
    let env = Env::start().await;
    let user = three_of_a_name(&env).await;
    for options in [&["merge-sets"][..], &["merge-sets", "--json"]] {
        let refused = user.run(options).await.expect_code(2);
        assert_eq!(refused.stdout, "");
        let lines: Vec<_> = refused.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{}", refused.stderr);
        assert!(
            lines[0].contains("2 albums") && lines[0].contains("--yes"),
            "{}",
            lines[0]
        );
        assert_eq!(env.sets().await.len(), 3);
    }
    let planned = result(&user, &["merge-sets", "--dry-run"]).await;
    assert_eq!(planned["dry_run"], true);
    assert_eq!(env.sets().await.len(), 3);
    let merged = result(&user, &["merge-sets", "-y"]).await;
    assert_eq!(merged["sets_deleted"], 2);
    assert_eq!(merged.get("dry_run"), None);
    assert_eq!(env.sets().await.len(), 1);
    // With nothing to delete there is nothing to ask.
    assert_eq!(result(&user, &["merge-sets"]).await["sets_deleted"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_shown_and_done_only_where_the_answer_is_yes() {
    let env = Env::start().await;
    let user = three_of_a_name(&env).await;
    for (answer, code, left) in [("", 1, 3), ("n", 1, 3), ("what?", 1, 3), ("Yes", 0, 1)] {
        let (mut merging, mut terminal) = user.start_at_terminal(["merge-sets"]);
        let shown = merging.until_stderr("[y/N]").await;
        assert!(
            shown.contains("deletes 2 more of this title") && shown.contains("Delete 2 albums"),
            "{shown}"
        );
        writeln!(terminal, "{answer}").expect("someone reads");
        let output = merging.output().await.expect_code(code);
        assert_eq!(
            output.stderr.contains("nothing was changed"),
            code == 1,
            "{}",
            output.stderr
        );
        assert_eq!(env.sets().await.len(), left, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_the_question_leaves_all_as_it_is() {
    let env = Env::start().await;
    let user = three_of_a_name(&env).await;
    let (mut merging, _terminal) = user.start_at_terminal(["merge-sets"]);
    merging.until_stderr("[y/N]").await;
    merging.interrupt();
    let output = merging.output().await.expect_code(4);
    assert!(
        output.stdout.contains("0 albums deleted"),
        "{}",
        output.stdout
    );
    assert_eq!(env.sets().await.len(), 3);
}
