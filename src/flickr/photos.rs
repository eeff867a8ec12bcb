//! Photos (and videos, which Flickr counts among them).

use serde::Deserialize;
use serde_json::Value;

use super::oauth::Params;
use super::paging::{self, Item, Page};
use super::rest::Call;
use super::{Client, Error, loose};

/// What lists are asked to say about each photo besides its id and title.
pub(super) const EXTRAS: &str = "date_upload,machine_tags,media";

/// A photo or video of the account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Photo {
    /// Its id: decimal digits, a string to Flickr.
    #[serde(deserialize_with = "loose::text")]
    pub id: String,
    /// Its title; not unique.
    #[serde(default, deserialize_with = "loose::text")]
    pub title: String,
    /// Its machine tags as Flickr normalises them, a space between them.
    #[serde(default, deserialize_with = "loose::text")]
    pub machine_tags: String,
    /// When it was uploaded, in seconds since 1970; 0 where that is unknown.
    #[serde(default, rename = "dateupload", deserialize_with = "seconds")]
    pub uploaded: i64,
    /// `photo` or `video`; empty where that is unknown.
    #[serde(default, deserialize_with = "loose::text")]
    pub media: String,
}

impl Item for Photo {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Client {
    /// One page of the user's own photos, the newest first; those uploaded at `uploaded_since` (seconds since 1970)
    /// or later, if that is given. `flickr.people.getPhotos`: unlike the search it neither lags nor ends at 4,000.
    pub async fn photos_page(
        &self,
        uploaded_since: Option<i64>,
        page: u32,
    ) -> Result<Page<Photo>, Error> {
        let mut params: Params = vec![("user_id", "me".into()), ("extras", EXTRAS.into())];
        params.extend(uploaded_since.map(|since| ("min_upload_date", since.to_string())));
        self.page(
            Call::read("flickr.people.getPhotos", params, "photos"),
            "photo",
            page,
        )
        .await
    }

    /// All of the user's own photos, as [`Client::photos_page`] gives them; each once.
    pub async fn photos(&self, uploaded_since: Option<i64>) -> Result<Vec<Photo>, Error> {
        paging::all(async |page| self.photos_page(uploaded_since, page).await).await
    }

    /// The ids of the photos that are in no set. `flickr.photos.getNotInSet`.
    pub async fn photos_not_in_set(&self) -> Result<Vec<String>, Error> {
        let call = || Call::read("flickr.photos.getNotInSet", Params::new(), "photos");
        let photos: Vec<Photo> =
            paging::all(async |page| self.page(call(), "photo", page).await).await?;
        Ok(photos.into_iter().map(|photo| photo.id).collect())
    }

    /// One photo. `flickr.photos.getInfo`.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for a moment after the upload.
    pub async fn photo(&self, id: &str) -> Result<Photo, Error> {
        let info: Info = self
            .call_as(Call::read("flickr.photos.getInfo", by_id(id), "photo"))
            .await?;
        Ok(info.into())
    }

    /// Deletes a photo for good; one that is not there (any more) is as good as deleted. `flickr.photos.delete`.
    pub async fn delete_photo(&self, id: &str) -> Result<(), Error> {
        gone(
            self.call(Call::write("flickr.photos.delete", by_id(id)))
                .await,
        )
    }
}

fn by_id(id: &str) -> Params {
    vec![("photo_id", id.into())]
}

/// After a lost answer the repeated call finds nothing to delete: that is what was asked for.
pub(super) fn gone(outcome: Result<Value, Error>) -> Result<(), Error> {
    match outcome {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    Ok(loose::number(input)?.unwrap_or_default())
}

/// A photo as `getInfo` tells it.
#[derive(Deserialize)]
struct Info {
    #[serde(deserialize_with = "loose::text")]
    id: String,
    #[serde(default, deserialize_with = "loose::text")]
    title: String,
    #[serde(default, rename = "dateuploaded", deserialize_with = "seconds")]
    uploaded: i64,
    #[serde(default, deserialize_with = "loose::text")]
    media: String,
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
struct Tags {
    #[serde(default)]
    tag: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(default, deserialize_with = "loose::text")]
    raw: String,
    #[serde(default, rename = "_content", deserialize_with = "loose::text")]
    normalised: String,
    #[serde(default, deserialize_with = "loose::number")]
    machine_tag: Option<i64>,
}

impl Tag {
    /// The tag as the `machine_tags` of a list has it, if it is one.
    fn machine_tag(self) -> Option<String> {
        if self.machine_tag != Some(1) {
            return None;
        }
        Some(if self.normalised.is_empty() {
            normalise(&self.raw)
        } else {
            self.normalised
        })
    }
}

impl From<Info> for Photo {
    fn from(info: Info) -> Self {
        let tags: Vec<_> = info
            .tags
            .tag
            .into_iter()
            .filter_map(Tag::machine_tag)
            .collect();
        Self {
            id: info.id,
            title: info.title,
            machine_tags: tags.join(" "),
            uploaded: info.uploaded,
            media: info.media,
        }
    }
}

/// Flickr's normal form of a machine tag: lower case, and only letters and digits in its value
/// (found by comparing some 380 recorded pairs).
fn normalise(raw: &str) -> String {
    let raw = raw.to_lowercase();
    let (name, value) = raw.split_once('=').unwrap_or((&raw, ""));
    let value: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
    format!("{name}={value}")
}
