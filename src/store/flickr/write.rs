//! One file on its way to the account: looked for where it may be there, then uploaded.

use super::Flickr;
use super::duplicate::{Meaning, Twin, meaning};
use super::errors::{from_flickr, from_refusal};
use super::prior_uploads::Prior;
use crate::flickr::{self, Permit};
use crate::model::Key;
use crate::model::flickr::accepts::Kind;
use crate::model::flickr::set_title::photo_title;
use crate::model::flickr::tags::{Origin, checksum_tag};
use crate::store::{Body, Content, Error, PriorAttempt, Put, Stored};

/// Extensions of JPEGs that programs wrote now and then, and that Flickr may not know.
const RARE_JPEG: [&str; 4] = ["jfif", "jif", "pjpeg", "pjp"];

/// One attempt to have a file in the account.
pub(super) struct Upload<'a> {
    to: &'a Flickr,
    content: &'a Content,
    prior: Option<PriorAttempt>,
    /// When the upload began, in seconds since 1970 by Flickr's clock; `None` where nothing was
    /// sent, or Flickr said that it took nothing.
    began: Option<i64>,
}

/// What Flickr said of an upload.
enum Uploaded {
    Photo(String),
    Duplicate(Twin),
}

impl<'a> Upload<'a> {
    pub(super) fn new(
        to: &'a Flickr,
        content: &'a Content,
        prior: Option<PriorAttempt>,
    ) -> Upload<'a> {
        Upload {
            to,
            content,
            prior,
            began: None,
        }
    }

    /// Has the file in the account. Spends the permit only when it uploads.
    ///
    /// With a prior attempt, that may have succeeded: the account is searched first. Flickr is
    /// always asked to refuse bytes that it has: a queue may hand one message to two workers at
    /// the same time, and neither can know. That costs no call unless the bytes are there.
    pub(super) async fn run(mut self, permit: Option<Permit>) -> Result<Put, Error> {
        let put = self.find_or_upload(permit).await;
        let was_sent = self.began.is_some();
        match put {
            Ok(put) => Ok(put),
            Err(Error::Throttled { .. }) => Err(Error::Throttled { since: self.began }),
            Err(Error::Refused { reason, .. }) => Err(Error::Refused { reason, was_sent }),
            Err(Error::Ambiguous {
                service,
                way,
                reason,
                ..
            }) => Err(Error::Ambiguous {
                since: self.began,
                service,
                way,
                reason,
            }),
            Err(error) => Err(error),
        }
    }

    async fn find_or_upload(&mut self, mut permit: Option<Permit>) -> Result<Put, Error> {
        if self.prior.is_some() {
            // A look may have to wait, and its listing needs a call itself: another lane may have
            // this one.
            drop(permit.take());
        }
        let found = self.find(&Origin::from_job(&self.content.job())).await?;
        if let Prior::Photo(photo) = found {
            return Ok(self.already_there(photo));
        }
        let (body, origin) = self.open().await?;
        if matches!(found, Prior::Unsure(_))
            && let Prior::Photo(photo) = self.find(&origin).await?
        {
            return Ok(self.already_there(photo));
        }
        let twin = match self.upload(body, &origin, true, permit).await? {
            Uploaded::Photo(photo) => return Ok(stored(photo)),
            Uploaded::Duplicate(twin) => twin,
        };
        let is_first_attempt = self.content.job().attempts == 0;
        match meaning(self.to, &origin, twin, is_first_attempt).await? {
            Meaning::There(photo) => Ok(self.already_there(photo)),
            Meaning::Missing => self.upload_second_copy().await,
        }
    }

    /// Another file has the same bytes: two files are two photos.
    async fn upload_second_copy(&mut self) -> Result<Put, Error> {
        // The wait for it may be long, and no reading outlasts that.
        let permit = self.to.permit().await?;
        let (body, origin) = self.open().await?;
        match self.upload(body, &origin, false, Some(permit)).await? {
            Uploaded::Photo(photo) => Ok(stored(photo)),
            Uploaded::Duplicate(_) => Err(Error::NotNow(
                "Flickr refused a duplicate that it was not asked about".to_owned(),
            )),
        }
    }

    /// The photo that an earlier attempt left, where one has to be looked for.
    async fn find(&self, origin: &Origin) -> Result<Prior, Error> {
        match self.prior {
            Some(prior) => self
                .to
                .uploads
                .find(origin, prior)
                .await
                .map_err(from_flickr),
            None => Ok(Prior::Missing),
        }
    }

    /// Opens the file. It is taken as it is now; its tags say which version that is.
    async fn open(&self) -> Result<(Body, Origin), Error> {
        let body = self.content.open().await?;
        if body.size == 0 {
            return Err(Error::Refused {
                reason: "the file is empty".to_owned(),
                was_sent: false,
            });
        }
        let origin = Origin {
            checksum: body
                .digest
                .as_ref()
                .and_then(checksum_tag)
                .unwrap_or_default(),
            ..Origin::from_job(&self.content.job())
        };
        Ok((body, origin))
    }

    async fn upload(
        &mut self,
        mut body: Body,
        origin: &Origin,
        dedup_check: bool,
        permit: Option<Permit>,
    ) -> Result<Uploaded, Error> {
        let client = &self.to.client;
        let file_name = file_name(&origin.key, &mut body).await;
        let upload = flickr::Upload {
            title: photo_title(&origin.key),
            tags: origin.tags(),
            privacy: self.to.privacy,
            file_name,
            dedup_check,
            length: body.size,
            body: body.bytes,
        };
        let permit = match permit.filter(Permit::is_fresh) {
            Some(permit) => permit,
            None => self.to.permit().await?,
        };
        self.began = Some(client.now());
        match client.upload(permit, upload).await {
            Ok(photo) => Ok(Uploaded::Photo(photo)),
            Err(flickr::Error::Duplicate { photo_id, deleted }) => {
                Ok(Uploaded::Duplicate(Twin { photo_id, deleted }))
            }
            Err(error) => {
                if is_surely_not_there(&error) {
                    self.began = None;
                }
                Err(from_refusal(client, error, &body.read_error).await)
            }
        }
    }

    fn already_there(&self, id: String) -> Put {
        let was_sent = self.began.is_some();
        Put::AlreadyThere(Stored { id, was_sent })
    }
}

fn stored(id: String) -> Put {
    let was_sent = true;
    Put::Stored(Stored { id, was_sent })
}

/// Whether Flickr asked to wait before it had all of the upload.
fn is_surely_not_there(error: &flickr::Error) -> bool {
    use flickr::Error::Throttled;
    matches!(error, Throttled { may_be_done, .. } if !may_be_done)
}

/// Flickr judges a file partly by its name's extension; the rest of the name is not kept, and
/// plain ASCII keeps every multipart reader happy. A name that says no type gets the bytes' own.
async fn file_name(key: &Key, body: &mut Body) -> String {
    let extension = key.extension();
    let named = extension
        .as_deref()
        .filter(|name| Kind::from_extension(name).is_some());
    match named {
        Some(jpeg) if RARE_JPEG.contains(&jpeg) => "photo.jpg".to_owned(),
        Some(extension) => format!("photo.{extension}"),
        None => format!("photo.{}", body.extension().await.unwrap_or("jpg")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::StreamExt;

    use super::*;
    use crate::store::ReadErrorSlot;

    async fn name(path: &str, bytes: &'static [u8]) -> String {
        let bytes = futures_util::stream::iter([Ok(Bytes::from_static(bytes))]);
        let mut body = Body {
            size: 1,
            digest: None,
            bytes: bytes.boxed(),
            read_error: ReadErrorSlot::default(),
        };
        let name = file_name(&Key::new(path).unwrap(), &mut body).await;
        assert!(
            body.bytes.next().await.is_some(),
            "the bytes are still there"
        );
        name
    }

    #[tokio::test]
    async fn the_file_name_is_plain_but_for_the_true_extension() {
        assert_eq!(name("Café, été/IMG \"1\".JPeG", b"").await, "photo.jpeg");
        assert_eq!(name("a.m2ts", b"").await, "photo.m2ts");
        assert_eq!(name("a.JFIF", b"").await, "photo.jpg");
    }

    #[tokio::test]
    async fn a_file_without_an_extension_is_named_by_its_bytes() {
        assert_eq!(name("a", b"\x89PNG\r\n\x1a\n").await, "photo.png");
        assert_eq!(name("scan 3.5", b"GIF89a").await, "photo.gif");
        assert_eq!(name("a", b"\xff\xd8\xff\xe0").await, "photo.jpg");
    }
}
