//! Where Flickr is: its canonical addresses, or all of them under one base for a stand-in.

use super::Error;
use crate::endpoint;

/// The five addresses of Flickr's API.
///
/// They are canonical (what is called is byte for byte what is signed, RFC 5849 section 3.4.1.2)
/// and hold no query.
#[derive(Clone, Debug)]
pub struct Endpoints {
    pub(super) rest: String,
    pub(super) upload: String,
    pub(super) request_token: String,
    pub(super) authorize: String,
    pub(super) access_token: String,
    /// Whether they lead to this machine: no TLS is asked for then, and no proxy is used.
    pub(super) local: bool,
}

impl Endpoints {
    /// Flickr itself (<https://www.flickr.com/services/api/auth.oauth.html>, `upload.api.html`).
    pub fn flickr() -> Self {
        Self {
            rest: "https://api.flickr.com/services/rest".into(),
            upload: "https://up.flickr.com/services/upload/".into(),
            request_token: "https://www.flickr.com/services/oauth/request_token".into(),
            authorize: "https://www.flickr.com/services/oauth/authorize".into(),
            access_token: "https://www.flickr.com/services/oauth/access_token".into(),
            local: false,
        }
    }

    /// Every address under one base, the value of `FLICKR_ENDPOINT_URL`.
    ///
    /// # Errors
    /// [`Error::Endpoint`] where it is no `http` or `https` address, has a query, a fragment or a user name,
    /// or is plain `http` towards another machine: tokens do not travel in the clear.
    pub fn under(base: &str) -> Result<Self, Error> {
        let endpoint = endpoint::checked(base).map_err(|problem| Error::Endpoint {
            value: endpoint::printable(base),
            problem: problem.text(),
        })?;
        let (url, local) = (endpoint.url, endpoint.is_local);
        let base = url.as_str().trim_end_matches('/');
        Ok(Self {
            rest: format!("{base}/services/rest"),
            upload: format!("{base}/services/upload/"),
            request_token: format!("{base}/services/oauth/request_token"),
            authorize: format!("{base}/services/oauth/authorize"),
            access_token: format!("{base}/services/oauth/access_token"),
            local,
        })
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;

    #[test]
    fn every_address_is_under_the_base() {
        for base in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"] {
            let endpoints = Endpoints::under(base).unwrap();
            assert_eq!(endpoints.rest, "http://127.0.0.1:8080/services/rest");
            assert_eq!(endpoints.upload, "http://127.0.0.1:8080/services/upload/");
            assert_eq!(
                endpoints.request_token,
                "http://127.0.0.1:8080/services/oauth/request_token"
            );
            assert!(endpoints.local);
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for base in [
            "http://127.9.8.7:1",
            "http://[::1]:1",
            "http://localhost:1",
            "https://example.org/flickr",
        ] {
            assert!(Endpoints::under(base).is_ok(), "{base}");
        }
        for base in [
            "http://example.org",
            "http://10.0.0.1:80",
            "http://localhost.example.org",
            "http://0.0.0.0:1",
        ] {
            assert!(
                matches!(Endpoints::under(base), Err(Error::Endpoint { .. })),
                "{base}"
            );
        }
    }

    #[test]
    fn a_malformed_base_is_named_in_one_line() {
        for base in [
            "",
            "127.0.0.1:8080",
            "file:///tmp",
            "mailto:a@b",
            "http://127.0.0.1/?a=b",
            "http://127.0.0.1/#x",
        ] {
            let message = Endpoints::under(base).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("FLICKR_ENDPOINT_URL={base:?} ")),
                "{message}"
            );
            assert!(!message.contains('\n'));
        }
        let message = Endpoints::under("http://me:hunter2@127.0.0.1")
            .unwrap_err()
            .to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn flickrs_own_addresses_are_already_canonical() {
        let flickr = Endpoints::flickr();
        for address in [
            flickr.rest,
            flickr.upload,
            flickr.request_token,
            flickr.authorize,
            flickr.access_token,
        ] {
            assert_eq!(Url::parse(&address).unwrap().as_str(), address);
        }
    }
}
