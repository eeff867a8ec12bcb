//! `/services/upload/`: a multipart body, streamed to disk, becomes a photo or nothing.

mod accept;
mod received;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{self, ConnectInfo, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;

use crate::sandbox::api::auth;
use crate::sandbox::api::format::Format;
use crate::sandbox::api::injected_answers::{answer_after, answer_instead};
use crate::sandbox::api::signature::Signed;
use crate::sandbox::api::upload::accept::{accept, title};
use crate::sandbox::api::upload::received::{Received, read_form};
use crate::sandbox::connection::Connection;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::params::Params;
use crate::sandbox::response::html_error;
use crate::sandbox::state::State;

/// Answers one upload; always in XML.
pub async fn upload(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let injected = state.script.fire("upload");
    let Some(length) = content_length(request.headers()) else {
        state.log_call("upload", "", "http 411", &injected);
        return html_error(StatusCode::LENGTH_REQUIRED);
    };
    let (parts, body) = request.into_parts();
    let signed = auth::signed(&state, &parts);
    if let Some(answer) = answer_instead(&injected, &Format::Xml) {
        drain(body).await;
        state.log_call("upload", "", "not done", &injected);
        return answer_after(&injected, answer, &Format::Xml, &connection).await;
    }
    let body = Body::from_stream(faulty(body, &injected, length));
    let request = Request::from_parts(parts, body);
    let uploaded = receive(&state, signed, request, &injected).await;
    state.log_call("upload", &uploaded.title, &uploaded.outcome, &injected);
    answer_after(&injected, uploaded.answer, &Format::Xml, &connection).await
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body that is refused: otherwise the client would see a broken pipe.
async fn drain(body: Body) {
    let mut data = body.into_data_stream();
    while let Some(Ok(_)) = data.next().await {}
}

/// The body as the faults let it through: slowly, or only its first half.
fn faulty(
    body: Body,
    injected: &Injected,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let delay = injected.body_delay;
    let reach = if injected.breaks_body() {
        length / 2
    } else {
        u64::MAX
    };
    stream::unfold(
        (body.into_data_stream(), 0),
        move |(mut data, seen)| async move {
            if seen >= reach {
                return None;
            }
            if delay > Duration::ZERO {
                tokio::time::sleep(delay).await;
            }
            let piece = data.next().await?.map_err(io::Error::other);
            let seen = seen + piece.as_ref().map_or(0, |piece| piece.len() as u64);
            Some((piece, (data, seen)))
        },
    )
}

/// What became of an upload.
struct Uploaded {
    answer: Response,
    /// For the log of calls.
    outcome: String,
    title: String,
}

/// Reads everything, then decides.
async fn receive(
    state: &State,
    mut signed: Signed,
    request: Request,
    injected: &Injected,
) -> Uploaded {
    let id = state.account().reserve_photo_id();
    let mut file = Received::new(state.home.original(id));
    let form = match read_form(request, &mut file).await {
        Ok(form) => form,
        Err(reason) => {
            return Uploaded {
                answer: html_error(StatusCode::BAD_REQUEST),
                outcome: format!("cut off: {reason}"),
                title: String::new(),
            };
        }
    };
    signed.params.extend(form);
    let title = title(&signed.params, &file);
    match accept(state, &signed, id, &mut file, injected).await {
        Ok(id) => Uploaded {
            answer: accepted(state, &signed.params, id),
            outcome: "ok".to_owned(),
            title,
        },
        Err(denied) => Uploaded {
            answer: denied.answer(),
            outcome: denied.outcome(),
            title,
        },
    }
}

fn accepted(state: &State, params: &Params, photo: u64) -> Response {
    if params.get("async") != Some("1") {
        return Format::Xml.ok(&json!({"photoid": {"_content": photo.to_string()}}));
    }
    let id = state.tickets.issue(photo);
    Format::Xml.ok(&json!({"ticketid": {"_content": id}}))
}
