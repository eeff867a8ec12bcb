//! What stands in for the image servers: bytes exactly as they were uploaded.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::sandbox::api::format::{Format, typed};
use crate::sandbox::api::listing::SIZES;
use crate::sandbox::faults::injected::Hit;
use crate::sandbox::state::Core;
use crate::sandbox::state::data::Photo;
use crate::sandbox::state::media::{GREY_JPEG, Kind};

/// Read so much at a time.
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
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    request: Request,
) -> Response {
    let hit = core.script.strike("original");
    let found =
        Name::parse(&file).and_then(|name| Some((core.account().photo(name.id)?.clone(), name)));
    let Some((photo, name)) = found.filter(|(photo, name)| name.opens(photo)) else {
        return missing();
    };
    if name.size != "o" {
        return serve(&core, &photo, photo.kind != Kind::Video).await;
    }
    if let Some(answer) = hit.instead(&Format::Xml) {
        core.note("original", &name.id.to_string(), "not done", &hit);
        return answer;
    }
    // A video's poster and what was converted are not the bytes of the upload.
    let kept = !matches!(photo.kind, Kind::Video | Kind::Tiff);
    let mut answer = serve(&core, &photo, kept).await;
    if name.attachment {
        attach(&mut answer, &file);
    }
    core.note("original", &name.id.to_string(), "ok", &Hit::default());
    match request
        .extensions()
        .get::<axum::extract::ConnectInfo<crate::sandbox::connection::Wire>>()
    {
        Some(wire) => hit.after(answer, &Format::Xml, &wire.0).await,
        None => answer,
    }
}

/// The way from a video's page to its bytes, as `getSizes` names it.
pub async fn play(
    State(core): State<Arc<Core>>,
    Path((_, id, secret)): Path<(String, u64, String)>,
) -> Response {
    match find_video(&core, id, &secret) {
        Some(_) => Redirect::to(&format!("/static/video/{id}/{secret}/orig.mp4")).into_response(),
        None => missing(),
    }
}

/// A video, byte for byte.
pub async fn video(
    State(core): State<Arc<Core>>,
    Path((id, secret)): Path<(u64, String)>,
) -> Response {
    match find_video(&core, id, &secret) {
        Some(photo) => {
            core.note("original", &id.to_string(), "ok", &Hit::default());
            serve(&core, &photo, true).await
        }
        None => missing(),
    }
}

fn find_video(core: &Core, id: u64, secret: &str) -> Option<Photo> {
    let photo = core.account().photo(id)?.clone();
    (photo.kind == Kind::Video && photo.original_secret == secret).then_some(photo)
}

fn missing() -> Response {
    let mut response = typed("text/html", Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Streams the file, or gives the grey pixel in its place.
async fn serve(core: &Core, photo: &Photo, kept: bool) -> Response {
    if !kept || photo.kind == Kind::Tiff {
        return with_cache(
            typed("image/jpeg", GREY_JPEG),
            photo,
            GREY_JPEG.len() as u64,
        );
    }
    match File::open(core.home.original(photo.id)).await {
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
