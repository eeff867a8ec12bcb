//! The body of an upload: the photo goes to its file while it arrives, the text fields to memory.

use std::path::PathBuf;

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest, Request};
use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::sandbox::api::people::LARGEST_VIDEO;
use crate::sandbox::params::Params;
use crate::sandbox::state::file_types::HEAD_BYTES;

/// The longest text field, in bytes.
const LONGEST_TEXT: usize = 1024 * 1024;
/// The bytes of a file that gather before they are written.
const WRITE_BYTES: usize = 256 * 1024;

/// A file that was received; it is removed again unless it becomes a photo.
pub struct Received {
    path: PathBuf,
    sha1: Sha1,
    /// Whether it became a photo.
    pub keep: bool,
    /// The name that the client gave it; `None` when the form has no file.
    pub name: Option<String>,
    /// Its first [`HEAD_BYTES`].
    pub head: Vec<u8>,
    /// Its length.
    pub bytes: u64,
}

impl Drop for Received {
    fn drop(&mut self) {
        if !self.keep {
            // If this fails, the next start removes the file.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Received {
    /// Nothing yet; it will be written to `path`.
    pub fn new(path: PathBuf) -> Self {
        Received {
            path,
            sha1: Sha1::new(),
            keep: false,
            name: None,
            head: Vec::new(),
            bytes: 0,
        }
    }

    /// The checksum of its bytes, in hex.
    pub fn sha1(&self) -> String {
        HEXLOWER.encode(&self.sha1.clone().finalize())
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
            // A file that is too large is refused later; it must not fill the disk.
            if self.bytes <= LARGEST_VIDEO {
                out.write_all(&piece)
                    .await
                    .map_err(|error| error.to_string())?;
            }
        }
        out.flush().await.map_err(|error| error.to_string())
    }
}

/// Streams the photo to its file and returns the text fields.
pub async fn read_form(request: Request, file: &mut Received) -> Result<Params, String> {
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
