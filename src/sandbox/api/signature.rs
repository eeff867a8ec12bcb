//! OAuth 1.0a as Flickr verifies it: HMAC-SHA1 over the request exactly as it arrived.

use axum::http::Method;
use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use crate::sandbox::api::problem::Problem;
use crate::sandbox::params::{Params, encode};

/// The parts of a request that its signature covers.
#[derive(Debug, Clone)]
pub struct Signed {
    /// `GET` or `POST`.
    pub method: Method,
    /// Scheme, host and path as they were called, without the query.
    pub url: String,
    /// Every parameter of query, form and header; not the photo, not `realm`.
    pub params: Params,
}

impl Signed {
    /// A parameter that must be there.
    pub fn need(&self, name: &str) -> Result<&str, Problem> {
        self.params
            .filled(name)
            .ok_or_else(|| Problem::absent(name))
    }

    /// Compares the signature with one made here.
    pub fn check_signature(
        &self,
        consumer_secret: &str,
        token_secret: &str,
    ) -> Result<(), Problem> {
        if self.need("oauth_signature_method")? != "HMAC-SHA1" {
            return Err(Problem::new("signature_method_rejected"));
        }
        if self
            .params
            .get("oauth_version")
            .is_some_and(|version| version != "1.0")
        {
            return Err(Problem::new("version_rejected"));
        }
        let base = self.base_string();
        let ours = sign(&base, consumer_secret, token_secret);
        if self.need("oauth_signature")? == ours {
            Ok(())
        } else {
            Err(Problem::signature(&base))
        }
    }

    /// The signature base string (RFC 5849, section 3.4.1).
    pub fn base_string(&self) -> String {
        let signed = self
            .params
            .iter()
            .filter(|(name, _)| *name != "oauth_signature");
        let mut pairs: Vec<_> = signed
            .map(|(name, value)| (encode(name), encode(value)))
            .collect();
        pairs.sort();
        let joined: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{}&{}&{}",
            self.method,
            encode(&self.url),
            encode(&joined.join("&"))
        )
    }
}

/// Base64 of the HMAC-SHA1; the key's ampersand stays when there is no token.
fn sign(base: &str, consumer_secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
    // HMAC hashes a long key first, so a key of any length is valid.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
        return String::new();
    };
    mac.update(base.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, query: &str) -> Signed {
        Signed {
            method: method.parse().unwrap(),
            url: url.to_owned(),
            params: Params::parse(query),
        }
    }

    fn flickr(nonce: &str, at: &str, rest: &str) -> String {
        format!(
            "oauth_consumer_key=653e7a6ecc1d528c516cc8f92cf98611&oauth_nonce={nonce}&oauth_timestamp={at}\
             &oauth_signature_method=HMAC-SHA1&oauth_version=1.0&{rest}"
        )
    }

    const SECRET: &str = "a9567d986a7539fe";

    #[test]
    fn the_examples_of_flickrs_documentation_reproduce() {
        let callback = "oauth_callback=http%3A%2F%2Fwww.example.com";
        let first = flickr("95613465", "1305586162", callback);
        let url = "http://www.flickr.com/services/oauth/request_token";
        let f1 = request("GET", url, &first);
        assert_eq!(
            sign(&f1.base_string(), SECRET, ""),
            "7w18YS2bONDPL/zgyzP5XTr5af4="
        );
        let f4 = request("GET", &url.replace("http:", "https:"), &first);
        assert_eq!(
            sign(&f4.base_string(), SECRET, ""),
            "2zL7aYEzEEY0IvEgQjT7IqB518U="
        );
        let f2 = request(
            "GET",
            "http://www.flickr.com/services/oauth/access_token",
            &flickr(
                "37026218",
                "1305586309",
                "oauth_token=72157626737672178-022bbd2f4c2f3432&oauth_verifier=5d1b96a26b494074",
            ),
        );
        assert_eq!(
            sign(&f2.base_string(), SECRET, "fccb68c4e6103197"),
            "UD9TGXzrvLIb0Ar5ynqvzatM58U="
        );
        let f3 = request(
            "GET",
            "http://www.flickr.com/services/rest",
            &flickr(
                "84354935",
                "1305583871",
                "format=json&nojsoncallback=1&method=flickr.test.login&oauth_token=72157626318069415-087bfc7b5816092c",
            ),
        );
        assert_eq!(
            sign(&f3.base_string(), SECRET, "a202d1f853ec69de"),
            "dh3pEH0Xk1qILr82HyhOsxRv1XA="
        );
    }

    #[test]
    fn an_upload_with_hard_characters_reproduces() {
        let title = encode("It's (a) *test*! ~100% ćafé + more");
        let tags = encode("checksum:md5=5b2fa91c38a7f878088e1420b924e6d9 \"two words\"");
        let f7 = request(
            "POST",
            "https://up.flickr.com/services/upload/",
            &flickr(
                "84354935",
                "1305583871",
                &format!(
                    "async=1&is_public=0&is_friend=0&is_family=0&title={title}&tags={tags}\
                     &oauth_token=72157626318069415-087bfc7b5816092c"
                ),
            ),
        );
        assert_eq!(
            sign(&f7.base_string(), SECRET, "a202d1f853ec69de"),
            "zl2/+52shJFGr3QnYOPiP/In+Vo="
        );
    }

    #[test]
    fn the_examples_of_the_rfc_reproduce() {
        let get = request(
            "GET",
            "http://photos.example.net/photos",
            "file=vacation.jpg&size=original&oauth_consumer_key=dpf43f3p2l4k3l03&oauth_token=nnch734d00sl2jdk\
             &oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131202&oauth_nonce=chapoH",
        );
        let signature = sign(&get.base_string(), "kd94hf93k423kf44", "pfkkdhi9sl3r4s00");
        assert_eq!(signature, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
        let awkward = request(
            "POST",
            "http://example.com/request",
            "b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q&oauth_consumer_key=9djdj82h48djs9d2\
             &oauth_token=kkk9d7dh3k39sjv7&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201\
             &oauth_nonce=7d8f3e4a&oauth_signature=anything",
        );
        assert_eq!(
            awkward.base_string(),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
             %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
             %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201\
             %26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }
}
