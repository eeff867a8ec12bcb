//! What stands in for the image servers: originals byte for byte, and the smaller sizes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{self, ConnectInfo, Path};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
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
use crate::sandbox::state::previews::Scale;
use crate::sandbox::state::sizes::with_suffix;

/// Shown in place of a picture that cannot be made.
const NO_PREVIEW: &str = concat!(
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240" width="320" height="240">"##,
    r##"<rect width="320" height="240" fill="#6b7280"/><text x="160" y="126" fill="#fff" "##,
    r##"font-family="sans-serif" font-size="22" text-anchor="middle">no preview</text></svg>"##
);

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
        self.secret == photo.secret && self.extension == "jpg"
    }
}

/// A photo in any size.
pub async fn size(
    extract::State(state): extract::State<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    Path((_, file)): Path<(String, String)>,
) -> Response {
    let found =
        Name::parse(&file).and_then(|name| Some((state.account().photo(name.id)?.clone(), name)));
    let Some((photo, name)) = found.filter(|(photo, name)| name.opens(photo)) else {
        return missing();
    };
    if name.size != "o" {
        return match with_suffix(name.size) {
            Some(size) => preview(&state, &photo, size.extra, size.scale()).await,
            None => missing(),
        };
    }
    let injected = state.script.fire("original");
    let subject = name.id.to_string();
    if let Some(answer) = answer_instead(&injected, &Format::Xml) {
        state.log_call("original", &subject, "not done", &injected);
        return answer;
    }
    let mut answer = original(&state, &photo).await;
    if name.attachment {
        attach(&mut answer, &file);
    }
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
            serve(&state, &photo).await
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

/// What Flickr keeps as the original: the upload, the JPEG of a TIFF, or the poster of a video.
async fn original(state: &State, photo: &Photo) -> Response {
    match photo.kind {
        Kind::Jpeg | Kind::Png | Kind::Gif => serve(state, photo).await,
        Kind::Video => jpeg(photo, Bytes::from_static(GREY_JPEG)),
        Kind::Tiff => {
            let made = state.previews.jpeg(&state.home, photo.id, "o", Scale::Full);
            let made = made.await.unwrap_or(Bytes::from_static(GREY_JPEG));
            jpeg(photo, made)
        }
    }
}

/// A smaller picture, or a placeholder for what cannot be decoded.
async fn preview(state: &State, photo: &Photo, size: &str, scale: Scale) -> Response {
    if photo.kind == Kind::Video {
        return jpeg(photo, Bytes::from_static(GREY_JPEG));
    }
    let made = state.previews.jpeg(&state.home, photo.id, size, scale);
    match made.await {
        Some(bytes) => jpeg(photo, bytes),
        None => typed("image/svg+xml", NO_PREVIEW),
    }
}

fn jpeg(photo: &Photo, bytes: Bytes) -> Response {
    let length = bytes.len() as u64;
    with_cache(typed("image/jpeg", bytes), photo, length)
}

/// Streams the upload.
async fn serve(state: &State, photo: &Photo) -> Response {
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
