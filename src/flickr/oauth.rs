//! OAuth 1.0a: how a request is signed (RFC 5849 section 3.4, HMAC-SHA1). The one file that knows `oauth1_request`.
//!
//! The crate signs keys and addresses as they are given, so both must be canonical:
//! keys are `[a-z0-9_]`, addresses come from [`super::Endpoints`] and have no query.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicI64, Ordering};

use oauth1_request as oauth;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::server_clock::{SKEW_SECONDS, seconds_ahead};
use super::{Error, redact};
use crate::clock::unix_seconds;

/// The parameters of a call, in no particular order.
pub(super) type Params = Vec<(&'static str, String)>;

/// Signs requests for one key and, once there is one, one user's token.
pub(super) struct Signer {
    key: (String, SecretString),
    token: Option<(String, SecretString)>,
    /// Flickr's clock less ours, in seconds, as far as signatures need it: set where Flickr refused a time.
    skew_seconds: AtomicI64,
    callback: Option<String>,
    verifier: Option<String>,
    #[cfg(test)]
    pinned: Option<Pinned>,
}

#[cfg(test)]
struct Pinned {
    nonce: &'static str,
    timestamp: u64,
    version: bool,
}

impl Signer {
    pub(super) fn new(api_key: &str, api_secret: &SecretString) -> Self {
        Self {
            key: (api_key.to_owned(), api_secret.clone()),
            token: None,
            skew_seconds: AtomicI64::new(0),
            callback: None,
            verifier: None,
            #[cfg(test)]
            pinned: None,
        }
    }

    pub(super) fn token(mut self, token: &str, secret: &SecretString) -> Self {
        self.token = Some((token.to_owned(), secret.clone()));
        self
    }

    /// Where Flickr sends the browser after the user said yes (first step of a login).
    pub(super) fn callback(mut self, callback: &str) -> Self {
        self.callback = Some(callback.to_owned());
        self
    }

    /// The code that proves that the user said yes (third step of a login).
    pub(super) fn verifier(mut self, verifier: String) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// The `Authorization` header for a request made now: the nonce is new each time.
    pub(super) fn header(
        &self,
        verb: &str,
        address: &str,
        params: &Params,
    ) -> Result<HeaderValue, Error> {
        let header = self.builder().authorize(verb, address, &list(params));
        let mut value = HeaderValue::try_from(header).map_err(|error| {
            Error::setup(
                "the API key or token has characters that no header can hold",
                error,
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The address with the parameters and the signature in its query, for a GET that takes no header.
    pub(super) fn query(&self, address: &str, params: &Params) -> String {
        // The crate's own `get_query` (0.6.1) leaves out all parameters but OAuth's.
        let header = self.builder().get(address, &list(params));
        let signed = header
            .trim_start_matches("OAuth ")
            .replace("\",", "&")
            .replace('"', "");
        format!("{address}?{}&{signed}", encode(params))
    }

    /// Sets our clock by Flickr's, given its `Date` header. Whether that changed anything.
    pub(super) fn correct_clock(&self, date: &str) -> bool {
        let Some(skew) = seconds_ahead(date) else {
            return false;
        };
        let before = self.skew_seconds.swap(skew, Ordering::Relaxed);
        (skew - before).abs() >= SKEW_SECONDS
    }

    /// Logs what Flickr computed (`debug_sbs`) where it refuses a signature, without what is secret.
    pub(super) fn log_refusal(&self, answer: &str) {
        let shown = redact::text(answer, &self.secrets());
        tracing::debug!(answer = %shown, "Flickr refuses a signature");
    }

    /// What must not be shown: of the key and the token, both halves; and the code of a login.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let pairs = [Some(&self.key), self.token.as_ref()];
        let pairs = pairs.into_iter().flatten();
        pairs
            .flat_map(|(name, secret)| [name.as_str(), secret.expose_secret()])
            .chain(self.verifier.as_deref())
            .collect()
    }

    fn builder(&self) -> oauth::Builder<'_, oauth::HmacSha1, &str> {
        let key = oauth::Credentials::new(self.key.0.as_str(), self.key.1.expose_secret());
        let mut builder = oauth::Builder::new(key, oauth::HMAC_SHA1);
        let token = self.token.as_ref();
        builder
            .token(token.map(|(token, secret)| {
                oauth::Credentials::new(token.as_str(), secret.expose_secret())
            }))
            .callback(self.callback.as_deref())
            .verifier(self.verifier.as_deref())
            .version(true)
            .timestamp(self.timestamp());
        #[cfg(test)]
        if let Some(pinned) = &self.pinned {
            builder
                .nonce(pinned.nonce)
                .timestamp(NonZeroU64::new(pinned.timestamp))
                .version(pinned.version);
        }
        builder
    }

    fn timestamp(&self) -> Option<NonZeroU64> {
        let now = unix_seconds() + self.skew_seconds.load(Ordering::Relaxed);
        NonZeroU64::new(u64::try_from(now).unwrap_or_default())
    }
}

/// The parameters as a form body, or as a query: RFC 3986, a space is `%20`.
pub(super) fn encode(params: &Params) -> String {
    oauth::to_form(&list(params))
}

fn list(params: &Params) -> oauth::ParameterList<&'static str, &str> {
    debug_assert!(
        params.iter().all(|(key, _)| key
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))),
        "a key that needs encoding would be signed wrongly"
    );
    oauth::ParameterList::new(
        params
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    const FLICKR_KEY: &str = "653e7a6ecc1d528c516cc8f92cf98611";
    const FLICKR_SECRET: &str = "a9567d986a7539fe";

    fn signer(key: &str, secret: &str) -> Signer {
        Signer::new(key, &secret.into())
    }

    impl Signer {
        fn pin(mut self, nonce: &'static str, timestamp: u64, version: bool) -> Self {
            self.pinned = Some(Pinned {
                nonce,
                timestamp,
                version,
            });
            self
        }

        fn signature(&self, verb: &str, address: &str, params: &[(&'static str, &str)]) -> String {
            let params = params
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned()))
                .collect();
            let header = self.header(verb, address, &params).unwrap();
            let value = header
                .to_str()
                .unwrap()
                .split("oauth_signature=\"")
                .nth(1)
                .unwrap();
            percent_encoding::percent_decode_str(value.trim_end_matches('"'))
                .decode_utf8()
                .unwrap()
                .into()
        }
    }

    #[test]
    fn flickrs_published_login_is_reproduced() {
        let first = signer(FLICKR_KEY, FLICKR_SECRET)
            .callback("http://www.example.com")
            .pin("95613465", 1305586162, true);
        for (address, signature) in [
            (
                "http://www.flickr.com/services/oauth/request_token",
                "7w18YS2bONDPL/zgyzP5XTr5af4=",
            ),
            (
                "https://www.flickr.com/services/oauth/request_token",
                "2zL7aYEzEEY0IvEgQjT7IqB518U=",
            ),
        ] {
            assert_eq!(first.signature("GET", address, &[]), signature);
        }
        let last = signer(FLICKR_KEY, FLICKR_SECRET)
            .token(
                "72157626737672178-022bbd2f4c2f3432",
                &"fccb68c4e6103197".into(),
            )
            .verifier("5d1b96a26b494074".into())
            .pin("37026218", 1305586309, true);
        assert_eq!(
            last.signature(
                "GET",
                "http://www.flickr.com/services/oauth/access_token",
                &[]
            ),
            "UD9TGXzrvLIb0Ar5ynqvzatM58U="
        );
        let other = signer("768fe946d252b119746fda82e1599980", "1a3c208e172d3edc")
            .callback("http://www.wackylabs.net/oauth/test")
            .pin("C2F26CD5C075BA9050AD8EE90644CF29", 1316657628, true);
        assert_eq!(
            other.signature(
                "GET",
                "http://www.flickr.com/services/oauth/request_token",
                &[]
            ),
            "0fhNGlzpFNAsTme/hDfUb5HPB5U="
        );
    }

    #[test]
    fn flickrs_published_calls_are_reproduced() {
        let json = [("format", "json"), ("nojsoncallback", "1")];
        let token = "72157626318069415-087bfc7b5816092c";
        let user = signer(FLICKR_KEY, FLICKR_SECRET)
            .token(token, &"a202d1f853ec69de".into())
            .pin("84354935", 1305583871, true);
        // The documentation prints the host api.flickr.com, with which it does not reproduce.
        let call = [("method", "flickr.test.login"), json[0], json[1]];
        assert_eq!(
            user.signature("GET", "http://www.flickr.com/services/rest", &call),
            "dh3pEH0Xk1qILr82HyhOsxRv1XA="
        );
        let echo = signer(FLICKR_KEY, "54321").token("123", &"456".into()).pin(
            "71b4589b225f5df829a656bb955b9291b6c59d1e",
            1305583871,
            true,
        );
        let call = [("method", "flickr.test.echo"), json[0], json[1]];
        assert_eq!(
            echo.signature("GET", "https://api.flickr.com/services/rest", &call),
            "9pINY/2Mxk/r4xwJFFnj4+opOTU="
        );
    }

    #[test]
    fn the_characters_that_clients_get_wrong_are_signed_right() {
        let upload = [
            ("async", "1"),
            ("is_public", "0"),
            ("is_friend", "0"),
            ("is_family", "0"),
            ("title", "It's (a) *test*! ~100% ćafé + more"),
            (
                "tags",
                "checksum:md5=5b2fa91c38a7f878088e1420b924e6d9 \"two words\"",
            ),
        ];
        let user = signer(FLICKR_KEY, FLICKR_SECRET)
            .token(
                "72157626318069415-087bfc7b5816092c",
                &"a202d1f853ec69de".into(),
            )
            .pin("84354935", 1305583871, true);
        assert_eq!(
            user.signature("POST", "https://up.flickr.com/services/upload/", &upload),
            "zl2/+52shJFGr3QnYOPiP/In+Vo="
        );
    }

    #[test]
    fn the_example_of_rfc_5849_is_reproduced() {
        let client = || signer("dpf43f3p2l4k3l03", "kd94hf93k423kf44");
        let first = client()
            .callback("http://printer.example.com/ready")
            .pin("wIjqoS", 137131200, false);
        assert_eq!(
            first.signature("POST", "https://photos.example.net/initiate", &[]),
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU="
        );
        let second = client()
            .token("hh5s93j4hdidpola", &"hdhd0244k9j7ao03".into())
            .verifier("hfdp7dh39dks9884".into())
            .pin("walatlh", 137131201, false);
        assert_eq!(
            second.signature("POST", "https://photos.example.net/token", &[]),
            "gKgrFCywp7rO0OXSjdot/IHF7IU="
        );
        let third = client()
            .token("nnch734d00sl2jdk", &"pfkkdhi9sl3r4s00".into())
            .pin("chapoH", 137131202, false);
        let photo = [("file", "vacation.jpg"), ("size", "original")];
        assert_eq!(
            third.signature("GET", "http://photos.example.net/photos", &photo),
            "MdpQcU8iPSUjWoN/UDMsK2sui9I="
        );
    }

    #[test]
    fn the_second_reading_used_by_other_tests_agrees_with_the_rfcs_base_string() {
        let params = [
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("c2", ""),
            ("a3", "2 q"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let signature = testing::signature(
            "POST",
            "http://example.com/request",
            &params,
            "j49sk3j29djd&dh893hdasih9",
        );
        assert_eq!(signature, "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }

    #[test]
    fn every_request_has_a_new_nonce_and_its_header_is_not_printed() {
        let user = signer(FLICKR_KEY, FLICKR_SECRET);
        let sign = || {
            user.header(
                "GET",
                "https://api.flickr.com/services/rest",
                &Params::new(),
            )
            .unwrap()
        };
        assert_ne!(sign(), sign());
        assert_eq!(format!("{:?}", sign()), "Sensitive");
    }

    #[test]
    fn the_clock_is_set_once_by_flickrs() {
        let user = signer(FLICKR_KEY, FLICKR_SECRET);
        assert!(user.correct_clock("Tue, 29 Nov 2033 12:00:00 GMT"));
        let off = user.timestamp().unwrap().get().abs_diff(2_016_878_400);
        assert!(off < 60, "{off} s off");
        assert!(!user.correct_clock("Tue, 29 Nov 2033 12:00:00 GMT"));
        assert!(!user.correct_clock("yesterday"));
    }
}
