//! The one rule for the address of a service: https, or plain http to this machine alone, so
//! that no key, token or photo travels in the clear.

use std::net::IpAddr;

use reqwest::Url;

/// The address of a service that may be used.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub url: Url,
    /// Whether it leads to this machine: 127/8, `::1`, `localhost`.
    pub is_local: bool,
}

/// What is wrong with the address of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no address.
    Malformed,
    /// It names a user.
    UserName,
    /// It has a query or a fragment.
    Query,
    /// It is plain http to another machine.
    PlainHttp,
    /// It is neither http nor https.
    Scheme,
}

impl Problem {
    /// What is wrong, and what would be right; it follows the address.
    pub fn text(self) -> &'static str {
        match self {
            Problem::Malformed => "is no address: write http://127.0.0.1:PORT",
            Problem::UserName => "holds a user name: leave it out",
            Problem::Query => "has a part after its path: leave that out",
            Problem::PlainHttp => {
                "is plain http to another machine: use https, or an address of this one, such as 127.0.0.1"
            }
            Problem::Scheme => "is neither http nor https: write http://127.0.0.1:PORT",
        }
    }
}

/// Reads the address of a service, and refuses one that must not be used.
pub fn checked(address: &str) -> Result<Endpoint, Problem> {
    let url = Url::parse(address.trim()).map_err(|_| Problem::Malformed)?;
    if url.cannot_be_a_base() || !url.has_host() {
        return Err(Problem::Malformed);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Problem::UserName);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Problem::Query);
    }
    let is_local = is_loopback(&url);
    match url.scheme() {
        "https" => Ok(Endpoint { url, is_local }),
        "http" if is_local => Ok(Endpoint { url, is_local }),
        "http" => Err(Problem::PlainHttp),
        _ => Err(Problem::Scheme),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An address as it may be shown: a password typed into it by mistake is cut out.
pub fn printable(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}...{}", &address[..scheme + 3], &address[at..])
        }
        _ => address.to_owned(),
    }
}
