//! The style and the script of the pages.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use crate::sandbox::response::typed;

/// `/gallery.css`
pub async fn style() -> Response {
    revalidated(typed(
        "text/css; charset=utf-8",
        include_str!("gallery.css"),
    ))
}

/// `/gallery.js`: arrow keys, and fresh photos while they arrive.
pub async fn script() -> Response {
    let kind = "text/javascript; charset=utf-8";
    revalidated(typed(kind, include_str!("gallery.js")))
}

/// Another version of the sandbox may answer at the same address tomorrow.
fn revalidated(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
