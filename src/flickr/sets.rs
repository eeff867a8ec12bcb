//! Sets (Flickr also calls them photosets and albums).

use serde::Deserialize;

use super::oauth::Params;
use super::paging::{self, Item, List};
use super::photos::{EXTRAS, ok_if_missing};
use super::rest::Call;
use super::{Client, Error, Photo, lenient};

/// A set of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its id: 17 digits, a string to Flickr.
    pub id: String,
    /// Its title; not unique.
    pub title: String,
    /// When it was made, in seconds since 1970; 0 where that is unknown.
    pub created: i64,
    /// The id of the photo that is its cover; empty where that is unknown.
    pub primary: String,
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
    pub async fn sets(&self) -> Result<List<Set>, Error> {
        let call = || Call::read("flickr.photosets.getList", Params::new(), "photosets");
        paging::all(|page| self.page(call(), "photoset", page)).await
    }

    /// The photos of a set, in its order. Whole only where Flickr says how many there are.
    /// `flickr.photosets.getPhotos`.
    pub async fn set_photos(&self, id: &str) -> Result<List<Photo>, Error> {
        let call = || {
            let params = vec![("photoset_id", id.to_owned()), ("extras", EXTRAS.into())];
            Call::read("flickr.photosets.getPhotos", params, "photoset")
        };
        let mut photos: List<Photo> = paging::all(|page| self.page(call(), "photo", page)).await?;
        photos.whole &= photos.total.is_some();
        Ok(photos)
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
            .and_then(lenient::as_text)
            .ok_or_else(|| Error::ambiguous("flickr.photosets.create", "an answer without an id"))
    }

    /// Adds a photo at the end of a set; one that is in it already is as good as added.
    /// `flickr.photosets.addPhoto`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where Flickr does not know the set or the photo, or not yet.
    pub async fn add_to_set(&self, id: &str, photo: &str) -> Result<(), Error> {
        let params = vec![
            ("photoset_id", id.to_owned()),
            ("photo_id", photo.to_owned()),
        ];
        let added = self
            .call(Call::write("flickr.photosets.addPhoto", params))
            .await;
        match added {
            // "Photo already in set", also after a lost answer.
            Ok(_) | Err(Error::Unexpected { code: 3, .. }) => Ok(()),
            Err(error) => Err(error),
        }
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

    /// Puts the account's sets in this order. Sets that are not named go to the end, in the order of
    /// their ids. `flickr.photosets.orderSets`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where one of them is not there (any more); then the order is as it was.
    pub async fn order_sets(&self, ids: &[String]) -> Result<(), Error> {
        // In the body of a POST thousands fit; some 400 are too many for an address.
        let params = vec![("photoset_ids", ids.join(","))];
        self.call(Call::write("flickr.photosets.orderSets", params))
            .await?;
        Ok(())
    }

    /// Deletes a set; its photos stay. One that is not there (any more) is as good as deleted.
    /// `flickr.photosets.delete`.
    pub async fn delete_set(&self, id: &str) -> Result<(), Error> {
        let params = vec![("photoset_id", id.to_owned())];
        ok_if_missing(
            self.call(Call::write("flickr.photosets.delete", params))
                .await,
        )
    }
}

/// A set as the list tells it: newer answers have `count_photos`, older ones only `photos`.
#[derive(Deserialize)]
struct Listed {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    title: String,
    #[serde(default, deserialize_with = "lenient::text")]
    primary: String,
    #[serde(default, rename = "date_create", deserialize_with = "lenient::number")]
    created: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
    photos: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
    videos: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
    count_photos: Option<i64>,
    #[serde(default, deserialize_with = "lenient::number")]
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
            primary: listed.primary,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Canned, client, scripted};

    #[tokio::test]
    async fn sets_are_read_in_their_newer_and_older_forms() {
        let server = scripted(vec![Canned::ok(
            r#"{"photosets":{"page":1,"pages":1,"perpage":500,"total":2,"photoset":[
            {"id":"72157636216289703","title":{"_content":"Oslo"},"date_create":"1771861647","count_photos":3,"count_videos":2,"photos":3,"videos":2},
            {"id":72157636216289704,"title":"Rome","date_create":1771861648,"photos":"1","videos":"4"}]},"stat":"ok"}"#,
        )])
        .await;
        let sets = client(&server.base).sets().await.unwrap().items;
        let told: Vec<_> = sets
            .iter()
            .map(|set| (set.id.as_str(), set.title.as_str(), set.created, set.photos))
            .collect();
        assert_eq!(
            told,
            [
                ("72157636216289703", "Oslo", 1_771_861_647, 5),
                ("72157636216289704", "Rome", 1_771_861_648, 5)
            ]
        );
    }

    #[tokio::test]
    async fn the_photos_of_a_set_come_in_its_order() {
        let server = scripted(vec![Canned::ok(
            r#"{"photoset":{"id":"1","page":1,"pages":1,"per_page":"500","total":"3","title":"Oslo","photo":[
            {"id":"3","title":"c","isprimary":"0"},{"id":"1","title":"a","isprimary":1},{"id":"2","title":"b"}]},"stat":"ok"}"#,
        )])
        .await;
        let photos = client(&server.base).set_photos("1").await.unwrap();
        assert!(photos.whole);
        assert_eq!(
            photos
                .items
                .iter()
                .map(|photo| photo.id.as_str())
                .collect::<Vec<_>>(),
            ["3", "1", "2"]
        );
        assert_eq!(server.seen()[0].param("photoset_id").as_deref(), Some("1"));
    }
}
