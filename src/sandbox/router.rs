//! Which address leads to which handler.

use std::sync::Arc;

use axum::Router;
use axum::extract::{self, DefaultBodyLimit};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::middleware::{from_fn, map_response, map_response_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use jiff::Timestamp;

use crate::sandbox::api::{login, originals, rest, upload};
use crate::sandbox::host_check::check_host;
use crate::sandbox::security_headers::with_security_headers;
use crate::sandbox::state::State;
use crate::sandbox::{control, pages};

/// All addresses of a sandbox.
pub fn router(state: Arc<State>) -> Router {
    flickr()
        .merge(for_tests())
        .merge(gallery())
        .fallback(pages::nothing_here)
        // Uploads are as large as a video; each handler bounds what it keeps in memory.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(check_host))
        .layer(map_response(with_security_headers))
        .layer(map_response_with_state(Arc::clone(&state), dated))
        .with_state(state)
}

/// The addresses that Flickr has, too.
fn flickr() -> Router<Arc<State>> {
    Router::new()
        .route("/services/rest", any(rest::rest))
        .route("/services/rest/", any(rest::rest))
        .route("/services/upload", post(upload::upload))
        .route("/services/upload/", post(upload::upload))
        .route("/services/oauth/request_token", any(login::request_token))
        .route(
            "/services/oauth/authorize",
            get(pages::login::ask).post(pages::login::grant),
        )
        .route("/services/oauth/access_token", any(login::access_token))
        .route("/static/{server}/{file}", get(originals::size))
        .route(
            "/static/video/{id}/{secret}/orig.mp4",
            get(originals::video),
        )
        .route(
            "/photos/{nsid}/{id}/play/orig/{secret}/",
            get(originals::play),
        )
        .route("/photos/{nsid}/sets/{id}/", get(pages::set_alias))
        .route("/photos/{nsid}/{id}/", get(pages::photo_alias))
}

fn for_tests() -> Router<Arc<State>> {
    Router::new()
        .route("/sandbox/state", get(control::state))
        .route("/sandbox/calls", get(control::calls))
        .route(
            "/sandbox/account",
            get(control::account).post(control::set_account),
        )
        .route(
            "/sandbox/faults",
            get(control::faults)
                .post(control::set_faults)
                .delete(control::clear_faults),
        )
}

fn gallery() -> Router<Arc<State>> {
    Router::new()
        .route("/", get(pages::stream::stream))
        .route("/sets", get(pages::sets::sets))
        .route("/sets/{id}", get(pages::sets::set))
        .route("/photos/{id}", get(pages::photo::photo))
        .route("/calls", get(pages::calls::calls))
        .route("/gallery.css", get(pages::files::style))
        .route("/gallery.js", get(pages::files::script))
}

/// Adds the time by Flickr's clock.
async fn dated(
    extract::State(state): extract::State<Arc<State>>,
    mut response: Response,
) -> Response {
    let now = Timestamp::from_second(state.now()).unwrap_or_default();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
