//! Signals: the first drains, the second gives everything back at once.

use rustix::process::Signal;
use s3flickr::model::Job;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Fixture, WORK};
use crate::support::cli::User;

/// Two lanes, and every start of a transfer told.
fn two_lanes() -> Vec<&'static str> {
    [&WORK[..], &["--transfers", "2", "-vv"]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_finishes_what_is_in_hand() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 2000 }]);
    let fixture = Fixture::with_faults(6, 1, script).await;
    let mut worker = fixture.user.start(two_lanes());
    worker.until_stderr(": started").await;
    worker.interrupt();
    let worked = worker.output().await.expect_code(4).json();
    assert_eq!(worked["stopped"], "signal");
    let uploaded = worked["uploaded"].as_u64().unwrap_or_default();
    assert!((1..=2).contains(&uploaded), "{worked}");
    fixture.has(6 - uploaded, 0).await;
    fixture.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_gives_back_at_once_with_retries_untouched() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 600_000 }]);
    let fixture = Fixture::with_faults(6, 1, script).await;
    let mut worker = fixture.user.start(two_lanes());
    worker.until_stderr(": started").await;
    worker.interrupt();
    worker.until_stderr("finishing what is in hand").await;
    worker.interrupt();
    let worked = worker.output().await.expect_code(4).json();
    assert_eq!(
        (&worked["uploaded"], &worked["retried"]),
        (&json!(0), &json!(0))
    );
    fixture.has(6, 0).await;
    fixture.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_its_messages_to_the_next_one() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 600_000 }]);
    let fixture = Fixture::with_faults(4, 1, script).await;
    let hold = [&two_lanes()[..], &["--visibility", "2"]].concat();
    let mut worker = fixture.user.start(hold.clone());
    worker.until_stderr(": started").await;
    worker.kill().await;
    fixture.env.faults(json!([])).await;
    fixture.user.run(hold).await.expect_success();
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_another_worker_has_by_now_is_left_to_it_at_once() {
    // It would be uploaded in the end, unless it is given up.
    let script = json!([{ "call": "upload", "fault": "slow-body", "delay_ms": 60_000 }]);
    let fixture = Fixture::with_faults(1, 5, script).await;
    let hold = [&two_lanes()[..], &["--visibility", "2"]].concat();
    let mut worker = fixture.user.start(hold);
    worker.until_stderr(": started").await;
    // A worker that sleeps does not renew its hold.
    worker.signal(Signal::STOP);
    let queue = fixture.queue().await;
    let seconds = std::time::Duration::from_secs;
    let taken = loop {
        if let Some(lease) = queue
            .receive(seconds(60), seconds(1))
            .await
            .expect("a queue")
        {
            break lease;
        }
    };
    // The other worker uploads it, and it counts as finished.
    let run = Job::read(taken.body()).expect("a job").run;
    let finished = taken.finish(run.as_deref().unwrap_or_default());
    finished.await.expect("deleted");
    worker.signal(Signal::CONT);
    let output = worker.output().await.expect_success();
    assert!(output.stderr.contains("given back"), "{}", output.stderr);
    assert_eq!(output.json()["uploaded"], 0);
    assert_eq!(fixture.env.photos().await.len(), 0);
    fixture.has(0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_a_call_is_given_back_at_once_when_a_drain_begins() {
    let fixture = Fixture::with(1, 2).await;
    let look = "flickr.people.getPhotos";
    let script = json!([
        { "call": "upload", "fault": "lose-answer", "times": 1 },
        // The first of these only asks whether the account has photos.
        { "call": look, "fault": "throttle", "skip": 1 },
    ]);
    fixture.env.faults(script).await;
    let mut worker = fixture.user.start(two_lanes());
    // The pauses grow: this one is of four seconds or more.
    worker.until_stderr("attempt=3").await;
    worker.interrupt();
    let worked = worker.output().await.expect_code(4).json();
    assert_eq!(worked["stopped"], "signal");
    assert_eq!(
        fixture.env.calls().await[look],
        1 + 3,
        "no call after the signal"
    );
    fixture.has(1, 0).await;
    fixture.recovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_closed_finishes_what_is_in_hand() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 2000 }]);
    let fixture = Fixture::with_faults(6, 1, script).await;
    let mut worker = fixture.user.start(two_lanes());
    worker.until_stderr(": started").await;
    worker.signal(Signal::HUP);
    let worked = worker.output().await.expect_code(4).json();
    let uploaded = worked["uploaded"].as_u64().unwrap_or_default();
    assert!((1..=2).contains(&uploaded), "{worked}");
    fixture.has(6 - uploaded, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_nohup_a_closed_window_changes_nothing() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 500 }]);
    let fixture = Fixture::with_faults(4, 1, script).await;
    let mut worker = fixture.user.start_after("trap '' HUP", two_lanes());
    worker.until_stderr(": started").await;
    worker.signal(Signal::HUP);
    let worked = worker.output().await.expect_success().json();
    assert_eq!(worked["uploaded"], 4);
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_populate_that_waits_for_its_source_ends_at_a_signal_with_status_4() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        // A bucket that takes every connection and never answers.
        let bucket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", bucket.local_addr().expect("an address"));
        let user = User::new()
            .with("AWS_ENDPOINT_URL", address)
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test");
        let populate = user.start(["populate", "--bucket", "silent"]);
        let _open = bucket.accept().await.expect("a connection");
        populate.signal(signal);
        populate.output().await.expect_code(4);
    }
}
