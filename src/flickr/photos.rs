//! Photos (and videos, which Flickr counts among them).

use serde::Deserialize;
use serde_json::Value;

use super::oauth::Params;
use super::paging::{self, Item, List, Page};
use super::rest::Call;
use super::{Client, Error, lenient, upload};

/// What lists are asked to say about each photo besides its id and title.
pub(super) const EXTRAS: &str = "date_upload,machine_tags,media";

/// A photo or video of the account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Photo {
    /// Its id: decimal digits, a string to Flickr.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// Its title; not unique.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    /// Its machine tags as Flickr normalises them, a space between them.
    #[serde(default, deserialize_with = "lenient::text")]
    pub machine_tags: String,
    /// When it was uploaded, in seconds since 1970; 0 where that is unknown.
    #[serde(default, rename = "dateupload", deserialize_with = "seconds")]
    pub uploaded: i64,
    /// `photo` or `video`; empty where that is unknown.
    #[serde(default, deserialize_with = "lenient::text")]
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

    /// Gives a photo more tags (as one would type them; quoted where needed), and leaves it all that it has.
    /// `flickr.photos.addTags`: a tag that is there already is no error.
    pub async fn add_tags(&self, id: &str, tags: &[String]) -> Result<(), Error> {
        let params = vec![("photo_id", id.into()), ("tags", upload::tags(tags))];
        self.call(Call::write("flickr.photos.addTags", params))
            .await?;
        Ok(())
    }

    /// All of the user's own photos, as [`Client::photos_page`] gives them; each once.
    pub async fn photos(&self, uploaded_since: Option<i64>) -> Result<List<Photo>, Error> {
        paging::all(|page| self.photos_page(uploaded_since, page)).await
    }

    /// All of the user's own photos; each page is shown as soon as it is read.
    pub async fn photos_by_page(
        &self,
        seen: &(dyn Fn(&Page<Photo>) + Sync),
    ) -> Result<List<Photo>, Error> {
        let read = |number| async move {
            let page = self.photos_page(None, number).await?;
            seen(&page);
            Ok(page)
        };
        paging::all(read).await
    }

    /// The ids of the photos that are in no set. `flickr.photos.getNotInSet`.
    pub async fn photos_not_in_set(&self) -> Result<List<String>, Error> {
        let call = || Call::read("flickr.photos.getNotInSet", Params::new(), "photos");
        let photos: List<Photo> = paging::all(|page| self.page(call(), "photo", page)).await?;
        Ok(photos.map(|photo| photo.id))
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
        ok_if_missing(
            self.call(Call::write("flickr.photos.delete", by_id(id)))
                .await,
        )
    }
}

fn by_id(id: &str) -> Params {
    vec![("photo_id", id.into())]
}

/// After a lost answer the repeated call finds nothing to delete: that is what was asked for.
pub(super) fn ok_if_missing(outcome: Result<Value, Error>) -> Result<(), Error> {
    match outcome {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn seconds<'de, D: serde::Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    Ok(lenient::number(input)?.unwrap_or_default())
}

/// A photo as `getInfo` tells it.
#[derive(Deserialize)]
struct Info {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    title: String,
    #[serde(default, rename = "dateuploaded", deserialize_with = "seconds")]
    uploaded: i64,
    #[serde(default, deserialize_with = "lenient::text")]
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
    #[serde(default, deserialize_with = "lenient::text")]
    raw: String,
    #[serde(default, rename = "_content", deserialize_with = "lenient::text")]
    normalised: String,
    #[serde(default, deserialize_with = "lenient::number")]
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Canned, client, scripted, server};
    use super::*;

    #[tokio::test]
    async fn photos_come_from_every_page_with_their_tags_whatever_the_types() {
        let page = |number: u32, photos: &str| {
            Canned::ok(&format!(
                r#"{{"photos":{{"page":{number},"pages":"2","perpage":"500","total":"3","photo":[{photos}]}},"stat":"ok"}}"#
            ))
        };
        let server = scripted(vec![
            page(1, r#"{"id":"11","title":"2012\/a.jpg","dateupload":"1338374836","machine_tags":"s3flickr:path=aa","media":"photo"}"#),
            page(2, r#"{"id":12,"title":{"_content":"b"},"dateupload":1338374837},{"id":"13","title":"","machine_tags":""}"#),
        ])
        .await;
        let photos = client(&server.base)
            .photos(Some(1_338_000_000))
            .await
            .unwrap()
            .items;
        assert_eq!(
            photos[0],
            Photo {
                id: "11".into(),
                title: "2012/a.jpg".into(),
                machine_tags: "s3flickr:path=aa".into(),
                uploaded: 1_338_374_836,
                media: "photo".into(),
            }
        );
        assert_eq!(
            (photos[1].id.as_str(), photos[1].uploaded),
            ("12", 1_338_374_837)
        );
        assert_eq!((photos[2].id.as_str(), photos[2].uploaded), ("13", 0));
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[1].param("page").as_deref(), Some("2"));
        assert_eq!(
            seen[1].param("min_upload_date").as_deref(),
            Some("1338000000")
        );
        assert_eq!(seen[1].param("user_id").as_deref(), Some("me"));
        assert_eq!(seen[1].param("per_page").as_deref(), Some("500"));
    }

    #[tokio::test]
    async fn an_account_without_photos_is_an_empty_list() {
        let server = scripted(vec![Canned::ok(
            r#"{"photos":{"page":1,"pages":0,"total":0},"stat":"ok"}"#,
        )])
        .await;
        assert_eq!(
            client(&server.base)
                .photos_not_in_set()
                .await
                .unwrap()
                .items,
            Vec::<String>::new()
        );
        assert_eq!(
            server.seen()[0].param("method").as_deref(),
            Some("flickr.photos.getNotInSet")
        );
    }

    #[tokio::test]
    async fn one_photo_tells_its_machine_tags_in_the_form_of_the_lists() {
        let info = r#"{"photo":{"id":"7","dateuploaded":"1338374836","title":{"_content":"a"},"media":"photo","tags":{"tag":[
            {"raw":"Two Words","_content":"twowords","machine_tag":0},
            {"raw":"geh:maker=Atget, Eugène","_content":"geh:maker=atgeteugène","machine_tag":1},
            {"raw":"Camera:Model=X-Pro1","machine_tag":"1"}]}},"stat":"ok"}"#;
        let server = scripted(vec![Canned::ok(info)]).await;
        let photo = client(&server.base).photo("7").await.unwrap();
        assert_eq!(
            photo.machine_tags,
            "geh:maker=atgeteugène camera:model=xpro1"
        );
        assert_eq!(photo.uploaded, 1_338_374_836);
    }

    #[tokio::test]
    async fn a_photo_that_is_not_there_is_not_found() {
        let server = server(|_| Canned::ok(r#"<rsp stat="fail"><err code="1" msg="Photo &quot;1&quot; not found (invalid ID)" /></rsp>"#)).await;
        let error = client(&server.base).photo("1").await.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }));
        assert_eq!(
            error.to_string(),
            r#"flickr.photos.getInfo: Photo "1" not found (invalid ID)"#
        );
    }
}
