//! The account: whose it is, what the token may do, what it still takes.

use serde::Deserialize;

use super::oauth::Params;
use super::rest::Call;
use super::{Client, Error, lenient};

/// A user of Flickr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account's id, such as `21207597@N07`.
    pub nsid: String,
    /// The name that is shown.
    pub name: String,
}

/// What a token may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// See private photos too.
    Read,
    /// Upload, and change photos and sets.
    Write,
    /// Delete photos.
    Delete,
}

impl Rights {
    /// Flickr's word for it (`perms`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// What the account takes. Older answers say nothing of how many photos those are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadStatus {
    /// The name that is shown.
    pub name: String,
    /// Whether the account is paid for.
    pub pro: bool,
    /// How many bytes may still be uploaded this month; `None` for no limit, or where Flickr does not say.
    pub remaining_bytes: Option<u64>,
    /// The most bytes of one photo, where Flickr says so.
    pub photo_limit_bytes: Option<u64>,
    /// The most bytes of one video, where Flickr says so.
    pub video_limit_bytes: Option<u64>,
    /// How many photos and videos the account holds, where Flickr says so (`upload_count`).
    pub photos: Option<u64>,
    /// How many it may hold; `None` for no limit, or where Flickr does not say (`upload_limit`).
    pub photos_limit: Option<u64>,
    /// Flickr's word for how these two stand (`upload_limit_status`: `below_limit`); may be empty.
    pub limit_status: String,
}

impl UploadStatus {
    /// How many more photos and videos the account takes; `None` for no limit, or where that is unknown.
    pub fn photos_left(&self) -> Option<u64> {
        Some(self.photos_limit?.saturating_sub(self.photos?))
    }
}

impl Client {
    /// Who the token belongs to; the cheapest proof that key, token and clock are right. `flickr.test.login`.
    pub async fn whoami(&self) -> Result<User, Error> {
        let user: LoggedIn = self
            .call_as(Call::read("flickr.test.login", Params::new(), "user"))
            .await?;
        let user = User {
            nsid: user.id,
            name: user.username,
        };
        Ok(self.shared.user.get_or_init(|| user).clone())
    }

    /// The same, without a call where an earlier answer told it: [`Client::rights`] does.
    pub async fn user(&self) -> Result<User, Error> {
        match self.shared.user.get() {
            Some(user) => Ok(user.clone()),
            None => self.whoami().await,
        }
    }

    /// What the token may do. `flickr.auth.oauth.checkToken`.
    pub async fn rights(&self) -> Result<Rights, Error> {
        const METHOD: &str = "flickr.auth.oauth.checkToken";
        // Its argument is `oauth_token` itself, which must not be sent twice: so all of OAuth goes into the query.
        let token = self.call(Call::read_by_query(METHOD, "oauth")).await?;
        let text = |pointer: &str| token.pointer(pointer).and_then(lenient::as_text);
        if let Some(nsid) = text("/user/nsid").filter(|nsid| !nsid.is_empty()) {
            let name = text("/user/username").unwrap_or_default();
            self.shared.user.get_or_init(|| User { nsid, name });
        }
        let perms = token
            .get("perms")
            .and_then(lenient::as_text)
            .unwrap_or_default();
        [Rights::Read, Rights::Write, Rights::Delete]
            .into_iter()
            .find(|rights| rights.as_str() == perms)
            .ok_or(Error::Rights {
                message: format!("it allows {perms:?}"),
            })
    }

    /// What the account still takes. `flickr.people.getUploadStatus`.
    pub async fn upload_status(&self) -> Result<UploadStatus, Error> {
        let user = self
            .call(Call::read(
                "flickr.people.getUploadStatus",
                Params::new(),
                "user",
            ))
            .await?;
        let number = |pointer: &str| user.pointer(pointer).and_then(lenient::as_number);
        let bytes = |pointer: &str| number(pointer).and_then(|bytes| u64::try_from(bytes).ok());
        let pro = number("/ispro") == Some(1);
        Ok(UploadStatus {
            name: user
                .get("username")
                .and_then(lenient::as_text)
                .unwrap_or_default(),
            pro,
            remaining_bytes: bytes("/bandwidth/remainingbytes")
                .filter(|_| number("/bandwidth/unlimited") != Some(1)),
            photo_limit_bytes: bytes("/filesize/maxbytes"),
            video_limit_bytes: bytes("/videosize/maxbytes"),
            photos: bytes("/upload_count"),
            // Whoever pays has no limit, whatever number stands there.
            photos_limit: bytes("/upload_limit").filter(|limit| !pro && *limit > 0),
            limit_status: user
                .get("upload_limit_status")
                .and_then(lenient::as_text)
                .unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
struct LoggedIn {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    username: String,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Canned, client, scripted};
    use super::*;

    #[tokio::test]
    async fn the_account_tells_what_it_still_takes() {
        let limited = r#"{"user":{"id":"1","ispro":"0","upload_count":"35","upload_limit":1000,"upload_limit_status":"below_limit","username":{"_content":"me"},"bandwidth":{"maxbytes":"214748364800","remainingbytes":"214748364700","unlimited":0},
            "filesize":{"maxbytes":209715200},"sets":{"created":null,"remaining":"lots"},"videosize":{"maxbytes":"1073741824"}},"stat":"ok"}"#;
        let pro = r#"{"user":{"id":"1","ispro":1,"username":{"_content":"me"},"bandwidth":{"remainingbytes":0,"unlimited":1}},"stat":"ok"}"#;
        let server = scripted(vec![Canned::ok(limited), Canned::ok(pro)]).await;
        let client = client(&server.base);
        assert_eq!(
            client.upload_status().await.unwrap(),
            UploadStatus {
                name: "me".into(),
                pro: false,
                remaining_bytes: Some(214_748_364_700),
                photo_limit_bytes: Some(209_715_200),
                video_limit_bytes: Some(1_073_741_824),
                photos: Some(35),
                photos_limit: Some(1_000),
                limit_status: "below_limit".into(),
            }
        );
        let pro = client.upload_status().await.unwrap();
        assert_eq!(
            (pro.pro, pro.remaining_bytes, pro.photo_limit_bytes),
            (true, None, None)
        );
        assert_eq!((pro.photos_left(), pro.limit_status.as_str()), (None, ""));
    }

    #[tokio::test]
    async fn who_it_is_is_asked_once() {
        let rights = r#"{"oauth":{"token":{"_content":"t"},"perms":{"_content":"write"},"user":{"nsid":"1@N02","username":"me","fullname":""}},"stat":"ok"}"#;
        let server = scripted(vec![Canned::ok(rights)]).await;
        let client = client(&server.base);
        assert_eq!(client.rights().await.unwrap(), Rights::Write);
        let user = client.user().await.unwrap();
        assert_eq!((user.nsid.as_str(), user.name.as_str()), ("1@N02", "me"));
        assert_eq!(server.seen().len(), 1);
    }

    #[test]
    fn rights_include_those_before_them() {
        assert!(Rights::Read < Rights::Write && Rights::Write < Rights::Delete);
    }
}
