//! Only this machine is served, and only pages of this machine may ask for changes.
//!
//! A web page can make a browser call any address, and can make a name of its own point to
//! 127.0.0.1. Such a call names the page's host, not a loopback address.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses a request for another host, and a change that a page of another host asks for.
pub async fn check_host(request: Request, next: Next) -> Response {
    match refusal(request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some((status, line)) => (status, line).into_response(),
    }
}

fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<(StatusCode, String)> {
    let named = headers
        .get_all(HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or("?"));
    let mut hosts = named.chain(uri.authority().map(|authority| authority.as_str()));
    if let Some(host) = hosts.find(|host| !is_loopback(host)) {
        let line =
            format!("The sandbox serves 127.0.0.1, localhost and [::1] only, not {host:?}.\n");
        return Some((StatusCode::MISDIRECTED_REQUEST, line));
    }
    let origin = headers
        .get(ORIGIN)
        .map(|origin| origin.to_str().unwrap_or("?"))?;
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    if method.is_safe() || is_loopback(host) {
        return None;
    }
    let line = format!("The sandbox takes no changes from the web page {origin:?}.\n");
    Some((StatusCode::FORBIDDEN, line))
}

/// Whether `HOST[:PORT]` names this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, port)) if port.is_empty() || is_port(port) => name,
        Some(_) => return false,
        None => match host.find(':') {
            Some(at) if is_port(&host[at..]) => &host[..at],
            Some(_) => return false,
            None => host,
        },
    };
    let is_address = || {
        name.parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
    };
    name.trim_end_matches('.').eq_ignore_ascii_case("localhost") || is_address()
}

/// Whether it reads `:8765`.
fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|digits| digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_many_names_and_others_look_like_it() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8765",
            "127.1.2.3:1",
            "localhost",
            "LocalHost:80",
            "localhost.:8765",
            "[::1]",
            "[::1]:8765",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8765",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "127.0.0.1:80@evil.example",
            "192.168.0.1",
            "0.0.0.0:8765",
            "[::2]:1",
            "[::1].evil.example",
            "localhost:99999",
            "null",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
