//! An HTTP server before another one, which answers some requests itself and hands the rest on.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What a request is answered instead, from its path and its body; `None` hands it on.
type Rule = Box<dyn Fn(&str, &[u8]) -> Option<(u16, String)> + Send>;

/// The server; it ends when it is dropped.
pub struct Gate {
    url: String,
    rule: Arc<Mutex<Rule>>,
    _serving: AbortOnDropHandle<()>,
}

impl Gate {
    /// A gate before `target`, an `http://HOST:PORT`, that hands everything on.
    pub async fn start(target: &str) -> Gate {
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_, _| None)));
        let (target, shared) = (target.trim_end_matches('/').to_owned(), Arc::clone(&rule));
        let http = super::http();
        let app = Router::new().fallback(move |request: Request| {
            let (target, rule, http) = (target.clone(), Arc::clone(&shared), http.clone());
            async move { answer(request, &target, &rule, &http).await }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port on loopback");
        let address = listener.local_addr().expect("the address just bound");
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Gate {
            url: format!("http://{address}"),
            rule,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// What it answers itself from now on.
    pub fn rule(&self, rule: impl Fn(&str, &[u8]) -> Option<(u16, String)> + Send + 'static) {
        *self.rule.lock() = Box::new(rule);
    }
}

async fn answer(
    request: Request,
    target: &str,
    rule: &Mutex<Rule>,
    http: &reqwest::Client,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.to_string();
    let own = rule.lock()(&path, &body);
    if let Some((status, text)) = own {
        return response(status, text.into());
    }
    // The signature is for the host that the client knows.
    let passed = http
        .request(parts.method, format!("{target}{path}"))
        .headers(parts.headers)
        .body(body)
        .send()
        .await;
    let Ok(passed) = passed else {
        return response(502, Bytes::new());
    };
    let mut builder = Response::builder().status(passed.status());
    for (name, value) in passed.headers() {
        builder = builder.header(name, value);
    }
    let body = passed.bytes().await.unwrap_or_default();
    builder.body(Body::from(body)).expect("an answer")
}

fn response(status: u16, body: Bytes) -> Response {
    let answer = Response::builder().status(status);
    answer.body(Body::from(body)).expect("an answer")
}
