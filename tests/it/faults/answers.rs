//! Answers of Flickr that are lost, wrong, late or refusals.

use serde_json::json;

use super::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_a_clear_answer_makes_one_photo_and_one_upload() {
    for fault in [
        "lose-answer",
        "gateway-timeout-after",
        "empty-answer",
        "garbled",
        "wrong-answer",
    ] {
        let script = json!([{ "call": "upload", "fault": fault, "times": 2 }]);
        let fixture = Fixture::with_faults(4, 5, script).await;
        let worked = fixture.work().await.expect_success().json();
        assert_eq!(worked["already_there"], 2, "{fault}: {worked}");
        assert_eq!(fixture.env.calls().await["upload"], 4, "{fault}");
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_lost_answers_costs_a_few_listings() {
    let script = json!([{ "call": "upload", "fault": "gateway-timeout-after", "times": 60 }]);
    let fixture = Fixture::with_faults(60, 5, script).await;
    fixture.work().await.expect_success();
    let calls = fixture.env.calls().await;
    assert_eq!(calls["upload"], 60);
    assert!(calls["flickr.people.getPhotos"] <= 20, "{calls:?}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_reset_half_way_is_tried_again() {
    let script = json!([{ "call": "upload", "fault": "reset-halfway", "times": 3 }]);
    let fixture = Fixture::with_faults(4, 5, script).await;
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["retried"], 3, "{worked}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_be_asked_for_fewer_calls_is_no_failure_of_a_photo() {
    for fault in ["throttle", "unavailable"] {
        // A single failure would end a photo.
        let script = json!([{ "call": "upload", "fault": fault, "times": 2 }]);
        let fixture = Fixture::with_faults(3, 1, script).await;
        let worked = fixture.work().await.expect_success().json();
        assert_eq!(worked["retried"], 0, "{fault}: {worked}");
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_survives_answers_that_are_no_answers() {
    for fault in ["lose-answer", "garbled", "short-page", "throttle"] {
        let script = json!([
            { "call": "upload", "fault": "gateway-timeout-after", "times": 4 },
            { "call": "flickr.people.getPhotos", "fault": fault, "times": 1 },
        ]);
        let fixture = Fixture::with_faults(4, 5, script).await;
        fixture.work().await.expect_success();
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_does_not_know_the_photo_yet_makes_no_second_one() {
    // The photo that Flickr names as the duplicate is unknown at first, too.
    let script = json!([
        { "call": "upload", "fault": "gateway-timeout-after", "times": 4 },
        { "call": "flickr.people.getPhotos", "fault": "stale-list", "newest": 4 },
        { "call": "flickr.photos.getInfo", "fault": "refuse", "code": 1,
          "message": "Photo not found", "times": 2 },
    ]);
    let fixture = Fixture::with_faults(4, 5, script).await;
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["already_there"], 4, "{worked}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_two_lanes_have_at_the_same_time_makes_one_photo() {
    let script = json!([{ "call": "upload", "fault": "slow-body", "delay_ms": 200 }]);
    let fixture = Fixture::with_faults(1, 5, script).await;
    let queue = fixture.queue().await;
    let body = fixture.message("0/0.jpg");
    let copies = [(); 3].map(|()| super::outgoing(&body));
    queue.send(&copies).await.expect("copies sent");
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["already_there"], 3, "{worked}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_made_once_however_flickr_answers() {
    for (call, fault) in [
        ("flickr.people.getPhotos", "short-page"),
        ("flickr.people.getPhotos", "garbled"),
        ("flickr.photosets.create", "lose-answer"),
        ("flickr.photosets.create", "gateway-timeout-after"),
        ("flickr.photosets.create", "wrong-answer"),
        ("flickr.photosets.editPhotos", "lose-answer"),
        ("flickr.photosets.getList", "empty-answer"),
    ] {
        let fixture = Fixture::with(6, 5).await;
        fixture.work().await.expect_success();
        let script = json!([{ "call": call, "fault": fault, "times": 1 }]);
        fixture.env.faults(script).await;
        // It may stop at a doubt, and tells to run it again.
        fixture.user.run(["assign-sets"]).await;
        fixture.user.run(["assign-sets"]).await.expect_success();
        let set = |n: usize| {
            let keys = fixture.keys.iter().skip(n).step_by(2).cloned();
            (n.to_string(), keys.collect())
        };
        assert_eq!(fixture.env.sets().await, [set(0), set(1)], "{call} {fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_a_list_does_not_know_yet_are_put_into_their_sets_the_next_time() {
    let fixture = Fixture::with(6, 5).await;
    fixture.work().await.expect_success();
    let script = json!([
        { "call": "flickr.people.getPhotos", "fault": "stale-list", "newest": 2, "times": 1 },
    ]);
    fixture.env.faults(script).await;
    fixture.user.run(["assign-sets"]).await.expect_success();
    fixture.user.run(["assign-sets"]).await.expect_success();
    let sizes: Vec<usize> = fixture
        .env
        .sets()
        .await
        .iter()
        .map(|set| set.1.len())
        .collect();
    assert_eq!(sizes, [3, 3]);
}
