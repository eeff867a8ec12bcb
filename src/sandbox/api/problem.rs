//! OAuth's own refusals: plain text, whatever format the call asked for.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::sandbox::state::nonces::Unusable;

/// Why a signed request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    body: String,
}

impl Problem {
    /// A 401 with this `oauth_problem`.
    pub fn new(name: &str) -> Self {
        Problem {
            status: StatusCode::UNAUTHORIZED,
            body: format!("oauth_problem={name}"),
        }
    }

    /// A 400: the request lacks a parameter.
    pub fn absent(parameter: &str) -> Self {
        Problem {
            status: StatusCode::BAD_REQUEST,
            body: format!("oauth_problem=parameter_absent&oauth_parameters_absent={parameter}"),
        }
    }

    /// A 401 that shows the signature base string, as Flickr does.
    pub fn signature(base: &str) -> Self {
        Problem::new(&format!("signature_invalid&debug_sbs={base}"))
    }

    /// The problem's name, for the log of calls.
    pub fn name(&self) -> &str {
        let name = self.body.trim_start_matches("oauth_problem=");
        name.split('&').next().unwrap_or(name)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let kind = header::HeaderValue::from_static("text/plain;charset=UTF-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<Unusable> for Problem {
    fn from(reason: Unusable) -> Self {
        Problem::new(match reason {
            Unusable::Clock => "timestamp_refused",
            Unusable::Used => "nonce_used",
        })
    }
}
