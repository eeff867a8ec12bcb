//! Queues on SQS: the contract, and what only SQS can do wrong.

// A test all through; the lint only knows test functions.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use axum::http::{HeaderMap, StatusCode, header};
use s3flickr::queue::{Error, Outgoing, Queue, Rate, Sent};
use serde_json::{Value, json};

use crate::support::aws::{ministack, unique};
use contract::Harness;

#[path = "../../src/queue/contract/mod.rs"]
mod contract;

/// All queues of the contract, under one prefix.
#[derive(Clone)]
struct Account {
    prefix: String,
}

impl Account {
    fn location(&self, name: &str) -> String {
        format!("sqs://{}", self.name(name))
    }

    fn name(&self, name: &str) -> String {
        // A name of SQS is short, and a case's is a sentence.
        let short: String = name.chars().take(40).collect();
        format!("{}-{short}", self.prefix)
    }
}

impl Harness for Account {
    async fn create(&self, name: &str) -> Result<Queue, Error> {
        let config = ministack().await.sdk_config().await;
        Queue::create_with(&config, &self.location(name)).await
    }

    async fn open(&self, name: &str) -> Result<Queue, Error> {
        let config = ministack().await.sdk_config().await;
        Queue::open_with(&config, &self.location(name)).await
    }

    async fn destroy(&self, name: &str) {
        let sqs = ministack().await.sqs().await;
        let found = sqs.get_queue_url().queue_name(self.name(name)).send();
        let url = found.await.unwrap().queue_url.unwrap();
        sqs.delete_queue().queue_url(url).send().await.unwrap();
    }

    fn rate(&self) -> (Duration, Duration) {
        // Tokens are hidden for whole seconds, and a hundredth of this is one.
        (Duration::from_secs(100), Duration::from_secs(12))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqs_keeps_the_contract() {
    let prefix = unique("contract");
    contract::run(Account { prefix }).await;
}

#[tokio::test]
async fn a_queue_that_was_made_by_hand_keeps_its_settings_and_gets_what_is_missing() {
    let server = ministack().await;
    let (sqs, name) = (server.sqs().await, unique("by-hand"));
    let hold = aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
    let made = sqs.create_queue().queue_name(&name).attributes(hold, "45");
    let url = made.send().await.unwrap().queue_url.unwrap();
    let location = format!("sqs://{name}");
    let config = server.sdk_config().await;
    let error = Queue::open_with(&config, &location).await.unwrap_err();
    let text = error.to_string();
    let hint = format!("--queue {location}`");
    assert!(
        text.contains(&format!("{name}-failed not found")) && text.contains(&hint),
        "{text}"
    );
    for _ in 0..2 {
        Queue::create_with(&config, &location).await.unwrap();
    }
    let all = aws_sdk_sqs::types::QueueAttributeName::All;
    let answer = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(all);
    let attributes = format!("{:?}", answer.send().await.unwrap().attributes.unwrap());
    assert!(
        attributes.contains("VisibilityTimeout: \"45\""),
        "{attributes}"
    );
    assert!(
        attributes.contains(&format!("{name}-failed")),
        "{attributes}"
    );
}

/// Ten workers that start in the same second share one set of tokens; one that starts again finds
/// them there.
#[tokio::test]
async fn tokens_are_made_once_however_many_start() {
    let server = ministack().await;
    let (config, location) = (
        server.sdk_config().await,
        format!("sqs://{}", unique("tokens")),
    );
    Queue::create_with(&config, &location).await.unwrap();
    let rate = Rate::per_hour(18_000);
    let workers = (0..10).map(|_| async {
        let queue = Queue::open_with(&config, &location).await.unwrap();
        queue.permit(&rate).await.unwrap()
    });
    let granted: u32 = futures_util::future::join_all(workers).await.iter().sum();
    assert_eq!(granted, 10);
    let queue = Queue::open_with(&config, &location).await.unwrap();
    queue.permit(&rate).await.unwrap();
    assert_eq!(tokens(&location).await, 40, "of one call in 8 seconds each");
}

/// How many tokens a queue has, taken or not.
async fn tokens(location: &str) -> u32 {
    let sqs = ministack().await.sqs().await;
    let name = format!("{}-calls.fifo", location.trim_start_matches("sqs://"));
    let found = sqs.get_queue_url().queue_name(name).send().await.unwrap();
    let all = aws_sdk_sqs::types::QueueAttributeName::All;
    let asked = sqs
        .get_queue_attributes()
        .set_queue_url(found.queue_url)
        .attribute_names(all);
    let attributes = asked.send().await.unwrap().attributes.unwrap();
    let counts = attributes
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("ApproximateNumberOfMessages"));
    counts.map(|(_, count)| count.parse::<u32>().unwrap()).sum()
}

/// All tokens lie there, as after a pause, when six workers start.
#[tokio::test(flavor = "multi_thread")]
async fn six_workers_that_start_again_together_make_no_burst() {
    let server = ministack().await;
    let (config, location) = (
        server.sdk_config().await,
        format!("sqs://{}", unique("evenly")),
    );
    let rate = Rate::per_hour(18_000);
    let queue = Queue::create_with(&config, &location).await.unwrap();
    queue.permit(&rate).await.unwrap();
    let granted = Arc::new(Mutex::new(Vec::new()));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let queue = Queue::open_with(&config, &location).await.unwrap();
        let granted = Arc::clone(&granted);
        workers.spawn(async move {
            loop {
                let calls = queue.permit(&rate).await.unwrap();
                let now = tokio::time::Instant::now();
                granted.lock().unwrap().extend((0..calls).map(|_| now));
            }
        });
    }
    let began = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(16)).await;
    workers.shutdown().await;
    let granted = granted.lock().unwrap().clone();
    let within = |from: &tokio::time::Instant, seconds| {
        let end = *from + Duration::from_secs(seconds);
        granted
            .iter()
            .filter(|at| (*from..end).contains(at))
            .count()
    };
    for from in &granted {
        assert!(
            within(from, 12) <= 150,
            "{} in 12 seconds",
            within(from, 12)
        );
        assert!(within(from, 4) <= 50, "{} in 4 seconds", within(from, 4));
    }
    let due = 5 * began.elapsed().as_secs() as usize;
    assert!(granted.len() >= due * 2 / 3, "{} of {due}", granted.len());
}

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

fn config(endpoint: &str) -> aws_config::ConfigLoader {
    s3flickr::aws::defaults()
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
}

async fn with_keys(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "tests");
    config(endpoint).credentials_provider(keys).load().await
}

/// An answer of SQS.
type Answer = (StatusCode, Value);

/// A service that answers by the operation's name and the request.
async fn stub(
    answer: impl Fn(&str, &Value) -> Answer + Clone + Send + Sync + 'static,
) -> SdkConfig {
    let handler = move |headers: HeaderMap, body: axum::body::Bytes| {
        let target = headers["x-amz-target"].to_str().unwrap();
        let request = serde_json::from_slice(&body).unwrap();
        let (status, value) = answer(target.trim_start_matches("AmazonSQS."), &request);
        let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
        async move { (status, kind, value.to_string()) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, app).await });
    with_keys(&endpoint).await
}

fn url() -> Answer {
    let url = "http://stub.invalid/000000000000/photos";
    (StatusCode::OK, json!({ "QueueUrl": url }))
}

fn refusal(code: &str) -> Answer {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": "no" });
    (StatusCode::BAD_REQUEST, body)
}

fn entries(request: &Value) -> &[Value] {
    request["Entries"].as_array().unwrap()
}

/// The bodies of a batch, as JSON.
fn bodies(request: &Value) -> Vec<String> {
    let bodies = entries(request)
        .iter()
        .map(|e| e["MessageBody"].to_string());
    bodies.collect()
}

/// The answer to the n-th batch: of the first ones some entries fail for now, of the last one the
/// entry is refused.
fn answer_to_batch(request: &Value, number: usize) -> Answer {
    let failure = |body: &str, code: &str, is_ours: bool| {
        let entry = entries(request).iter().find(|e| e["MessageBody"] == body);
        let id = entry.map_or(Value::Null, |e| e["Id"].clone());
        json!({ "Id": id, "Code": code, "SenderFault": is_ours })
    };
    let failed = match number {
        1 => vec![
            failure("b", "InternalError", false),
            failure("c", "InternalError", false),
        ],
        2 => vec![failure("c", "RequestThrottled", false)],
        3 => vec![],
        _ => vec![failure("d", "InvalidMessageContents", true)],
    };
    let has_failed = |id: &Value| failed.iter().any(|failure| failure["Id"] == *id);
    let taken: Vec<_> = entries(request)
        .iter()
        .filter(|entry| !has_failed(&entry["Id"]))
        .map(|entry| json!({ "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "" }))
        .collect();
    let answer = json!({ "Successful": taken, "Failed": failed });
    (StatusCode::OK, answer)
}

#[tokio::test]
async fn of_a_batch_only_what_was_not_taken_is_sent_again() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&sent);
    let config = stub(move |operation, request| {
        if operation == "GetQueueUrl" {
            return url();
        }
        let mut log = log.lock().unwrap();
        log.push(bodies(request).join(" "));
        answer_to_batch(request, log.len())
    })
    .await;
    let queue = Queue::open_with(&config, "sqs://photos").await.unwrap();
    queue.send(&["a", "b", "c"].map(message)).await.unwrap();
    assert_eq!(
        *sent.lock().unwrap(),
        [r#""a" "b" "c""#, r#""b" "c""#, r#""c""#]
    );

    let refused = queue.send(&["d"].map(message)).await.unwrap();
    assert!(matches!(&refused[..], [Sent::Refused(_)]), "{refused:?}");
    assert_eq!(
        sent.lock().unwrap().len(),
        4,
        "what cannot be mended is not tried again"
    );
}

#[tokio::test]
async fn errors_are_told_apart_by_what_to_do_about_them() {
    type Is = fn(&Error) -> bool;
    let cases: [(&str, Is); 6] = [
        ("AccessDenied", |e| matches!(e, Error::Denied { .. })),
        ("InvalidClientTokenId", |e| {
            matches!(e, Error::Denied { .. })
        }),
        ("ExpiredToken", |e| matches!(e, Error::Denied { .. })),
        ("RequestThrottled", |e| {
            matches!(e, Error::Unreachable { .. })
        }),
        ("QueueDoesNotExist", |e| matches!(e, Error::NotFound { .. })),
        ("SomethingNew", |e| matches!(e, Error::Other { .. })),
    ];
    for (code, is) in cases {
        let config = stub(move |_, _| refusal(code)).await;
        let error = Queue::open_with(&config, "sqs://photos").await.unwrap_err();
        assert!(is(&error), "{code}: {error:?}");
        assert!(error.to_string().contains("sqs://photos"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_and_no_credentials_are_two_things() {
    // Bound and let go: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    let nobody = with_keys(&endpoint).await;
    let error = Queue::open_with(&nobody, "sqs://photos").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");

    let http = ProviderConfig::without_region().with_http_client(s3flickr::aws::http_client());
    let nowhere = ProfileFileCredentialsProvider::builder()
        .configure(&http)
        .profile_name("s3flickr-has-none");
    let keyless = config(&endpoint).credentials_provider(nowhere.build());
    let keyless = keyless.load().await;
    let error = Queue::open_with(&keyless, "sqs://photos")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("AWS_PROFILE"), "{error}");
}

#[tokio::test]
async fn a_hold_that_reaches_its_twelve_hours_is_lost() {
    let config = stub(|operation, _| match operation {
        "GetQueueUrl" => url(),
        "ReceiveMessage" => {
            let message = json!({ "MessageId": "m", "ReceiptHandle": "r", "Body": "long" });
            (StatusCode::OK, json!({ "Messages": [message] }))
        }
        _ => refusal("InvalidParameterValue"),
    })
    .await;
    let queue = Queue::open_with(&config, "sqs://photos").await.unwrap();
    let lease = queue
        .receive(Duration::from_millis(300), Duration::ZERO)
        .await;
    let lease = lease.unwrap().unwrap();
    lease.lost().cancelled().await;
    let error = lease.release().await.unwrap_err();
    assert!(matches!(error, Error::LeaseLost { .. }), "{error:?}");
}
