//! An IAM policy, and a server before S3 and SQS that lets through only what the policy allows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

/// What IAM calls the account and the region of the stand-in.
const PLACE: &str = "us-east-1:000000000000";

/// One call as IAM sees it: an action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// Such as `sqs:SendMessage`.
    pub action: String,
    /// Its ARN.
    pub resource: String,
}

/// The statements of a policy; only `Allow` with `Action` and `Resource` is read.
#[derive(Clone, Default)]
pub struct Policy(Vec<(Vec<String>, Vec<String>)>);

impl Policy {
    /// Reads a policy document; panics where it says something that this reader does not know.
    pub fn parse(document: &Value) -> Policy {
        assert_eq!(document["Version"], "2012-10-17");
        let statement = |statement: &Value| {
            assert_eq!(statement["Effect"], "Allow");
            let known = ["Sid", "Effect", "Action", "Resource"];
            let fields = statement.as_object().expect("a statement").keys();
            assert!(fields.clone().all(|name| known.contains(&name.as_str())));
            (list(&statement["Action"]), list(&statement["Resource"]))
        };
        let statements = document["Statement"].as_array().expect("statements");
        Policy(statements.iter().map(statement).collect())
    }

    /// Whether it allows a call.
    pub fn allows(&self, call: &Call) -> bool {
        self.0.iter().any(|(actions, resources)| {
            actions.iter().any(|action| matches(action, &call.action))
                && resources.iter().any(|arn| matches(arn, &call.resource))
        })
    }

    /// Every action that it names.
    pub fn actions(&self) -> BTreeSet<String> {
        let actions = self.0.iter().flat_map(|(actions, _)| actions);
        actions.cloned().collect()
    }
}

fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    match value.as_array() {
        Some(values) => values.iter().map(text).collect(),
        None => vec![text(value)],
    }
}

/// Whether a text matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| matches(after, &rest[at..]))
        }),
    }
}

/// The server. It ends when it is dropped.
pub struct Guard {
    /// Where clients find it.
    pub url: String,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

struct Shared {
    target: String,
    http: reqwest::Client,
    policy: Mutex<Policy>,
    calls: Mutex<BTreeSet<Call>>,
    denied: Mutex<BTreeSet<Call>>,
}

impl Guard {
    /// Before `target`, an `http://HOST:PORT`; nothing is allowed at first.
    pub async fn start(target: &str) -> Guard {
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            http: super::http(),
            policy: Mutex::default(),
            calls: Mutex::default(),
            denied: Mutex::default(),
        });
        let state = Arc::clone(&shared);
        let handler = move |method, uri, headers, body| answer(state, method, uri, headers, body);
        let app = axum::Router::new()
            .fallback(handler)
            .layer(axum::extract::DefaultBodyLimit::disable());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback");
        let address = listener.local_addr().expect("the address just bound");
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Guard {
            url: format!("http://{address}"),
            shared,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Goes by this policy from now on, and forgets which calls came before.
    pub fn allow(&self, policy: &Policy) {
        *lock(&self.shared.policy) = policy.clone();
        lock(&self.shared.calls).clear();
        lock(&self.shared.denied).clear();
    }

    /// The calls that came since.
    pub fn calls(&self) -> BTreeSet<Call> {
        lock(&self.shared.calls).clone()
    }

    /// Those of them that were refused.
    pub fn denied(&self) -> BTreeSet<Call> {
        lock(&self.shared.denied).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    shared: Arc<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sqs = headers.get("x-amz-target");
    let call = match sqs {
        Some(target) => queue_call(target.to_str().expect("ASCII"), &body),
        None => bucket_call(&method, &uri),
    };
    lock(&shared.calls).insert(call.clone());
    if !lock(&shared.policy).allows(&call) {
        lock(&shared.denied).insert(call);
        return denial(sqs.is_some());
    }
    forward(&shared, method, &uri, headers, body).await
}

/// What IAM asks before a call of SQS: a batch needs the right to one.
fn queue_call(target: &str, body: &[u8]) -> Call {
    let operation = target.trim_start_matches("AmazonSQS.");
    let request: Value = serde_json::from_slice(body).expect("JSON");
    let url = request["QueueUrl"].as_str();
    let name = url.and_then(|url| url.rsplit('/').next());
    let name = name.or(request["QueueName"].as_str()).unwrap_or_default();
    Call {
        action: format!("sqs:{}", operation.trim_end_matches("Batch")),
        resource: format!("arn:aws:sqs:{PLACE}:{name}"),
    }
}

/// What IAM asks before a call of S3; panics at one that it does not know.
fn bucket_call(method: &Method, uri: &Uri) -> Call {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query = uri.query().unwrap_or_default();
    let action = match (method.as_str(), key) {
        ("GET", "") if query.contains("list-type=2") => "s3:ListBucket",
        ("GET" | "HEAD", key) if !key.is_empty() => "s3:GetObject",
        ("HEAD", _) => "s3:ListBucket",
        _ => panic!("{method} {uri}: which right does this need?"),
    };
    let slash = if key.is_empty() { "" } else { "/" };
    Call {
        action: action.to_owned(),
        resource: format!("arn:aws:s3:::{bucket}{slash}{key}"),
    }
}

fn denial(sqs: bool) -> Response {
    let (status, kind, text) = if sqs {
        let body =
            json!({ "__type": "com.amazonaws.sqs#AccessDenied", "message": "no policy allows it" });
        (400, "application/x-amz-json-1.0", body.to_string())
    } else {
        let body = "<Error><Code>AccessDenied</Code><Message>no policy allows it</Message></Error>";
        (403, "application/xml", body.to_owned())
    };
    let answer = Response::builder().status(status);
    let answer = answer.header(header::CONTENT_TYPE, kind);
    answer.body(Body::from(text)).expect("an answer")
}

async fn forward(
    shared: &Shared,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    for own in [header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(own);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = shared
        .http
        .request(method, format!("{}{path}", shared.target));
    let answer = request.headers(headers).body(body).send().await;
    let Ok(answer) = answer else {
        let empty = Response::builder().status(StatusCode::BAD_GATEWAY);
        return empty.body(Body::empty()).expect("an answer");
    };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let bytes = answer.bytes().await.unwrap_or_default();
    response.body(Body::from(bytes)).expect("an answer")
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text) in [
        ("a", "a"),
        ("a*", "a"),
        ("a*", "abc"),
        ("*c", "abc"),
        ("arn:aws:sqs:*:*:photos", "arn:aws:sqs:eu-west-1:12:photos"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("a", "ab"),
        ("*c", "abcd"),
        (
            "arn:aws:sqs:*:*:photos",
            "arn:aws:sqs:eu-west-1:12:photos-failed",
        ),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b"),
    ] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
