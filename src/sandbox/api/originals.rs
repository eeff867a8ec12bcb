//! What stands in for the image servers: bytes exactly as they were uploaded.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{self, ConnectInfo, Path};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::sandbox::api::format::Format;
use crate::sandbox::api::injected_answers::{answer_after, answer_instead};
use crate::sandbox::connection::Connection;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::response::typed;
use crate::sandbox::state::State;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::file_types::{GREY_JPEG, Kind};
use crate::sandbox::state::sizes::SIZES;

/// The bytes of one read.
const READ_BYTES: usize = 128 * 1024;

/// What an address of the image servers names: `ID_SECRET[_SIZE][_d].EXTENSION`.
struct Name<'a> {
    id: u64,
    secret: &'a str,
    size: &'a str,
    extension: &'a str,
    attachment: bool,
}

impl<'a> Name<'a> {
    fn parse(file: &'a str) -> Option<Self> {
        let (stem, extension) = file.rsplit_once('.')?;
        let (stem, attachment) = stem
            .strip_suffix("_d")
            .map_or((stem, false), |stem| (stem, true));
        let mut parts = stem.splitn(3, '_');
        Some(Name {
            id: parts.next()?.parse().ok()?,
            secret: parts.next()?,
            size: parts.next().unwrap_or_default(),
            extension,
            attachment,
        })
    }

    /// The secret is the capability: there is no other check.
    fn opens(&self, photo: &Photo) -> bool {
        if self.size == "o" {
            return self.secret == photo.original_secret
                && self.extension == photo.kind.original_format();
        }
        let is_size = SIZES.iter().any(|size| size.is_suffix(self.size));
        self.secret == photo.secret && self.extension == "jpg" && is_size
    }
}

/// A photo in any size; all sizes have the original's bytes.
pub async fn size(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((_, file)): Path<(String, String)>,
) -> Response {
    let injected = state.script.fire("original");
    let found =
        Name::parse(&file).and_then(|name| Some((state.account().photo(name.id)?.clone(), name)));
    let Some((photo, name)) = found.filter(|(photo, name)| name.opens(photo)) else {
        return missing();
    };
    if name.size != "o" {
        return serve(&state, &photo, photo.kind != Kind::Video).await;
    }
    if let Some(answer) = answer_instead(&injected, &Format::Xml) {
        state.log_call("original", &name.id.to_string(), "not done", &injected);
        return answer;
    }
    // A video's poster and a converted file are not the bytes of the upload.
    let kept = !matches!(photo.kind, Kind::Video | Kind::Tiff);
    let mut answer = serve(&state, &photo, kept).await;
    if name.attachment {
        attach(&mut answer, &file);
    }
    let subject = name.id.to_string();
    state.log_call("original", &subject, "ok", &Injected::default());
    answer_after(&injected, answer, &Format::Xml, &connection).await
}

/// The way from a video's page to its bytes, as `getSizes` names it.
pub async fn play(
    extract::State(state): extract::State<Arc<State>>,
    Path((_, id, secret)): Path<(String, u64, String)>,
) -> Response {
    match find_video(&state, id, &secret) {
        Some(_) => Redirect::to(&format!("/static/video/{id}/{secret}/orig.mp4")).into_response(),
        None => missing(),
    }
}

/// A video, byte for byte.
pub async fn video(
    extract::State(state): extract::State<Arc<State>>,
    Path((id, secret)): Path<(u64, String)>,
) -> Response {
    match find_video(&state, id, &secret) {
        Some(photo) => {
            state.log_call("original", &id.to_string(), "ok", &Injected::default());
            serve(&state, &photo, true).await
        }
        None => missing(),
    }
}

fn find_video(state: &State, id: u64, secret: &str) -> Option<Photo> {
    let photo = state.account().photo(id)?.clone();
    (photo.kind == Kind::Video && photo.original_secret == secret).then_some(photo)
}

fn missing() -> Response {
    let mut response = typed("text/html", Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Streams the file, or gives the grey pixel in its place.
async fn serve(state: &State, photo: &Photo, kept: bool) -> Response {
    if !kept || photo.kind == Kind::Tiff {
        return with_cache(
            typed("image/jpeg", GREY_JPEG),
            photo,
            GREY_JPEG.len() as u64,
        );
    }
    match File::open(state.home.original(photo.id)).await {
        Ok(file) => {
            let body = Body::from_stream(ReaderStream::with_capacity(file, READ_BYTES));
            with_cache(typed(photo.kind.content_type(), body), photo, photo.bytes)
        }
        Err(error) => {
            tracing::error!(photo.id, %error, "the original is missing");
            missing()
        }
    }
}

fn with_cache(mut response: Response, photo: &Photo, bytes: u64) -> Response {
    let mut put = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_LENGTH, bytes.to_string());
    put(header::CACHE_CONTROL, "public, max-age=31536000".to_owned());
    put(header::ETAG, format!("\"{}\"", photo.sha1));
    response
}

fn attach(response: &mut Response, file: &str) {
    if let Ok(value) = HeaderValue::from_str(&format!(
        "attachment; filename={}",
        file.replace("_d.", ".")
    )) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, value);
    }
}
