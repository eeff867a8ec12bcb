//! What the account itself refuses: no photo is to blame, so none fails.

use s3flickr::queue::{BoundAccount, Queue};
use serde_json::{Value, json};

use super::{Scene, WORK};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_no_photo_can_survive_ends_with_what_to_do_and_loses_nothing() {
    for (fault, told) in [
        ("account-full", "the Flickr account is full"),
        ("non-safe", "only hold safe content"),
        ("key-disabled", "refuses the API key"),
        ("token-revoked", "s3flickr login"),
    ] {
        // A single failure would end a photo.
        let scene = Scene::with(6, 1).await;
        // What is refused to an upload alone is about that upload: a plain call is refused as well.
        let script = json!([
            { "call": "upload", "fault": fault },
            { "call": "flickr.test.login", "fault": fault },
        ]);
        scene.world.faults(script).await;
        let said = scene.work().await.expect_code(1).stderr;
        assert_eq!(said.matches(told).count(), 1, "{fault}: {said}");
        scene.has(6, 0).await;
        scene.world.faults(json!([])).await;
        scene.work().await.expect_success();
        scene.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_again_and_again_on_a_full_account_buries_nothing() {
    let scene = Scene::with(2, 1).await;
    let script = json!([{ "call": "upload", "fault": "account-full" }]);
    scene.world.faults(script).await;
    for _ in 0..12 {
        scene.work().await.expect_code(1);
    }
    scene.has(2, 0).await;
    scene.world.faults(json!([])).await;
    scene.work().await.expect_success();
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_many_lanes_give_back_in_one_stop_is_not_taken_for_a_deadly_one() {
    let scene = Scene::with(1, 1).await;
    let script = json!([{ "call": "upload", "fault": "account-full" }]);
    scene.world.faults(script).await;
    // All but one of the lanes wait for a message when the one there is comes back.
    let work = [&WORK[..], &["--transfers", "64"]].concat();
    for _ in 0..3 {
        scene.user.run(&work).await.expect_code(1);
    }
    scene.world.faults(json!([])).await;
    scene.work().await.expect_success();
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_or_a_disabled_key_is_found_before_anything_is_taken() {
    for fault in ["token-revoked", "key-disabled"] {
        let scene = Scene::with(2, 1).await;
        scene
            .world
            .faults(json!([{ "call": "*", "fault": fault }]))
            .await;
        scene.work().await.expect_code(1);
        assert!(!scene.world.calls().await.contains_key("upload"));
        scene.has(2, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_flickr_asks_for_is_waited_for() {
    let scene = Scene::with(2, 1).await;
    let script = json!([
        { "call": "upload", "fault": "not-pro-wait", "wait_seconds": 1, "times": 1 },
    ]);
    scene.world.faults(script).await;
    let worked = scene.work().await.expect_success().json();
    assert_eq!(worked["retried"], 0, "{worked}");
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_account_that_fills_up_keeps_what_is_there_and_the_rest_waits() {
    let scene = Scene::with(6, 1).await;
    let free = json!({ "pro": false, "non_public_limit": 4 });
    scene.world.account(free).await;
    let said = scene.work().await.expect_code(1).stderr;
    assert!(said.contains("50 photos that are not public"), "{said}");
    assert_eq!(scene.world.contents().await.len(), 4);
    scene.has(2, 0).await;
    scene.world.account(json!({ "pro": true })).await;
    scene.work().await.expect_success();
    scene.all_is_well().await;
}

/// The id of the sandbox's account.
async fn nsid(scene: &Scene) -> String {
    let user = scene.world.client().login().await.expect("an account");
    user.nsid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_belongs_to_the_account_of_its_first_worker() {
    let scene = Scene::with(2, 5).await;
    let status = scene.user.run(["status", "--json"]).await.json();
    assert_eq!(status["account"], Value::Null);
    scene.work().await.expect_success();
    let status = scene.user.run(["status", "--json"]).await.json();
    assert_eq!(status["account"], nsid(&scene).await);
    let bound = scene.queue().await.account().await.expect("the queue");
    let bound = bound.expect("bound");
    assert!(!bound.had_photos && !bound.name.is_empty(), "{bound:?}");
    // Its own worker goes on.
    scene.work().await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_another_account_is_refused_in_one_line_and_takes_nothing() {
    let scene = Scene::with(3, 5).await;
    let first = BoundAccount {
        nsid: "11111111@N01".to_owned(),
        name: "grandmother".to_owned(),
        had_photos: false,
    };
    let queue = scene.queue().await;
    queue.bind_account(&first).await.expect("bound");
    let said = scene.work().await.expect_code(1).stderr;
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.contains("belongs to"))
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    let own = nsid(&scene).await;
    for part in [
        "grandmother (11111111@N01)",
        &own,
        "s3flickr login",
        "queue of its own",
    ] {
        assert!(lines[0].contains(part), "{part}: {said}");
    }
    scene.has(3, 0).await;
    assert_eq!(scene.world.photos().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_remembers_that_its_account_had_photos() {
    let scene = Scene::with(2, 5).await;
    scene.work().await.expect_success();
    let again = ["--queue", "sqlite:again.db"];
    let populate = [&["populate", "--from", "photos"][..], &again].concat();
    scene.user.run(populate).await.expect_success();
    scene
        .user
        .run([&WORK[..], &again].concat())
        .await
        .expect_success();
    let file = scene.user.home().join("again.db");
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
        let scene = Scene::with(4, 1).await;
        let mut script = fault.clone();
        script["call"] = "upload".into();
        script["times"] = 1.into();
        scene.world.faults(json!([script])).await;
        let worked = scene.work().await.expect_code(3);
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
        scene.has(0, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flickr_says_of_the_file_or_the_call_is_not_tried_again() {
    for code in [93, 95, 112, 118] {
        let scene = Scene::with(3, 5).await;
        let script = json!([
            { "call": "upload", "fault": "refuse", "code": code, "message": "no", "times": 1 },
        ]);
        scene.world.faults(script).await;
        scene.work().await.expect_code(3);
        assert_eq!(scene.world.calls().await["upload"], 3, "{code}");
        assert_eq!(scene.failed().await[0].0, "refused", "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_says_forbidden_costs_no_photo() {
    let scene = Scene::with(3, 5).await;
    let script = json!([
        { "call": "upload", "fault": "error-before", "status": 403, "times": 2 },
    ]);
    scene.world.faults(script).await;
    let said = scene.work().await.expect_success().stderr;
    assert!(said.contains("refuses to answer this machine"), "{said}");
    scene.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_take_all_says_so_beforehand() {
    let scene = Scene::with(4, 5).await;
    let settings = json!({ "pro": false, "items_limit": 3 });
    scene.world.account(settings).await;
    let short = "queued, and the account takes 3 more of its 3";
    let again = ["populate", "--from", "photos", "--queue", "sqlite:other.db"];
    let said = scene.user.run(again).await.expect_success().stderr;
    assert!(said.contains(short), "{said}");
    let said = scene.work().await.expect_code(1).stderr;
    assert!(said.contains(short), "{said}");
    let check = scene.user.run(["login", "--check"]).await.expect_success();
    assert!(
        check.stdout.contains("it holds 3 of the 3 photos"),
        "{}",
        check.stdout
    );
    let check = scene.user.run(["login", "--check", "--json"]).await.json();
    assert_eq!(
        (&check["photos"], &check["photos_limit"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(check["limit_status"], "at_limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_is_told_to_be_still_processed() {
    let scene = Scene::with(1, 5).await;
    let video = [&[0, 0, 0, 24][..], b"ftypmp42", &[0; 64]].concat();
    std::fs::write(scene.user.home().join("photos/a.mp4"), video).expect("a video");
    let populate = ["populate", "--from", "photos"];
    scene.user.run(populate).await.expect_success();
    let work = &WORK[..WORK.len() - 1];
    let said = scene.user.run(work).await.expect_success().stdout;
    assert!(said.contains("1 of them are videos"), "{said}");
}
