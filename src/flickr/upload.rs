//! Uploads: one file, streamed, with its length known beforehand (<https://www.flickr.com/services/api/upload.api.html>).

use std::fmt;
use std::io;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH};
use reqwest::multipart::{Form, Part};

use super::body::{self, Gauge, Stall};
use super::envelope::Envelope;
use super::oauth::Params;
use super::response::{RawResponse, Reply};
use super::{Client, Error, Permit};
use crate::model::flickr::privacy::Privacy;

/// What an upload is called in errors; the caller knows which file it is.
const DOING: &str = "the upload";

/// One file to upload, with what Flickr is told about it.
pub struct Upload {
    /// The photo's title. Never left out: Flickr would make one of the file's name.
    pub title: String,
    /// Tags as one would type them; they are quoted where needed.
    pub tags: Vec<String>,
    /// Who may see it.
    pub privacy: Privacy,
    /// A name with the file's true extension, by which Flickr judges its type. Characters other than
    /// ASCII letters, digits, `.`, `-` and `_` are replaced: names beyond ASCII made Flickr refuse the signature.
    pub file_name: String,
    /// Whether Flickr shall refuse a file that the account has already ([`Error::Duplicate`]).
    pub dedup_check: bool,
    /// How many bytes `body` has.
    pub length: u64,
    /// The file's bytes.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("title", &self.title)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Uploads one file and gives the new photo's id. Tries once: the body is gone afterwards.
    /// Dropping the future closes the connection; unless the last byte was sent, nothing is created.
    ///
    /// # Errors
    /// [`Error::Source`] and [`Error::Unavailable`] where nothing was created, [`Error::Ambiguous`] where all was sent
    /// and no clear answer came; else what Flickr says.
    pub async fn upload(&self, permit: Permit, upload: Upload) -> Result<String, Error> {
        let params = params(&upload);
        let (body, gauge) = body::metered(upload.body, upload.length);
        let part = Part::stream_with_length(reqwest::Body::wrap_stream(body), upload.length)
            .file_name(ascii(&upload.file_name));
        let request = self.upload_request(&params, part)?;
        permit.spend();
        self.shared.uploads.fetch_add(1, Ordering::Relaxed);
        let timeouts = &self.shared.timeouts;
        let exchange =
            async { RawResponse::read(self.shared.upload_http.execute(request).await?).await };
        // An answer that is there wins, also over a body that is still being sent.
        let answer = tokio::select! {
            biased;
            answer = exchange => answer.map_err(|error| lost(&gauge, error))?,
            stall = gauge.stalled(timeouts.idle, timeouts.answer) => return Err(stalled(stall)),
        };
        self.photo_id(&gauge, &answer)
    }

    /// The request, signed now. All text fields are signed, the photo is not.
    fn upload_request(&self, params: &Params, photo: Part) -> Result<reqwest::Request, Error> {
        let address = self.shared.endpoints.upload.as_str();
        let fields = params.iter().fold(Form::new(), |form, (name, value)| {
            form.text(*name, value.clone())
        });
        let request = self
            .shared
            .upload_http
            .post(address)
            .multipart(fields.part("photo", photo))
            .header(
                AUTHORIZATION,
                self.shared.signer.header("POST", address, params)?,
            )
            .build()
            .map_err(|error| Error::setup("no upload request", error.without_url()))?;
        if !request.headers().contains_key(CONTENT_LENGTH) {
            // Flickr answers 411 to an upload in chunks, after all of it was sent.
            return Err(Error::Setup {
                why: "an upload without a length".into(),
                source: None,
            });
        }
        Ok(request)
    }

    fn photo_id(&self, gauge: &Gauge, answer: &RawResponse) -> Result<String, Error> {
        match self.apply_to_budget(DOING, answer, answer.reply(DOING, true)) {
            Reply::Done(envelope) => uploaded(envelope)
                .ok_or_else(|| unclear(gauge, "an answer without a photo id".into())),
            // What comes before the last byte was sent is about the call alone.
            Reply::Failed(Error::Throttled { wait, may_be_done }) => Err(Error::Throttled {
                wait,
                may_be_done: may_be_done && gauge.is_whole(),
            }),
            Reply::Failed(error) => Err(error),
            Reply::Unclear(why) => Err(unclear(gauge, why)),
        }
    }
}

/// The text fields. What is not sent (`safety_level`, `content_type`, `hidden`) is as the account's owner set it.
fn params(upload: &Upload) -> Params {
    let (public, friends, family) = match upload.privacy {
        Privacy::Private => ("0", "0", "0"),
        Privacy::Friends => ("0", "1", "0"),
        Privacy::Family => ("0", "0", "1"),
        Privacy::FriendsFamily => ("0", "1", "1"),
        Privacy::Public => ("1", "0", "0"),
    };
    let mut params: Params = vec![
        ("title", upload.title.clone()),
        ("tags", tags(&upload.tags)),
        ("is_public", public.into()),
        ("is_friend", friends.into()),
        ("is_family", family.into()),
        ("async", "0".into()),
    ];
    if upload.dedup_check {
        params.push(("dedup_check", "1".into()));
    }
    params
}

/// Tags as one field: a space between them, double quotes around those that hold one. A quote cannot be quoted.
pub(super) fn tags(tags: &[String]) -> String {
    let quoted = tags
        .iter()
        .map(|tag| tag.replace('"', ""))
        .filter(|tag| !tag.trim().is_empty())
        .map(|tag| {
            if tag.contains(|c: char| c.is_whitespace() || c == ',') {
                format!("\"{tag}\"")
            } else {
                tag
            }
        });
    quoted.collect::<Vec<_>>().join(" ")
}

fn ascii(file_name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    file_name
        .chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}

/// The new photo's id, in whichever form it came.
fn uploaded(envelope: Envelope) -> Option<String> {
    match envelope {
        Envelope::Xml { photo_id } => photo_id,
        Envelope::Json(value) => value.get("photoid").and_then(super::lenient::as_text),
    }
}

/// The exchange broke: by our own fault, before the end, or after it.
fn lost(gauge: &Gauge, error: reqwest::Error) -> Error {
    if let Some(failure) = gauge.failure() {
        return failure;
    }
    if error.is_connect() {
        return Error::unavailable(DOING, "no connection").because(error);
    }
    unclear(gauge, "the connection broke".into()).because(error)
}

fn unclear(gauge: &Gauge, why: String) -> Error {
    if gauge.is_whole() {
        Error::ambiguous(DOING, why)
    } else {
        Error::unavailable(DOING, why)
    }
}

fn stalled(stall: Stall) -> Error {
    match stall {
        Stall::Source => Error::Source {
            why: "no bytes came for too long".into(),
            source: None,
        },
        Stall::Flickr => Error::unavailable(DOING, "no bytes were taken for too long"),
        Stall::Answer => Error::ambiguous(DOING, "no answer in time"),
    }
}

#[cfg(test)]
mod tests;
