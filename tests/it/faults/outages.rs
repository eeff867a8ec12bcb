//! A service that is away for longer than all retries of a photo last: nobody pays for it.
//!
//! Each photo may be tried once only, so that a single failure that was charged would end it. With
//! a first pause of 0.1 s, the pause of 1.6 s begins after more than the 1.5 s before it.

use serde_json::json;

use super::queue::queued;
use super::{Fixture, WORK, failed};
use crate::support::aws::ministack;
use crate::support::cli::{Output, Running};
use crate::support::env::Env;
use crate::support::gate::Gate;
use crate::support::proxy::Proxy;

/// What every run with an outage must say and do.
#[track_caller]
fn went_on_by_itself(output: Output) {
    let output = output.expect_success();
    assert_eq!(output.json()["failed"], 0, "{}", output.stderr);
    let stderr = &output.stderr;
    let pauses = stderr.matches("does not answer").count();
    // One line a pause: 0.1, 0.2, 0.4, 0.8, 1.6 s, and those until it was seen to be back.
    assert!((5..=7).contains(&pauses), "{pauses} pauses: {stderr}");
    assert_eq!(
        stderr.matches("Flickr answers again after").count(),
        1,
        "{stderr}"
    );
    assert!(!stderr.contains("attempts left"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flickr_away_for_longer_than_all_retries_last_costs_no_photo_a_retry() {
    // A page with status 200 is what a captive portal answers.
    for status in [503, 403, 200] {
        let script = json!([{ "call": "upload", "fault": "error-before", "status": status }]);
        let fixture = Fixture::with_faults(24, 1, script).await;
        let mut worker = fixture.user.start([&WORK[..], &["-vv"]].concat());
        let stderr = worker.until_stderr("next try in 1.6 s").await;
        assert!(
            stderr.contains("no photo's retries are used up"),
            "{stderr}"
        );
        fixture.env.faults(json!([])).await;
        went_on_by_itself(worker.output().await);
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flickr_that_refuses_connections_costs_no_photo_a_retry() {
    let fixture = Fixture::with(24, 1).await;
    let proxy = Proxy::start(&fixture.env.url("")).await;
    let slow = json!([{ "call": "upload", "fault": "slow-body", "delay_ms": 300 }]);
    fixture.env.faults(slow).await;
    let Fixture { env, user, keys } = fixture;
    let user = user.with("FLICKR_ENDPOINT_URL", proxy.url());
    let mut worker = user.start([&WORK[..], &["-vv"]].concat());
    worker.until_stderr(": started").await;
    proxy.down().await;
    proxy.sever();
    worker.until_stderr("next try in 1.6 s").await;
    proxy.up().await;
    env.faults(json!([])).await;
    went_on_by_itself(worker.output().await);
    Fixture { env, user, keys }.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_while_flickr_is_away_waits_for_it() {
    let fixture = Fixture::with(3, 1).await;
    let proxy = Proxy::start(&fixture.env.url("")).await;
    proxy.down().await;
    let Fixture { env, user, keys } = fixture;
    let user = user.with("FLICKR_ENDPOINT_URL", proxy.url());
    let mut worker = user.start(WORK);
    let stderr = worker.until_stderr("next try in").await;
    assert!(
        stderr.contains("Flickr does not answer (Connection refused"),
        "{stderr}"
    );
    proxy.up().await;
    let output = worker.output().await.expect_success();
    assert_eq!(output.json()["uploaded"], 3, "{}", output.stderr);
    assert!(
        output.stderr.contains("Flickr answers again after"),
        "{}",
        output.stderr
    );
    Fixture { env, user, keys }.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_while_flickr_answers_with_errors_waits_for_it() {
    let script = json!([{ "call": "*", "fault": "error-before", "status": 503 }]);
    let fixture = Fixture::with_faults(2, 1, script).await;
    let mut worker = fixture.user.start(WORK);
    let stderr = worker.until_stderr("next try in").await;
    assert!(
        stderr.contains("Flickr does not answer (HTTP 503"),
        "{stderr}"
    );
    fixture.env.faults(json!([])).await;
    worker.output().await.expect_success();
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_wait_of_a_worker_for_a_flickr_that_is_away() {
    let fixture = Fixture::with(1, 1).await;
    let proxy = Proxy::start(&fixture.env.url("")).await;
    proxy.down().await;
    let user = fixture.user.with("FLICKR_ENDPOINT_URL", proxy.url());
    let mut worker = user.start(WORK);
    worker.until_stderr("next try in").await;
    worker.interrupt();
    let output = worker.output().await.expect_code(4);
    assert_eq!(output.json()["stopped"], "signal", "{}", output.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_at_once_of_an_address_that_is_no_flickr() {
    let Fixture { env, mut user, .. } = Fixture::with(1, 1).await;
    // A name that nobody knows, and a server that knows no method of Flickr.
    for endpoint in ["https://flickr.invalid".to_owned(), env.url("/nowhere")] {
        user = user.with("FLICKR_ENDPOINT_URL", &endpoint);
        let output = user.run(WORK).await.expect_code(1);
        assert!(!output.stderr.contains("next try in"), "{}", output.stderr);
    }
    assert!(env.photos().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_photo_pays_for_no_outage_of_the_upload_servers_alone() {
    let script = json!([{ "call": "upload", "fault": "error-before", "status": 503 }]);
    let fixture = Fixture::with_faults(1, 1, script).await;
    let mut worker = fixture.user.start(WORK);
    worker.until_stderr("next try in 0.8 s").await;
    fixture.env.faults(json!([])).await;
    let worked = worker.output().await.expect_success().json();
    assert_eq!(
        (&worked["uploaded"], &worked["failed"]),
        (&json!(1), &json!(0))
    );
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_alone_makes_flickr_fail_ends_on_the_failed_queue_after_its_retries() {
    for photos in [1, 2, 20] {
        let fixture = Fixture::with(photos, 3).await;
        let gate = Gate::start(&fixture.env.url("")).await;
        gate.rule(|_, body| {
            let text = String::from_utf8_lossy(body);
            let is_poison = text.contains("name=\"title\"\r\n\r\n0/0.jpg\r\n");
            is_poison.then(|| (503, "<html>503 Service Unavailable</html>".to_owned()))
        });
        let Fixture { env, user, keys } = fixture;
        let user = user.with("FLICKR_ENDPOINT_URL", gate.url());
        let worked = user.run(WORK).await.expect_code(3).json();
        let uploaded = photos as u64 - 1;
        let counts = (&worked["uploaded"], &worked["failed"]);
        assert_eq!(counts, (&json!(uploaded), &json!(1)), "{worked}");
        let fixture = Fixture { env, user, keys };
        fixture.has(0, 1).await;
        let list = fixture.user.run(["failed", "list", "--json"]).await.json();
        assert_eq!(list[0]["attempts"], 3, "{list}");
        let reason = list[0]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("HTTP 503"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_all_make_flickr_fail_do_not_keep_the_worker_for_ever() {
    let fixture = Fixture::with(4, 1).await;
    let gate = Gate::start(&fixture.env.url("")).await;
    // The upload servers answer nothing at all; other calls show that Flickr is there.
    gate.rule(|path, _| {
        let is_upload = path.starts_with("/services/upload");
        is_upload.then(|| (400, "<html>400 Bad Request</html>".to_owned()))
    });
    let Fixture { env, user, keys } = fixture;
    let user = user.with("FLICKR_ENDPOINT_URL", gate.url());
    let quick = ["work", "--calls-per-hour", "0", "--retry-delay", "0.01"];
    user.run(quick).await.expect_code(3);
    Fixture { env, user, keys }.has(0, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_worker_at_once_while_it_waits_for_flickr() {
    // One, that nothing can decide about yet, and many.
    for photos in [1, 20] {
        let script = json!([{ "call": "upload", "fault": "error-before", "status": 403 }]);
        let fixture = Fixture::with_faults(photos, 1, script).await;
        // Waiting out a pause of this length would make the test hang.
        let slow = [
            "work",
            "--calls-per-hour",
            "0",
            "--retry-delay",
            "100000",
            "-vv",
        ];
        let mut worker = fixture.user.start(slow);
        let heard = if photos == 1 {
            ": started"
        } else {
            "next try in 50000 s"
        };
        worker.until_stderr(heard).await;
        worker.interrupt();
        worker.output().await.expect_code(4);
        // What was spared before the signal waits for the end of the pause.
        let status = fixture.user.run(["status", "--json"]).await.json();
        let count = |name: &str| status[name].as_u64().unwrap_or_default();
        let open = count("waiting") + count("delayed");
        assert_eq!((open, count("failed")), (photos as u64, 0), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_or_denied_for_a_while_costs_no_photo_a_retry() {
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    for (status, body) in [(503, ""), (403, denied)] {
        let (aws, env) = (ministack().await, Env::start().await);
        let (user, name) = queued(aws, &env, 20).await;
        let gate = Gate::start(&aws.endpoint).await;
        gate.rule(move |_, _| Some((status, body.to_owned())));
        let user = user.with("AWS_ENDPOINT_URL_S3", gate.url());
        let queue = format!("sqs://{name}");
        let mut worker = user.start([&WORK[..], &["--queue", &queue]].concat());
        let stderr = worker.until_stderr("next try in 0.8 s").await;
        assert!(stderr.contains("cannot be read ("), "{stderr}");
        gate.rule(|_, _| None);
        let worked = worker.output().await.expect_success();
        assert_eq!(worked.json()["failed"], 0, "{}", worked.stderr);
        assert!(worked.stderr.contains("can be read again after"));
        assert_eq!(env.contents().await.len(), 20);
        let list = failed(&user, &["--queue", &queue]).await;
        assert_eq!(list, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_denies_every_file_ends_the_run_and_keeps_every_photo() {
    let denied = "<Error><Code>AccessDenied</Code><Message>User u is not authorized to perform: \
                  kms:Decrypt</Message></Error>";
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 20).await;
    let gate = Gate::start(&aws.endpoint).await;
    gate.rule(move |_, _| Some((403, denied.to_owned())));
    let user = user.with("AWS_ENDPOINT_URL_S3", gate.url());
    let queue = format!("sqs://{name}");
    let worked = user.run([&WORK[..], &["--queue", &queue]].concat()).await;
    let worked = worked.expect_code(1);
    assert!(worked.stderr.contains("kms:Decrypt"), "{}", worked.stderr);
    assert_eq!(worked.json()["stopped"], "halted");
    assert_eq!(worked.json()["failed"], 0);
    gate.rule(|_, _| None);
    user.run([&WORK[..], &["--queue", &queue]].concat())
        .await
        .expect_success();
    assert_eq!(env.contents().await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_alone_is_denied_ends_on_the_failed_queue() {
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 8).await;
    let gate = Gate::start(&aws.endpoint).await;
    gate.rule(move |path, _| path.contains("/a/3.jpg").then(|| (403, denied.to_owned())));
    let user = user.with("AWS_ENDPOINT_URL_S3", gate.url());
    let queue = format!("sqs://{name}");
    let options = ["--queue", &queue, "--transfers", "2"];
    let worked = user.run([&WORK[..], &options].concat()).await;
    let worked = worked.expect_code(3).json();
    assert_eq!(
        (&worked["uploaded"], &worked["failed"]),
        (&json!(7), &json!(1))
    );
    let list = failed(&user, &["--queue", &queue]).await;
    assert!(
        list.len() == 1 && list[0].1.ends_with("/a/3.jpg"),
        "{list:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_stops_at_the_number_of_failures_that_its_user_set() {
    let fixture = Fixture::with(8, 5).await;
    for key in &fixture.keys {
        std::fs::write(fixture.user.home().join("photos").join(key), "").expect("an empty file");
    }
    let most = [&WORK[..], &["--max-errors", "3"]].concat();
    let output = fixture.user.run(&most).await.expect_code(1);
    let worked = output.json();
    assert_eq!(
        (&worked["stopped"], &worked["failed"]),
        (&json!("halted"), &json!(3))
    );
    assert_eq!(
        output.stderr.matches("--max-errors").count(),
        1,
        "{}",
        output.stderr
    );
    fixture.has(5, 3).await;
    fixture.work().await.expect_code(3);
    fixture.has(0, 8).await;
}

/// Waits for the first photo to be there, then for ten minutes of `away`, and sees how it ends.
async fn ten_minutes(mut worker: Running, away: impl AsyncFnOnce(), back: impl AsyncFnOnce()) {
    worker.until_stderr(": uploaded").await;
    away().await;
    let outage = tokio::time::sleep(std::time::Duration::from_secs(600));
    outage.await;
    back().await;
    let output = worker.output().await.expect_success();
    let stderr = &output.stderr;
    assert_eq!(output.json()["failed"], 0, "{stderr}");
    assert!(
        !stderr.contains(" left key="),
        "a retry was used up: {stderr}"
    );
    let pauses = stderr.matches("next try in").count();
    assert!((8..=40).contains(&pauses), "{pauses} pauses: {stderr}");
    assert!(stderr.contains(" again after "), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour: each service is away for ten minutes, at the default settings"]
async fn ten_minutes_without_a_service_cost_no_photo_a_retry_at_the_default_settings() {
    const PLAIN: [&str; 3] = ["work", "--json", "-v"];
    let flickr = async |status: u16| {
        let fixture = Fixture::with(60, 5).await;
        let script = json!([{ "call": "*", "fault": "error-before", "status": status }]);
        let worker = fixture.user.start(PLAIN);
        let away = async || fixture.env.faults(script).await;
        let back = async || fixture.env.faults(json!([])).await;
        ten_minutes(worker, away, back).await;
        fixture.all_is_well().await;
    };
    let refused = async {
        let Fixture { env, user, keys } = Fixture::with(60, 5).await;
        let proxy = Proxy::start(&env.url("")).await;
        let user = user.with("FLICKR_ENDPOINT_URL", proxy.url());
        let away = async || {
            proxy.down().await;
            proxy.sever();
        };
        ten_minutes(user.start(PLAIN), away, async || proxy.up().await).await;
        Fixture { env, user, keys }.all_is_well().await;
    };
    let aws = async |variable: &str| {
        let (aws, env) = (ministack().await, Env::start().await);
        let (user, name) = queued(aws, &env, 60).await;
        let proxy = Proxy::start(&aws.endpoint).await;
        let user = user.with(variable, proxy.url());
        let queue = format!("sqs://{name}");
        let worker = user.start([&PLAIN[..], &["--queue", &queue]].concat());
        let away = async || {
            proxy.down().await;
            proxy.sever();
        };
        ten_minutes(worker, away, async || proxy.up().await).await;
        assert_eq!(env.contents().await.len(), 60);
        assert_eq!(failed(&user, &["--queue", &queue]).await, []);
    };
    tokio::join!(
        flickr(503),
        flickr(403),
        flickr(200),
        refused,
        aws("AWS_ENDPOINT_URL_S3"),
        aws("AWS_ENDPOINT_URL_SQS"),
    );
}
