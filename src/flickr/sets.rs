//! Sets (Flickr also calls them photosets and albums).

use serde::Deserialize;

use super::oauth::Params;
use super::paging::{self, Item};
use super::photos::{EXTRAS, gone};
use super::rest::Call;
use super::{Client, Error, Photo, loose};

/// A set of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its id: 17 digits, a string to Flickr.
    pub id: String,
    /// Its title; not unique.
    pub title: String,
    /// When it was made, in seconds since 1970; 0 where that is unknown.
    pub created: i64,
    /// How many photos and videos are in it.
    pub photos: u64,
}

impl Item for Set {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Client {
    /// All sets, in the user's own order. `flickr.photosets.getList`, which gives 500 at most since about 2019.
    pub async fn sets(&self) -> Result<Vec<Set>, Error> {
        let call = || Call::read("flickr.photosets.getList", Params::new(), "photosets");
        paging::all(async |page| self.page(call(), "photoset", page).await).await
    }

    /// The photos of a set, in its order. `flickr.photosets.getPhotos`.
    pub async fn set_photos(&self, id: &str) -> Result<Vec<Photo>, Error> {
        let call = || {
            let params = vec![("photoset_id", id.to_owned()), ("extras", EXTRAS.into())];
            Call::read("flickr.photosets.getPhotos", params, "photoset")
        };
        paging::all(async |page| self.page(call(), "photo", page).await).await
    }

    /// Makes a set of one photo and gives its id. Titles are not unique: one more of the same title is made
    /// without a word, so this is never tried again after a lost answer. `flickr.photosets.create`.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] where the set may have been made; [`Error::NotFound`] where Flickr does not know
    /// the photo, or not yet.
    pub async fn create_set(&self, title: &str, primary_photo_id: &str) -> Result<String, Error> {
        let params = vec![
            ("title", title.to_owned()),
            ("primary_photo_id", primary_photo_id.to_owned()),
        ];
        let made = self
            .call(Call::write_once(
                "flickr.photosets.create",
                params,
                "photoset",
            ))
            .await?;
        made.get("id")
            .and_then(loose::as_text)
            .ok_or_else(|| Error::ambiguous("flickr.photosets.create", "an answer without an id"))
    }

    /// Makes `photos`, in this order, the whole of a set. `primary`, its cover, must be one of them.
    /// `flickr.photosets.editPhotos`.
    pub async fn edit_set(&self, id: &str, primary: &str, photos: &[String]) -> Result<(), Error> {
        let params = vec![
            ("photoset_id", id.to_owned()),
            ("primary_photo_id", primary.to_owned()),
            // No space after a comma: Flickr reads an empty id there.
            ("photo_ids", photos.join(",")),
        ];
        self.call(Call::write("flickr.photosets.editPhotos", params))
            .await?;
        Ok(())
    }

    /// Deletes a set; its photos stay. One that is not there (any more) is as good as deleted.
    /// `flickr.photosets.delete`.
    pub async fn delete_set(&self, id: &str) -> Result<(), Error> {
        let params = vec![("photoset_id", id.to_owned())];
        gone(
            self.call(Call::write("flickr.photosets.delete", params))
                .await,
        )
    }
}

/// A set as the list tells it: newer answers have `count_photos`, older ones only `photos`.
#[derive(Deserialize)]
struct Listed {
    #[serde(deserialize_with = "loose::text")]
    id: String,
    #[serde(default, deserialize_with = "loose::text")]
    title: String,
    #[serde(default, rename = "date_create", deserialize_with = "loose::number")]
    created: Option<i64>,
    #[serde(default, deserialize_with = "loose::number")]
    photos: Option<i64>,
    #[serde(default, deserialize_with = "loose::number")]
    videos: Option<i64>,
    #[serde(default, deserialize_with = "loose::number")]
    count_photos: Option<i64>,
    #[serde(default, deserialize_with = "loose::number")]
    count_videos: Option<i64>,
}

impl<'de> Deserialize<'de> for Set {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let listed = Listed::deserialize(input)?;
        let count = |new: Option<i64>, old: Option<i64>| {
            u64::try_from(new.or(old).unwrap_or_default()).unwrap_or_default()
        };
        Ok(Self {
            photos: count(listed.count_photos, listed.photos)
                + count(listed.count_videos, listed.videos),
            id: listed.id,
            title: listed.title,
            created: listed.created.unwrap_or_default(),
        })
    }
}
