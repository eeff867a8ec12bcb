//! The faults that strike one call, and what they make of its answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::sandbox::api::format::{Failure, Format, html_error, throttled, typed};
use crate::sandbox::api::oauth::Problem;
use crate::sandbox::connection::Wire;
use crate::sandbox::faults::Kind;

/// The faults that strike one call.
#[derive(Debug, Clone, Default)]
pub struct Hit {
    /// Before the answer.
    pub delay: Duration,
    /// Before each piece of the body.
    pub body_delay: Duration,
    /// What goes wrong, beside delays.
    pub kind: Option<Kind>,
}

impl Hit {
    /// The answer of a fault that keeps the call from being done at all.
    pub fn instead(&self, format: &Format) -> Option<Response> {
        let refuse = |code, message: &str| Some(format.fail(&Failure::new(code, message)));
        match self.kind.as_ref()? {
            Kind::ErrorBefore { status } => Some(html_error(
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            )),
            Kind::Throttle => Some(throttled()),
            Kind::TokenRevoked => Some(Problem::new("token_rejected").into_response()),
            Kind::OauthProblem { problem } => Some(Problem::new(problem).into_response()),
            Kind::Unavailable => refuse(105, "Service currently unavailable"),
            Kind::AccountFull => refuse(
                6,
                "Upload limit reached. For more info, visit flickr.com/pro",
            ),
            Kind::NonSafe => refuse(15, "Non-safe content not allowed"),
            Kind::Pretend => Some(format.ok(&json!({}))),
            Kind::KeyDisabled => refuse(100, "Invalid API Key (Key has expired)"),
            Kind::Refuse { code, message } => refuse(*code, message),
            Kind::NotProWait { wait_seconds } => {
                let failure = Failure::new(
                    14,
                    "Auto Upload disabled for Non pro User/Server at capacity",
                );
                Some(format.fail(
                    &failure.with("non_pro_desktop_upload_wait_time", wait_seconds.to_string()),
                ))
            }
            _ => None,
        }
    }

    /// The answer that leaves in place of the true one, after the call was done.
    pub async fn after(&self, answer: Response, format: &Format, wire: &Wire) -> Response {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let other = match format {
            Format::Xml => Format::Json(None),
            Format::Json(_) => Format::Xml,
        };
        let foreign = json!({"set_ids": {"_content": ""}, "created_now": {"_content": ""}});
        match &self.kind {
            Some(Kind::LoseAnswer) => {
                wire.close();
                answer
            }
            Some(Kind::ResetHalfway) => {
                wire.reset();
                answer
            }
            Some(Kind::GatewayTimeoutAfter) => html_error(StatusCode::GATEWAY_TIMEOUT),
            Some(Kind::ErrorAfter { status }) => html_error(
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            ),
            Some(Kind::RefuseAfter { code, message }) => format.fail(&Failure::new(*code, message)),
            Some(Kind::EmptyAnswer) => typed("text/xml; charset=utf-8", Body::empty()),
            Some(Kind::Garbled) => other.ok(&Value::Null),
            Some(Kind::WrongAnswer) => format.ok(&foreign),
            _ => answer,
        }
    }

    /// How many of the newest items a list leaves out.
    pub fn stale(&self) -> usize {
        match self.kind {
            Some(Kind::StaleList { newest }) => newest,
            _ => 0,
        }
    }

    /// What a list says of how many items it has.
    pub fn total(&self, total: usize) -> Value {
        match self.kind {
            Some(Kind::NoTotal) => "".into(),
            _ => total.into(),
        }
    }

    /// What a list says of how many pages it has.
    pub fn pages(&self, pages: usize) -> Value {
        match self.kind {
            Some(Kind::Pages { count }) => count.into(),
            _ => pages.into(),
        }
    }

    /// Whether every page of a list is its first one.
    pub fn repeats(&self) -> bool {
        self.kind == Some(Kind::RepeatPage)
    }

    /// Whether a list's page comes short.
    pub fn is_short(&self) -> bool {
        self.kind == Some(Kind::ShortPage)
    }

    /// The fault's name, for the log of calls.
    pub fn name(&self) -> Option<String> {
        let kind = serde_json::to_value(self.kind.as_ref()?).ok()?;
        kind.get("fault")?.as_str().map(str::to_owned)
    }

    /// Whether the body breaks off in the middle.
    pub fn breaks_body(&self) -> bool {
        self.kind == Some(Kind::ResetHalfway)
    }

    /// To how many calls a new photo stays unknown.
    pub fn unknown_for(&self) -> u32 {
        match self.kind {
            Some(Kind::UnknownPhoto { calls }) => calls,
            _ => 0,
        }
    }
}
