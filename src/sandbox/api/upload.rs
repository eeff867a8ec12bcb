//! `/services/upload/`: a multipart body, streamed to disk, becomes a photo or nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use sha1::{Digest, Sha1};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::sandbox::api::format::{Failure, Format, html_error};
use crate::sandbox::api::oauth::Signed;
use crate::sandbox::api::people::{LARGEST_PHOTO, LARGEST_VIDEO};
use crate::sandbox::api::photos_edit::rewritten;
use crate::sandbox::api::rest::insufficient;
use crate::sandbox::connection::Wire;
use crate::sandbox::faults::injected::Hit;
use crate::sandbox::params::Params;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Change, Perms, Photo, Visibility};
use crate::sandbox::state::ids;
use crate::sandbox::state::media::{self, HEAD_BYTES, Kind};
use crate::sandbox::state::tags;
use crate::sandbox::state::{Core, Denied, OWNER_NUMBER, Ticket};

/// The longest text field.
const LONGEST_TEXT: usize = 1024 * 1024;
/// How much of a file gathers before it is written.
const WRITE_BYTES: usize = 256 * 1024;

/// Answers one upload; always in XML.
pub async fn upload(
    State(core): State<Arc<Core>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let hit = core.script.strike("upload");
    let Some(length) = content_length(request.headers()) else {
        core.note("upload", "", "http 411", &hit);
        return html_error(StatusCode::LENGTH_REQUIRED);
    };
    let (parts, body) = request.into_parts();
    let signed = core.signed(&parts);
    if let Some(answer) = hit.instead(&Format::Xml) {
        drain(body).await;
        core.note("upload", "", "not done", &hit);
        return hit.after(answer, &Format::Xml, &wire).await;
    }
    let body = Body::from_stream(faulty(body, &hit, length));
    let (answer, outcome, title) =
        receive(&core, signed, Request::from_parts(parts, body), &hit).await;
    core.note("upload", &title, &outcome, &hit);
    hit.after(answer, &Format::Xml, &wire).await
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A proxy that refuses reads the body all the same, or the client would see a broken pipe.
async fn drain(body: Body) {
    let mut data = body.into_data_stream();
    while let Some(Ok(_)) = data.next().await {}
}

/// The body as the faults let it through: slowly, or only its first half.
fn faulty(
    body: Body,
    hit: &Hit,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let (delay, reach) = (
        hit.body_delay,
        if hit.breaks_body() {
            length / 2
        } else {
            u64::MAX
        },
    );
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

/// Reads everything, then decides; comes back with the answer, the outcome and the title.
async fn receive(
    core: &Core,
    mut signed: Signed,
    request: Request,
    hit: &Hit,
) -> (Response, String, String) {
    let id = core.account().reserve_photo_id();
    let mut file = Partial::new(core.home.original(id));
    let form = match read_form(request, &mut file).await {
        Ok(form) => form,
        Err(cut) => {
            return (
                html_error(StatusCode::BAD_REQUEST),
                format!("cut off: {cut}"),
                String::new(),
            );
        }
    };
    signed.params.extend(form);
    let title = title(&signed.params, &file);
    match accept(core, &signed, id, &mut file, hit).await {
        Ok(id) => (accepted(core, &signed.params, id), "ok".to_owned(), title),
        Err(Denied::Problem(problem)) => {
            let outcome = format!("oauth {}", problem.name());
            (problem.into_response(), outcome, title)
        }
        Err(Denied::Failure(failure)) => {
            let outcome = format!("fail {}: {}", failure.code, failure.message);
            (Format::Xml.fail(&failure), outcome, title)
        }
    }
}

fn accepted(core: &Core, params: &Params, photo: u64) -> Response {
    if params.get("async") != Some("1") {
        return Format::Xml.ok(&json!({"photoid": {"_content": photo.to_string()}}));
    }
    let id = format!("{OWNER_NUMBER}-72157{:012}", photo % 1_000_000_000_000);
    let mut tickets = core.tickets.lock();
    tickets.insert(id.clone(), Ticket { photo, checks: 0 });
    Format::Xml.ok(&json!({"ticketid": {"_content": id}}))
}

/// A file that arrives; removed again unless it was made a photo.
struct Partial {
    path: PathBuf,
    keep: bool,
    name: Option<String>,
    head: Vec<u8>,
    bytes: u64,
    sha1: Sha1,
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing else to do about it here; the next start sweeps.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Partial {
    fn new(path: PathBuf) -> Self {
        Partial {
            path,
            keep: false,
            name: None,
            head: Vec::new(),
            bytes: 0,
            sha1: Sha1::new(),
        }
    }

    async fn fill(&mut self, mut field: Field<'_>) -> Result<(), String> {
        self.name = Some(field.file_name().unwrap_or_default().to_owned());
        let file = File::create(&self.path)
            .await
            .map_err(|error| error.to_string())?;
        let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
        while let Some(piece) = field.chunk().await.map_err(|error| error.body_text())? {
            let missing = HEAD_BYTES.saturating_sub(self.head.len());
            self.head
                .extend_from_slice(&piece[..missing.min(piece.len())]);
            self.bytes += piece.len() as u64;
            self.sha1.update(&piece);
            // What is too large anyway need not fill the disk.
            if self.bytes <= LARGEST_VIDEO {
                out.write_all(&piece)
                    .await
                    .map_err(|error| error.to_string())?;
            }
        }
        out.flush().await.map_err(|error| error.to_string())
    }
}

/// Streams the photo to its file and gathers the text fields.
async fn read_form(request: Request, file: &mut Partial) -> Result<Params, String> {
    let mut form = Params::default();
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|error| error.body_text())?;
    while let Some(mut field) = multipart
        .next_field()
        .await
        .map_err(|error| error.body_text())?
    {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "photo" && field.file_name().is_some() && file.name.is_none() {
            file.fill(field).await?;
            continue;
        }
        let mut text = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| error.body_text())? {
            if text.len() + piece.len() > LONGEST_TEXT {
                return Err(format!("the field \"{name}\" is too long"));
            }
            text.extend_from_slice(&piece);
        }
        form.push(name, String::from_utf8_lossy(&text).into_owned());
    }
    Ok(form)
}

/// Who uploads, what it is, and whether there is room. The clock is looked at only now,
/// after the body, as Flickr does it.
async fn accept(
    core: &Core,
    signed: &Signed,
    id: u64,
    file: &mut Partial,
    hit: &Hit,
) -> Result<u64, Denied> {
    let perms = if signed.params.get("oauth_consumer_key").is_some() {
        core.verify(signed)?
    } else if signed.params.get("api_key").is_some() {
        Perms::None
    } else {
        return Err(crate::sandbox::api::oauth::Problem::absent("oauth_signature").into());
    };
    if perms < Perms::Write {
        return Err(Denied::Failure(insufficient(Perms::Write, perms)));
    }
    let photo = judge(&signed.params, id, file, core.now()).map_err(Denied::Failure)?;
    let unknown_for = hit.unknown_for();
    let created = core.change(|account| {
        admit(account, &signed.params, &photo)?;
        if unknown_for > 0 {
            core.fresh.lock().insert(id, unknown_for);
        }
        file.keep = true;
        account.commit(Change::Photo(Box::new(photo)));
        Ok(id)
    });
    created.await.map_err(Denied::Failure)
}

/// Makes the photo out of the file and the fields, or says what is wrong with the file.
fn judge(params: &Params, id: u64, file: &Partial, at: i64) -> Result<Photo, Failure> {
    let name = file
        .name
        .as_deref()
        .ok_or_else(|| Failure::new(2, "No photo specified"))?;
    if file.bytes == 0 {
        return Err(Failure::new(4, "Filesize was zero"));
    }
    let kind = media::recognise(name, &file.head)
        .ok_or_else(|| Failure::new(5, "Filetype was not recognised"))?;
    let largest = if kind == Kind::Video {
        LARGEST_VIDEO
    } else {
        LARGEST_PHOTO
    };
    if file.bytes > largest {
        return Err(Failure::new(8, "Filesize was too large"));
    }
    let (width, height) = media::dimensions(kind, &file.head).unwrap_or_default();
    let mut tags = tags::parse(params.get("tags").unwrap_or_default());
    tags.truncate(tags::MOST);
    Ok(Photo {
        id,
        secret: ids::random_hex(10),
        original_secret: ids::random_hex(10),
        title: title(params, file),
        description: rewritten(params.get("description").unwrap_or_default()),
        tags,
        visibility: visibility(params),
        posted: at,
        updated: at,
        taken: None,
        kind,
        width,
        height,
        bytes: file.bytes,
        sha1: HEXLOWER.encode(&file.sha1.clone().finalize()),
    })
}

/// Without a title the file's name serves, but for its extension.
fn title(params: &Params, file: &Partial) -> String {
    let name = file.name.as_deref().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    params.filled("title").unwrap_or(stem).to_owned()
}

/// This account's default is private, which `9` and a missing field mean.
fn visibility(params: &Params) -> Visibility {
    let flag = |name| params.get(name) == Some("1");
    Visibility {
        public: flag("is_public"),
        friend: flag("is_friend"),
        family: flag("is_family"),
    }
}

/// What only the account can tell: its kind, its room, and whether it has the same bytes already.
fn admit(account: &Account, params: &Params, photo: &Photo) -> Result<(), Failure> {
    let pro = account.settings().pro;
    if params.get("bulk") == Some("1") && !pro {
        let failure = Failure::new(
            14,
            "Auto Upload disabled for Non pro User/Server at capacity",
        );
        return Err(failure.with("non_pro_desktop_upload_wait_time", "60"));
    }
    if matches!(params.get("safety_level"), Some("2" | "3")) && !pro {
        return Err(Failure::new(15, "Non-safe content not allowed"));
    }
    if account.is_full(photo.visibility) {
        return Err(Failure::new(
            6,
            "Upload limit reached. For more info, visit flickr.com/pro",
        ));
    }
    let asked = matches!(params.get("dedup_check"), Some("1" | "2"));
    if !asked || account.settings().ignores_dedup_check {
        return Ok(());
    }
    let there = account.oldest_with(&photo.sha1).map(|twin| (twin.id, "1"));
    let deleted = account.deleted_with(&photo.sha1).map(|id| (id, "DELETED"));
    match there.or(deleted) {
        None => Ok(()),
        Some((id, status)) => Err(Failure::new(9, "Duplicate photo/video detected")
            .with("duplicate_photo_id", id.to_string())
            .with("duplicate_photo_status", status)),
    }
}
