//! A sink in Flickr's place: it takes uploads, keeps nothing, and can answer late.
//!
//! `GET /stats` tells what came since `GET /reset?delay_ms=N`, and over how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::http::{self, Answer, Request};

#[derive(Default)]
struct Sink {
    delay_ms: AtomicU64,
    photos: AtomicU64,
    bytes: AtomicU64,
    calls: AtomicU64,
    /// When the first upload was in, less the delay: microseconds since the start; 0 for none yet.
    first_us: AtomicU64,
    /// When the last one was answered.
    last_us: AtomicU64,
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener) {
    let (sink, began) = (Arc::new(Sink::default()), Instant::now());
    http::serve(listener, move |request| sink.answer(request, began)).await;
}

impl Sink {
    fn answer(&self, request: &Request, began: Instant) -> Answer {
        let path = request.target.split('?').next().unwrap_or_default();
        match path {
            "/services/upload/" => self.upload(request, began),
            "/reset" => {
                let delay = request.query("delay_ms").and_then(|ms| ms.parse().ok());
                self.delay_ms.store(delay.unwrap_or(0), Ordering::Relaxed);
                for counter in [
                    &self.photos,
                    &self.bytes,
                    &self.calls,
                    &self.first_us,
                    &self.last_us,
                ] {
                    counter.store(0, Ordering::Relaxed);
                }
                Answer::text("{}", "application/json")
            }
            "/stats" => self.stats(),
            _ => {
                self.calls.fetch_add(1, Ordering::Relaxed);
                let parameters = [request.target.as_bytes(), &request.body].concat();
                rest(&String::from_utf8_lossy(&parameters))
            }
        }
    }

    fn upload(&self, request: &Request, began: Instant) -> Answer {
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::Relaxed));
        let now = began.elapsed();
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        // Whether another was first does not matter: they came within a millisecond.
        let _ = self
            .first_us
            .compare_exchange(0, us(now), Ordering::Relaxed, Ordering::Relaxed);
        self.last_us.fetch_max(us(now + delay), Ordering::Relaxed);
        self.bytes.fetch_add(request.length, Ordering::Relaxed);
        let id = self.photos.fetch_add(1, Ordering::Relaxed) + 1;
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<rsp stat=\"ok\">\n<photoid>{id}</photoid>\n</rsp>\n"
        );
        Answer {
            delay,
            ..Answer::text(text, "text/xml; charset=utf-8")
        }
    }

    fn stats(&self) -> Answer {
        let [photos, bytes, calls, first, last] = [
            &self.photos,
            &self.bytes,
            &self.calls,
            &self.first_us,
            &self.last_us,
        ]
        .map(|counter| counter.load(Ordering::Relaxed));
        let text = serde_json::json!({
            "photos": photos, "bytes": bytes, "calls": calls,
            "seconds": last.saturating_sub(first) as f64 / 1e6,
        });
        Answer::text(text.to_string(), "application/json")
    }
}

/// The calls that a worker makes before it uploads.
fn rest(parameters: &str) -> Answer {
    let text = if parameters.contains("checkToken") {
        r#"{"oauth":{"token":{"_content":"t"},"perms":{"_content":"write"},"user":{"nsid":"1@N01","username":"bench"}},"stat":"ok"}"#
    } else if parameters.contains("people.getPhotos") {
        r#"{"photos":{"page":1,"pages":0,"perpage":500,"total":0,"photo":[]},"stat":"ok"}"#
    } else {
        r#"{"user":{"id":"1@N01","ispro":1,"username":{"_content":"bench"},"bandwidth":{"unlimited":1}},"stat":"ok"}"#
    };
    Answer::text(text, "application/json")
}
