//! What the account itself refuses: no photo is to blame, so none fails.

use s3flickr::queue::{BoundAccount, Queue};
use serde_json::{Value, json};

use super::{Fixture, WORK};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_no_photo_can_survive_ends_with_what_to_do_and_loses_nothing() {
    for (fault, told) in [
        ("account-full", "the Flickr account is full"),
        ("non-safe", "only hold safe content"),
        ("key-disabled", "refuses the API key"),
        ("token-revoked", "s3flickr login"),
    ] {
        // A single failure would end a photo.
        // What is refused to an upload alone is about that upload: a plain call is refused as well.
        let script = json!([
            { "call": "upload", "fault": fault },
            { "call": "flickr.test.login", "fault": fault },
        ]);
        let fixture = Fixture::with_faults(6, 1, script).await;
        let stderr = fixture.work().await.expect_code(1).stderr;
        assert_eq!(stderr.matches(told).count(), 1, "{fault}: {stderr}");
        fixture.has(6, 0).await;
        fixture.recovers().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_again_and_again_on_a_full_account_buries_nothing() {
    let script = json!([{ "call": "upload", "fault": "account-full" }]);
    let fixture = Fixture::with_faults(2, 1, script).await;
    for _ in 0..12 {
        fixture.work().await.expect_code(1);
    }
    fixture.has(2, 0).await;
    fixture.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_many_lanes_give_back_in_one_stop_is_not_taken_for_a_deadly_one() {
    let script = json!([{ "call": "upload", "fault": "account-full" }]);
    let fixture = Fixture::with_faults(1, 1, script).await;
    // All but one of the lanes wait for a message when the one there is comes back.
    let work = [&WORK[..], &["--transfers", "64"]].concat();
    for _ in 0..3 {
        fixture.user.run(&work).await.expect_code(1);
    }
    fixture.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_or_a_disabled_key_is_found_before_anything_is_taken() {
    for fault in ["token-revoked", "key-disabled"] {
        let fixture = Fixture::with(2, 1).await;
        fixture
            .env
            .faults(json!([{ "call": "*", "fault": fault }]))
            .await;
        fixture.work().await.expect_code(1);
        assert!(!fixture.env.calls().await.contains_key("upload"));
        fixture.has(2, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_flickr_asks_for_is_waited_for() {
    let script = json!([
        { "call": "upload", "fault": "not-pro-wait", "wait_seconds": 1, "times": 1 },
    ]);
    let fixture = Fixture::with_faults(2, 1, script).await;
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["retried"], 0, "{worked}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_account_that_fills_up_keeps_what_is_there_and_the_rest_waits() {
    let fixture = Fixture::with(6, 1).await;
    let free = json!({ "pro": false, "non_public_limit": 4 });
    fixture.env.account(free).await;
    let stderr = fixture.work().await.expect_code(1).stderr;
    assert!(stderr.contains("50 photos that are not public"), "{stderr}");
    assert_eq!(fixture.env.contents().await.len(), 4);
    fixture.has(2, 0).await;
    fixture.env.account(json!({ "pro": true })).await;
    fixture.work().await.expect_success();
    fixture.all_is_well().await;
}

/// The id of the sandbox's account.
async fn nsid(fixture: &Fixture) -> String {
    let user = fixture.env.client().whoami().await.expect("an account");
    user.nsid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_belongs_to_the_account_of_its_first_worker() {
    let fixture = Fixture::with(2, 5).await;
    let status = fixture.user.run(["status", "--json"]).await.json();
    assert_eq!(status["account"], Value::Null);
    fixture.work().await.expect_success();
    let status = fixture.user.run(["status", "--json"]).await.json();
    assert_eq!(status["account"], nsid(&fixture).await);
    let bound = fixture.queue().await.account().await.expect("the queue");
    let bound = bound.expect("bound");
    assert!(!bound.had_photos && !bound.name.is_empty(), "{bound:?}");
    // Its own worker goes on.
    fixture.work().await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_another_account_is_refused_in_one_line_and_takes_nothing() {
    let fixture = Fixture::with(3, 5).await;
    let first = BoundAccount {
        nsid: "11111111@N01".to_owned(),
        name: "grandmother".to_owned(),
        had_photos: false,
    };
    let queue = fixture.queue().await;
    queue.bind_account(&first).await.expect("bound");
    let stderr = fixture.work().await.expect_code(1).stderr;
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("belongs to"))
        .collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    let own = nsid(&fixture).await;
    for part in [
        "grandmother (11111111@N01)",
        &own,
        "s3flickr login",
        "queue of its own",
    ] {
        assert!(lines[0].contains(part), "{part}: {stderr}");
    }
    fixture.has(3, 0).await;
    assert_eq!(fixture.env.photos().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_remembers_that_its_account_had_photos() {
    let fixture = Fixture::with(2, 5).await;
    fixture.work().await.expect_success();
    fixture.again("again").await;
    let file = fixture.user.home().join("again.db");
    let queue = Queue::open(&format!("sqlite:{}", file.display())).await;
    let bound = queue.expect("a queue").account().await.expect("the queue");
    assert!(bound.expect("bound").had_photos);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_that_is_refused_a_signature_is_that_photos_failure() {
    for fault in [
        json!({ "fault": "oauth-problem", "problem": "signature_invalid" }),
        json!({ "fault": "oauth-problem", "problem": "token_rejected" }),
        json!({ "fault": "refuse", "code": 98, "message": "Login failed / Invalid auth token" }),
        json!({ "fault": "refuse", "code": 99, "message": "Insufficient permissions" }),
        json!({ "fault": "refuse", "code": 100, "message": "Invalid API Key (Key has expired)" }),
    ] {
        let fixture = Fixture::with(4, 1).await;
        let mut script = fault.clone();
        script["call"] = "upload".into();
        script["times"] = 1.into();
        fixture.env.faults(json!([script])).await;
        let worked = fixture.work().await.expect_code(3);
        assert!(
            !worked.stderr.contains("FLICKR_API_SECRET"),
            "{}",
            worked.stderr
        );
        let worked = worked.json();
        assert_eq!(
            (&worked["uploaded"], &worked["failed"]),
            (&json!(3), &json!(1)),
            "{fault}"
        );
        fixture.has(0, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flickr_says_of_the_file_or_the_call_is_not_tried_again() {
    for code in [93, 95, 112, 118] {
        let script = json!([
            { "call": "upload", "fault": "refuse", "code": code, "message": "no", "times": 1 },
        ]);
        let fixture = Fixture::with_faults(3, 5, script).await;
        fixture.work().await.expect_code(3);
        assert_eq!(fixture.env.calls().await["upload"], 3, "{code}");
        assert_eq!(fixture.failed().await[0].0, "refused", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_says_forbidden_costs_no_photo() {
    let script = json!([
        { "call": "upload", "fault": "error-before", "status": 403, "times": 2 },
    ]);
    let fixture = Fixture::with_faults(3, 5, script).await;
    let stderr = fixture.work().await.expect_success().stderr;
    assert!(
        stderr.contains("refuses to answer this machine"),
        "{stderr}"
    );
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_take_all_says_so_beforehand() {
    let fixture = Fixture::with(4, 5).await;
    let settings = json!({ "pro": false, "items_limit": 3 });
    fixture.env.account(settings).await;
    let short = "queued, and the account takes 3 more of its 3";
    let again = ["populate", "--from", "photos", "--queue", "sqlite:other.db"];
    let stderr = fixture.user.run(again).await.expect_success().stderr;
    assert!(stderr.contains(short), "{stderr}");
    let stderr = fixture.work().await.expect_code(1).stderr;
    assert!(stderr.contains(short), "{stderr}");
    let check = fixture
        .user
        .run(["login", "--check"])
        .await
        .expect_success();
    assert!(
        check.stdout.contains("it holds 3 of the 3 photos"),
        "{}",
        check.stdout
    );
    let check = fixture
        .user
        .run(["login", "--check", "--json"])
        .await
        .json();
    assert_eq!(
        (&check["photos"], &check["photos_limit"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(check["limit_status"], "at_limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_told_to_be_still_processed() {
    let fixture = Fixture::with(1, 5).await;
    let video = [&[0, 0, 0, 24][..], b"ftypmp42", &[0; 64]].concat();
    std::fs::write(fixture.user.home().join("photos/a.mp4"), video).expect("a video");
    let populate = ["populate", "--from", "photos"];
    fixture.user.run(populate).await.expect_success();
    let work = &WORK[..WORK.len() - 1];
    let stdout = fixture.user.run(work).await.expect_success().stdout;
    assert!(stdout.contains("1 of them are videos"), "{stdout}");
}
