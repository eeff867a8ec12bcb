//! What an injected fault makes of an answer.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::sandbox::api::failure::Failure;
use crate::sandbox::api::format::Format;
use crate::sandbox::api::problem::Problem;
use crate::sandbox::connection::Connection;
use crate::sandbox::faults::fault::FaultKind;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::response::{html_error, throttled, typed};

/// The answer in place of doing the call, if a fault prevents that.
pub fn answer_instead(injected: &Injected, format: &Format) -> Option<Response> {
    let refuse = |code, message: &str| Some(format.fail(&Failure::new(code, message)));
    match injected.kind.as_ref()? {
        FaultKind::ErrorBefore { status } => Some(html_error(
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        )),
        FaultKind::Throttle => Some(throttled()),
        FaultKind::TokenRevoked => Some(Problem::new("token_rejected").into_response()),
        FaultKind::OauthProblem { problem } => Some(Problem::new(problem).into_response()),
        FaultKind::Unavailable => refuse(105, "Service currently unavailable"),
        FaultKind::AccountFull => refuse(
            6,
            "Upload limit reached. For more info, visit flickr.com/pro",
        ),
        FaultKind::NonSafe => refuse(15, "Non-safe content not allowed"),
        FaultKind::Pretend => Some(format.ok(&json!({}))),
        FaultKind::KeyDisabled => refuse(100, "Invalid API Key (Key has expired)"),
        FaultKind::Refuse { code, message } => refuse(*code, message),
        FaultKind::NotProWait { wait_seconds } => {
            let failure = Failure::new(
                14,
                "Auto Upload disabled for Non pro User/Server at capacity",
            );
            Some(
                format.fail(
                    &failure.with("non_pro_desktop_upload_wait_time", wait_seconds.to_string()),
                ),
            )
        }
        _ => None,
    }
}

/// The answer that is sent once the call was done: the true one, unless a fault replaces it.
pub async fn answer_after(
    injected: &Injected,
    answer: Response,
    format: &Format,
    connection: &Connection,
) -> Response {
    if !injected.delay.is_zero() {
        tokio::time::sleep(injected.delay).await;
    }
    let other = match format {
        Format::Xml => Format::Json(None),
        Format::Json(_) => Format::Xml,
    };
    let foreign = json!({"set_ids": {"_content": ""}, "created_now": {"_content": ""}});
    match &injected.kind {
        Some(FaultKind::LoseAnswer) => {
            connection.close();
            answer
        }
        Some(FaultKind::ResetHalfway) => {
            connection.reset();
            answer
        }
        Some(FaultKind::GatewayTimeoutAfter) => html_error(StatusCode::GATEWAY_TIMEOUT),
        Some(FaultKind::ErrorAfter { status }) => {
            html_error(StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Some(FaultKind::RefuseAfter { code, message }) => {
            format.fail(&Failure::new(*code, message))
        }
        Some(FaultKind::EmptyAnswer) => typed("text/xml; charset=utf-8", Body::empty()),
        Some(FaultKind::Garbled) => other.ok(&Value::Null),
        Some(FaultKind::WrongAnswer) => format.ok(&foreign),
        _ => answer,
    }
}
