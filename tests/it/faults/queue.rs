//! A queue that goes away, and messages that nobody should have sent.

use s3flickr::model::{Job, Key};
use s3flickr::queue::Queue;
use serde_json::json;

use super::{Fixture, WORK, failed, outgoing};
use crate::support::aws::{Aws, ministack, unique};
use crate::support::cli::User;
use crate::support::env::{Env, picture};
use crate::support::proxy::Proxy;

/// An SQS queue with the photos of a bucket on it.
pub(super) async fn queued(aws: &Aws, env: &Env, photos: usize) -> (User, String) {
    let user = env.user().with_all(aws.env());
    let (bucket, name) = (aws.bucket("queue").await, unique("queue"));
    let keys = (0..photos).map(|n| format!("a/{n}.jpg"));
    aws.put_objects(&bucket, keys.map(|key| (key.clone(), picture(&key))))
        .await;
    let queue = format!("sqs://{name}");
    user.run([
        "populate",
        "--bucket",
        &bucket,
        "--queue",
        &queue,
        "--retries",
        "1",
    ])
    .await
    .expect_success();
    (user, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_cannot_be_reached_for_a_while_does_not_end_the_worker() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 12).await;
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 300 }]);
    env.faults(script).await;
    let proxy = Proxy::start(&aws.endpoint).await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", proxy.url());
    let queue = format!("sqs://{name}");
    // What was in hand when the queue went away comes back when its hold is over.
    let lanes = ["--transfers", "2", "--visibility", "4", "-vv"];
    let options = [&["--queue", &queue][..], &lanes].concat();
    let mut worker = user.start([&WORK[..], &options[..]].concat());
    worker.until_stderr(": started").await;
    proxy.down().await;
    proxy.sever();
    let stderr = worker.until_stderr("cannot be reached").await;
    let line = stderr
        .lines()
        .find(|line| line.contains("cannot be reached"));
    let line = line.expect("the line just waited for");
    assert!(
        line.contains(" since ") && line.contains("next try in"),
        "{line}"
    );
    proxy.up().await;
    let worked = worker.output().await.expect_success().json();
    assert_eq!(worked["failed"], 0);
    assert_eq!(env.contents().await.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_started_while_the_queue_is_away_waits_for_it() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 3).await;
    let proxy = Proxy::start(&aws.endpoint).await;
    proxy.down().await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", proxy.url());
    let queue = format!("sqs://{name}");
    let mut worker = user.start([&WORK[..], &["--queue", &queue]].concat());
    let stderr = worker.until_stderr("next try in").await;
    assert!(
        stderr.contains("cannot be reached (Connection refused"),
        "{stderr}"
    );
    proxy.up().await;
    worker.output().await.expect_success();
    assert_eq!(env.contents().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_away_is_asked_by_one_lane_after_growing_pauses_and_a_signal_ends_that() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 3).await;
    let proxy = Proxy::start(&aws.endpoint).await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", proxy.url());
    let queue = format!("sqs://{name}");
    let options = ["--queue", &queue, "--forever", "-v"];
    let mut worker = user.start([&WORK[..], &options].concat());
    worker.until_stderr("a/2.jpg").await;
    proxy.down().await;
    proxy.sever();
    let stderr = worker.until_stderr("next try in 0.3 s").await;
    // Sixteen lanes meet it, and each pause is told once.
    assert_eq!(stderr.matches("cannot be reached").count(), 4, "{stderr}");
    proxy.up().await;
    let stderr = worker.until_stderr("answers again after").await;
    assert!(stderr.contains(&name), "{stderr}");
    worker.interrupt();
    worker.output().await.expect_code(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_ends_the_worker_with_one_line() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 1).await;
    let queue = format!("sqs://{name}");
    let forever = [&WORK[..], &["--queue", &queue, "--forever", "-v"]].concat();
    let mut worker = user.start(forever);
    worker.until_stderr("a/0.jpg").await;
    let sqs = aws.sqs().await;
    let url = sqs.get_queue_url().queue_name(&name).send().await;
    let url = url.expect("the queue").queue_url.expect("its address");
    sqs.delete_queue()
        .queue_url(url)
        .send()
        .await
        .expect("deleted");
    let stderr = worker.output().await.expect_code(1).stderr;
    assert_eq!(stderr.matches("was deleted while").count(), 1, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_point_elsewhere_or_are_no_jobs_end_on_the_failed_queue_whole() {
    let fixture = Fixture::with(1, 5).await;
    let secret = fixture.user.home().join("secret");
    std::fs::create_dir_all(&secret).expect("a folder");
    std::fs::write(secret.join("key.jpg"), picture("secret")).expect("a file");
    let elsewhere = format!("file://{}", secret.join("key.jpg").display());
    let key = || Key::new("key.jpg").expect("a key");
    let bodies = [
        Job::new(elsewhere.clone(), key(), 5, 1, "").write(),
        Job::new("s3://other/key.jpg".to_owned(), key(), 5, 1, "").write(),
        "no job at all".to_owned(),
        r#"{"v":2,"url":"s3://a/b.jpg"}"#.to_owned(),
    ];
    let queue = fixture.queue().await;
    let batch: Vec<_> = bodies.iter().map(|body| outgoing(body)).collect();
    queue.send(&batch).await.expect("sent");
    fixture.work().await.expect_code(3);
    assert_eq!(fixture.env.contents().await.len(), 1);
    let mut expected = [
        ("forbidden", elsewhere.as_str()),
        ("forbidden", "s3://other/key.jpg"),
        ("unreadable", &bodies[2]),
        ("unreadable", &bodies[3]),
    ]
    .map(|(class, url)| (class.to_owned(), url.to_owned()));
    expected.sort();
    let mut found = fixture.failed().await;
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_on_the_network_may_not_name_a_file_of_the_worker() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, name) = queued(aws, &env, 1).await;
    let file = user.home().join("mine.jpg");
    std::fs::write(&file, picture("mine")).expect("a file");
    let url = format!("file://{}", file.display());
    let location = format!("sqs://{name}");
    let queue = Queue::open_with(&aws.sdk_config().await, &location).await;
    let key = Key::new("mine.jpg").expect("a key");
    let body = Job::new(url.clone(), key, 5, 1, "").write();
    let sent = queue.expect("the queue").send(&[outgoing(&body)]).await;
    sent.expect("sent");
    // Not even where the user allows the folder.
    let allow = format!("file:{}", user.home().display());
    let bucket = "s3://anything";
    let options = ["--queue", &location, "--allow", &allow, "--allow", bucket];
    user.run([&WORK[..], &options].concat())
        .await
        .expect_code(3);
    let list = failed(&user, &["--queue", &location]).await;
    assert!(list.contains(&("forbidden".to_owned(), url)), "{list:?}");
    assert_eq!(env.photos().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_workers_all_die_ends_on_the_failed_queue() {
    let fixture = Fixture::with(1, 5).await;
    let queue = fixture.queue().await;
    let moment = std::time::Duration::from_millis(1);
    // Dropped without an end, as by a worker that dies.
    let mut deaths = 0;
    while let Ok(Some(lease)) = queue.receive(moment, 2000 * moment).await {
        deaths += 1;
        drop(lease);
    }
    assert!(deaths >= 10, "{deaths}");
    let url = fixture.failed().await;
    assert_eq!(url.len(), 1);
    assert_eq!(url[0].0, "crashed");
}
