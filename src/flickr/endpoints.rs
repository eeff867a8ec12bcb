//! Where Flickr is: its canonical addresses, or all of them under one base for a stand-in.

use std::net::IpAddr;

use reqwest::Url;

use super::Error;

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
        let refuse = |problem| Error::Endpoint {
            value: printable(base),
            problem,
        };
        let url = Url::parse(base.trim())
            .map_err(|_| refuse("is no address: write http://127.0.0.1:PORT"))?;
        if url.cannot_be_a_base() || !url.has_host() {
            return Err(refuse("is no address: write http://127.0.0.1:PORT"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("holds a user name: leave it out"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("has a part after its path: leave that out"));
        }
        let local = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            "http" => {
                return Err(refuse(
                    "is plain http to another machine: use https, or an address of this one, such as 127.0.0.1",
                ));
            }
            _ => {
                return Err(refuse(
                    "is neither http nor https: write http://127.0.0.1:PORT",
                ));
            }
        }
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

/// Whether an address leads to this machine: 127/8, `::1`, `localhost`.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The value as it may be shown: a password typed into it by mistake is cut out.
fn printable(base: &str) -> String {
    match (base.find("://"), base.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}...{}", &base[..scheme + 3], &base[at..])
        }
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
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
