//! A queue that tells the truth: what is done, what failed, and what is neither.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use s3flickr::model::{Job, Key};
use s3flickr::queue::Queue;
use serde_json::{Value, json};

use super::{Fixture, WORK, failed, outgoing};
use crate::support::aws::{Aws, ministack, unique};
use crate::support::bent_sqs::{Bend, Bent};
use crate::support::cli::User;
use crate::support::env::{Env, picture};

/// A user with photos in a bucket, and a name for a queue.
async fn bucket(aws: &Aws, env: &Env, keys: &[&str]) -> (User, String, String) {
    let user = env.user().with_all(aws.env());
    let bucket = aws.bucket("counts").await;
    let photos = keys.iter().map(|key| (key.to_string(), picture(key)));
    aws.put_objects(&bucket, photos).await;
    (user, bucket, unique("counts"))
}

async fn populate(user: &User, bucket: &str, name: &str) {
    let queue = format!("sqs://{name}");
    let populate = ["populate", "--bucket", bucket, "--queue", &queue];
    user.run(populate).await.expect_success();
}

async fn status(user: &User, name: &str) -> Value {
    let queue = format!("sqs://{name}");
    let status = ["status", "--queue", &queue, "--json"];
    user.run(status).await.expect_success().json()
}

async fn url(aws: &Aws, name: &str) -> String {
    let found = aws.sqs().await.get_queue_url().queue_name(name).send();
    let found = found.await.expect("the queue");
    found.queue_url.expect("its address")
}

/// The file of a fixture's queue.
async fn file(fixture: &Fixture) -> Connection {
    let location = fixture.queue().await.location().to_owned();
    let path = location.trim_start_matches("sqlite:").to_owned();
    Connection::open(path).expect("the queue's file")
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_vanish_from_a_queue_are_missing_and_not_done() {
    let fixture = Fixture::with(5, 5).await;
    let vanish = "DELETE FROM messages WHERE id IN (SELECT id FROM messages LIMIT 2)";
    file(&fixture).await.execute(vanish, []).expect("deleted");
    let worked = fixture.work().await.expect_code(3);
    assert_eq!(worked.json()["uploaded"], 3);
    assert!(
        worked.stderr.contains("2 photos are neither done"),
        "{}",
        worked.stderr
    );
    let status = fixture.user.run(["status", "--json"]).await.json();
    let counts = ["total", "done", "missing", "waiting", "failed"].map(|name| &status[name]);
    assert_eq!(counts, [5, 3, 2, 0, 0], "{status}");
    let text = fixture.user.run(["status"]).await.expect_success().stdout;
    assert!(text.contains("run the same populate"), "{text}");
    // Doing what it says does it.
    fixture.again("again").await;
    assert_eq!(fixture.env.contents().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_vanish_from_sqs_or_its_failed_queue_are_missing_too() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, bucket, name) = bucket(aws, &env, &["a/1.jpg", "a/2.jpg", "a/3.jpg"]).await;
    populate(&user, &bucket, &name).await;
    let before = status(&user, &name).await;
    assert_eq!(
        (&before["missing"], &before["total"]),
        (&json!(0), &json!(3)),
        "{before}"
    );
    let sqs = aws.sqs().await;
    let url = url(aws, &name).await;
    let taken = sqs
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .expect("a message");
    let receipt = taken.messages()[0].receipt_handle().expect("a receipt");
    let deleted = sqs.delete_message().queue_url(&url).receipt_handle(receipt);
    deleted.send().await.expect("deleted");
    let after = status(&user, &name).await;
    let counts = ["missing", "done", "waiting"].map(|name| &after[name]);
    assert_eq!(counts, [1, 0, 2], "{after}");
    // Right after populate the counts may simply lag, and the result says so.
    assert_eq!(after["settled"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_leads_elsewhere_stops_populate_and_work_before_anything_is_taken() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, bucket, name) = bucket(aws, &env, &["a/1.jpg", "a/2.jpg"]).await;
    populate(&user, &bucket, &name).await;
    let sqs = aws.sqs().await;
    let dlq = aws.queue("x-dlq").await;
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{dlq}");
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 1 }).to_string();
    let name_of = aws_sdk_sqs::types::QueueAttributeName::RedrivePolicy;
    let set = sqs.set_queue_attributes().queue_url(url(aws, &name).await);
    set.attributes(name_of, policy).send().await.expect("set");
    let queue = format!("sqs://{name}");
    let commands = [
        vec!["populate", "--bucket", &bucket, "--queue", &queue],
        [&WORK[..], &["--queue", &queue]].concat(),
    ];
    for command in commands {
        let stderr = user.run(command).await.expect_code(1).stderr;
        let lines: Vec<_> = stderr.lines().filter(|line| line.contains(&dlq)).collect();
        assert_eq!(lines.len(), 1, "{stderr}");
        assert!(lines[0].contains("remove its redrive policy"), "{stderr}");
    }
    assert_eq!(status(&user, &name).await["waiting"], 2);
    assert_eq!(env.photos().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_populate_that_broke_off_is_told_until_another_has_ended() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, bucket, name) = bucket(aws, &env, &["1.jpg", "2.jpg"]).await;
    let refuses = |operation: &str, _: &Value| match operation {
        "SendMessageBatch" => Bend::refuse("AccessDenied"),
        _ => Bend::Pass,
    };
    let proxy = Bent::before(&aws.endpoint, refuses).await;
    let queue = format!("sqs://{name}");
    let options = ["populate", "--bucket", &bucket, "--queue", &queue];
    let other = env
        .user()
        .with_all(aws.env())
        .with("AWS_ENDPOINT_URL_SQS", &proxy.url);
    other.run(options).await.expect_code(1);
    let result = status(&user, &name).await;
    assert_eq!(
        (&result["populating"], &result["missing"]),
        (&json!(1), &json!(0)),
        "{result}"
    );
    let text = user
        .run(["status", "--queue", &queue])
        .await
        .expect_success()
        .stdout;
    assert!(text.contains("run the same populate again"), "{text}");
}

/// An SQS that neither counts nor hands out the jobs of this queue for the first `seconds`.
async fn lagging(aws: &Aws, name: &str, seconds: u64) -> Bent {
    let until = Instant::now() + Duration::from_secs(seconds);
    let main = format!("/{name}");
    Bent::before(&aws.endpoint, move |operation, request| {
        let of_jobs = request["QueueUrl"]
            .as_str()
            .is_some_and(|url| url.ends_with(&main));
        let counting = request["AttributeNames"]
            .to_string()
            .contains("ApproximateNumber");
        match operation {
            _ if !of_jobs || Instant::now() > until => Bend::Pass,
            "ReceiveMessage" => Bend::nothing(),
            "GetQueueAttributes" if counting => Bend::nothing(),
            _ => Bend::Pass,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_counts_lag_is_not_taken_for_drained() {
    let (aws, env) = (ministack().await, Env::start().await);
    let keys = ["a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "a/5.jpg"];
    let (user, bucket, name) = bucket(aws, &env, &keys).await;
    populate(&user, &bucket, &name).await;
    // Longer than four checks in a row take.
    let proxy = lagging(aws, &name, 14).await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", &proxy.url);
    let queue = format!("sqs://{name}");
    let options = [&WORK[..], &["--queue", &queue, "--transfers", "1"]].concat();
    let worked = user.run(options).await.expect_success().json();
    assert_eq!(worked["uploaded"], 5, "{worked}");
    let status = status(&user, &name).await;
    assert_eq!(
        (&status["done"], &status["missing"]),
        (&json!(5), &json!(0)),
        "{status}"
    );
}

/// Where the total tells nothing, one empty look is not believed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_no_populate_noted_are_found_while_counts_lag() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, bucket, name) = bucket(aws, &env, &["a/1.jpg"]).await;
    let location = format!("sqs://{name}");
    let queue = Queue::create_with(&aws.sdk_config().await, &location).await;
    let key = Key::new("a/1.jpg").expect("a key");
    let job = Job::new(format!("s3://{bucket}/a/1.jpg"), key, 5, 1, "");
    let (queue, message) = (queue.expect("a queue"), outgoing(&job.write()));
    queue.send(&[message]).await.expect("sent");
    let proxy = lagging(aws, &name, 5).await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", &proxy.url);
    let allow = format!("s3://{bucket}");
    let lane = ["--queue", &location, "--allow", &allow, "--transfers", "1"];
    let worked = user.run([&WORK[..], &lane].concat()).await;
    assert_eq!(worked.expect_success().json()["uploaded"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_queue_would_refuse_as_they_are_arrive() {
    let (aws, env) = (ministack().await, Env::start().await);
    let keys = [
        "\u{1F600}/\u{1F4F7}.jpg",
        "\u{65E5}\u{672C}/\u{E9}.jpg",
        "b/plain.jpg",
    ];
    let (user, bucket, name) = bucket(aws, &env, &keys).await;
    let strict = |operation: &str, request: &Value| match operation {
        "SendMessageBatch" if !request.to_string().is_ascii() => {
            Bend::refuse("InvalidMessageContents")
        }
        _ => Bend::Pass,
    };
    let proxy = Bent::before(&aws.endpoint, strict).await;
    let user = user.with("AWS_ENDPOINT_URL_SQS", &proxy.url);
    populate(&user, &bucket, &name).await;
    let queue = format!("sqs://{name}");
    user.run([&WORK[..], &["--queue", &queue]].concat())
        .await
        .expect_success();
    let mut titles: Vec<_> = env.contents().await.into_keys().collect();
    titles.sort();
    let mut expected = keys.map(str::to_owned);
    expected.sort();
    assert_eq!(titles, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_quotes_that_does_not_fit_when_wrapped_ends_no_worker() {
    let (aws, env) = (ministack().await, Env::start().await);
    let (user, bucket, name) = bucket(aws, &env, &["a/1.jpg"]).await;
    populate(&user, &bucket, &name).await;
    let quotes = "\"".repeat(200_000);
    let send = aws
        .sqs()
        .await
        .send_message()
        .queue_url(url(aws, &name).await);
    send.message_body(&quotes).send().await.expect("sent");
    let queue = format!("sqs://{name}");
    user.run([&WORK[..], &["--queue", &queue]].concat())
        .await
        .expect_code(3);
    assert_eq!(env.contents().await.len(), 1);
    let list = failed(&user, &["--queue", &queue]).await;
    assert_eq!(list.len(), 1);
    assert!(list[0].0 == "unreadable" && list[0].1.starts_with("\"\"\""));
    assert!(list[0].1.ends_with("(cut: 200000 bytes in all)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn to_try_again_what_fails_at_once_again_comes_to_an_end() {
    let fixture = Fixture::with(3, 5).await;
    let photos = fixture.user.home().join("photos");
    for key in &fixture.keys {
        std::fs::remove_file(photos.join(key)).expect("a photo");
    }
    let worker = fixture.user.start([&WORK[..], &["--forever"]].concat());
    let there = async {
        while fixture.failed().await.len() < 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, there)
        .await
        .expect("three failures");
    let retry = fixture.user.run(["failed", "retry", "--json"]);
    let retried = tokio::time::timeout(patience, retry).await.expect("an end");
    assert_eq!(retried.expect_success().json(), json!({ "requeued": 3 }));
    worker.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_failure_and_no_formula() {
    let fixture = Fixture::with(1, 5).await;
    let mut db = file(&fixture).await;
    let many = db.transaction().expect("a turn");
    for n in 0..100_004 {
        let body = match n {
            0 => "=HYPERLINK(\"http://evil.invalid\")".to_owned(),
            1 => "+1+1".to_owned(),
            2 => "@SUM(1)".to_owned(),
            3 => "-2+3".to_owned(),
            4 => "\t=1".to_owned(),
            n => format!("no job {n}"),
        };
        let insert =
            "INSERT INTO messages (part, body, visible_at, sent_at) VALUES ('failed', ?1, 0, 0)";
        many.prepare_cached(insert)
            .expect("SQL")
            .execute([body])
            .expect("a row");
    }
    many.commit().expect("kept");
    let csv = fixture
        .user
        .run(["failed", "export"])
        .await
        .expect_success()
        .stdout;
    let cells: Vec<&str> = csv.lines().collect();
    assert_eq!(cells.len(), 100_005, "with the line of names");
    for begin in ['=', '+', '-', '@', '\t'] {
        let formulas = cells
            .iter()
            .filter(|cell| cell.trim_start_matches('"').starts_with(begin));
        assert_eq!(formulas.count(), 0, "{begin:?}");
    }
    let quoted = cells
        .iter()
        .filter(|cell| cell.trim_start_matches('"').starts_with('\''));
    assert_eq!(quoted.count(), 5);
    // For a program nothing is changed.
    let list = fixture
        .user
        .run(["failed", "list", "--json"])
        .await
        .expect_success()
        .json();
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 100_004);
    assert!(list.iter().any(|entry| entry["url"] == "+1+1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_queue_would_take_is_left_to_the_queue_itself() {
    let fixture = Fixture::with(2, 5).await;
    let queue = fixture.queue().await;
    queue
        .send(&[outgoing(&"\"".repeat(1_000_000))])
        .await
        .expect("sent");
    fixture.work().await.expect_code(3);
    assert_eq!(fixture.env.contents().await.len(), 2);
    fixture.has(0, 1).await;
}
