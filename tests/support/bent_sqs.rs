//! A proxy before SQS that understands it, and answers some calls as a test says.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

/// What becomes of a call.
pub enum Bend {
    /// It goes on to the server.
    Pass,
    /// It does not: this is the answer.
    Answer(StatusCode, Value),
    /// It goes on, and its answer is lost.
    Lose,
    /// It goes on, and its answer is changed.
    Change(fn(Value) -> Value),
}

impl Bend {
    /// A refusal with this code.
    pub fn refuse(code: &str) -> Bend {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": "no" });
        Bend::Answer(StatusCode::BAD_REQUEST, body)
    }

    /// An empty answer that all is well.
    pub fn nothing() -> Bend {
        Bend::Answer(StatusCode::OK, json!({}))
    }
}

/// The proxy; it ends when it is dropped.
pub struct Bent {
    /// Where clients find it.
    pub url: String,
    _serving: AbortOnDropHandle<()>,
}

impl Bent {
    /// Before `endpoint`. `bend` is told the operation's name and the request.
    pub async fn before(
        endpoint: &str,
        bend: impl Fn(&str, &Value) -> Bend + Send + Sync + 'static,
    ) -> Bent {
        let (endpoint, bend) = (endpoint.to_owned(), Arc::new(bend));
        let http = super::http();
        let handler = move |headers: HeaderMap, body: Bytes| {
            let (endpoint, bend, http) = (endpoint.clone(), Arc::clone(&bend), http.clone());
            async move {
                let target = headers["x-amz-target"].to_str().expect("ASCII").to_owned();
                let request = serde_json::from_slice(&body).expect("JSON");
                let bent = bend(target.trim_start_matches("AmazonSQS."), &request);
                let (status, value) = match bent {
                    Bend::Answer(status, value) => (status, value),
                    Bend::Pass => forward(&http, &endpoint, headers, body).await,
                    Bend::Lose => {
                        forward(&http, &endpoint, headers, body).await;
                        (StatusCode::SERVICE_UNAVAILABLE, json!({}))
                    }
                    Bend::Change(change) => {
                        let (status, value) = forward(&http, &endpoint, headers, body).await;
                        (status, change(value))
                    }
                };
                let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
                (status, kind, value.to_string())
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback");
        let address = listener.local_addr().expect("the address just bound");
        let app = axum::Router::new()
            .fallback(handler)
            .layer(axum::extract::DefaultBodyLimit::disable());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Bent {
            url: format!("http://{address}"),
            _serving: AbortOnDropHandle::new(serving),
        }
    }
}

async fn forward(
    http: &reqwest::Client,
    endpoint: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Value) {
    for own in [header::HOST, header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(own);
    }
    let answer = http.post(endpoint).headers(headers).body(body).send().await;
    let answer = answer.expect("the server answers");
    let status = answer.status();
    let bytes = answer.bytes().await.expect("a body");
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({})),
    )
}
