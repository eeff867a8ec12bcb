//! Responses that every part of the sandbox makes: a typed body, and the HTML of a proxy in trouble.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// HTTP 200 with this content type and body.
pub fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The page that a proxy sends in place of an answer.
pub fn html_error(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let title = format!("{} {reason}", status.as_u16());
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = typed("text/html", body);
    *response.status_mut() = status;
    response
}

/// The 117 bytes of a 429; Flickr sends no `Retry-After` with them.
pub const THROTTLED: &str = "<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n";

/// Flickr's answer to a caller that sends too many requests.
pub fn throttled() -> Response {
    let mut response = typed("text/html", THROTTLED);
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_throttle_answers_117_bytes() {
        assert_eq!(THROTTLED.len(), 117);
    }
}
