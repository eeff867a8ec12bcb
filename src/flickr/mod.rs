//! The client of Flickr's API: signed calls, uploads, photos, sets and the call budget.
//!
//! [`Client`] is the way in; its methods are spread over the files by what they are about.
//! A failure is an [`Error`] by what the caller does about it. The first contact, before there
//! is a token, is [`Login`].
//!
//! Reads and writes that may be repeated are tried again in here. An upload and the making of a set
//! never are: after a lost answer only the caller can tell whether it was done ([`Error::Ambiguous`]).

mod account;
mod body;
mod budget;
mod endpoints;
mod envelope;
mod error;
mod lenient;
mod login;
mod oauth;
mod paging;
mod photos;
mod photos_by_date;
mod redact;
mod response;
mod rest;
mod server_clock;
mod sets;
#[cfg(test)]
mod testing;
mod upload;
mod upload_probe;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::SecretString;

use crate::stop::Stop;

pub use self::account::{Rights, UploadStatus, User};
pub use self::budget::{Budget, Permit};
pub use self::endpoints::Endpoints;
pub use self::error::{Cause, Error};
pub use self::login::{Login, RequestToken};
use self::oauth::Signer;
pub use self::paging::{FULL_PAGE, List, Page};
pub use self::photos::Photo;
pub use self::photos_by_date::Span;
use self::server_clock::ServerClock;
pub use self::sets::Set;
pub use self::upload::Upload;

/// Flickr slows down clients that do not say who they are.
const USER_AGENT: &str = concat!("s3flickr/", env!("CARGO_PKG_VERSION"));

/// An application's key and one user's token. `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    /// The application's key (`FLICKR_API_KEY`).
    pub api_key: String,
    /// The secret that belongs to the key (`FLICKR_API_SECRET`).
    pub api_secret: SecretString,
    /// The user's permission (`FLICKR_OAUTH_TOKEN`).
    pub token: String,
    /// The secret that belongs to the token (`FLICKR_OAUTH_TOKEN_SECRET`).
    pub token_secret: SecretString,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// How long the client waits, and for what.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// For a connection to be there.
    pub connect: Duration,
    /// For the next byte of an upload to move.
    pub idle: Duration,
    /// For the answer, after the last byte of an upload.
    pub answer: Duration,
    /// For a whole REST call, its answer included.
    pub call: Duration,
    /// Before the first repetition of a call, and after the first answer that there are too many; then doubled.
    pub backoff: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Twice what a connection takes that loses its first packets three times in a row (1 + 2 + 4 s).
            connect: Duration::from_secs(10),
            // Uploads have frozen for hours; a slow line still moves a byte in two minutes.
            idle: Duration::from_secs(120),
            // Up to four minutes were seen before a picture was answered for.
            answer: Duration::from_secs(300),
            // Long lists take tens of seconds when Flickr is slow.
            call: Duration::from_secs(60),
            backoff: Duration::from_secs(1),
        }
    }
}

/// How many calls were made, of either kind, repetitions included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls of REST methods.
    pub rest: u64,
    /// Uploads begun.
    pub uploads: u64,
}

/// A user's account on Flickr. Clones share connections, budget and counters.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// What ends the REST calls of this clone.
    stop: Option<Stop>,
}

struct Shared {
    endpoints: Endpoints,
    signer: Signer,
    clock: ServerClock,
    budget: Budget,
    timeouts: Timeouts,
    rest_http: reqwest::Client,
    upload_http: reqwest::Client,
    rest_calls: AtomicU64,
    uploads: AtomicU64,
    /// Whose token it is, once an answer told.
    user: OnceLock<User>,
}

impl Client {
    /// A client for one user; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setup`] where the HTTP client cannot be made: no trusted certificates on this machine, say.
    pub fn new(
        endpoints: Endpoints,
        credentials: Credentials,
        budget: Budget,
        timeouts: Timeouts,
    ) -> Result<Self, Error> {
        let signer = Signer::new(&credentials.api_key, &credentials.api_secret)
            .token(&credentials.token, &credentials.token_secret);
        let shared = Shared {
            rest_http: build(http(&endpoints, &timeouts).timeout(timeouts.call))?,
            upload_http: build(upload_http(&endpoints, &timeouts))?,
            endpoints,
            signer,
            clock: ServerClock::default(),
            budget,
            timeouts,
            rest_calls: AtomicU64::new(0),
            uploads: AtomicU64::new(0),
            user: OnceLock::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            stop: None,
        })
    }

    /// The same client for a run that may be stopped: while it drains, no further REST call begins
    /// ([`Error::Draining`]); when it is aborted, the call in hand is given up too ([`Error::Aborted`]).
    pub fn until(&self, stop: &Stop) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            stop: Some(stop.clone()),
        }
    }

    /// The budget that this client's calls come out of. Take an upload's permit here.
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// How many seconds Flickr's clock is ahead of this machine's (behind, where negative), as its
    /// answers told; 0 before the first. Every time that Flickr sees must be by its own clock.
    pub fn seconds_ahead(&self) -> i64 {
        self.shared.clock.seconds_ahead()
    }

    /// This moment in seconds since 1970, by Flickr's clock.
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// How many calls this client has made.
    pub fn calls(&self) -> Calls {
        Calls {
            rest: self.shared.rest_calls.load(Ordering::Relaxed),
            uploads: self.shared.uploads.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoints", &self.shared.endpoints)
            .finish_non_exhaustive()
    }
}

/// What every client of ours has in common.
fn http(endpoints: &Endpoints, timeouts: &Timeouts) -> reqwest::ClientBuilder {
    crate::tls::install();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeouts.connect)
        // A signature is for one address; Flickr's API does not redirect.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    if endpoints.local {
        builder.no_proxy()
    } else {
        builder.https_only(true)
    }
}

/// Uploads: no limit on the whole, HTTP/1.1 only (Flickr fails with HTTP/2 there, masci/flickr#3).
fn upload_http(endpoints: &Endpoints, timeouts: &Timeouts) -> reqwest::ClientBuilder {
    let builder = http(endpoints, timeouts)
        .http1_only()
        // A kept connection that dies under the next upload would make that one's end unclear.
        .pool_idle_timeout(Duration::from_secs(15));
    // reqwest gives up after 30 s without an acknowledgement, which ends slow uploads; `idle` is ours to judge.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(timeouts.idle + timeouts.answer);
    builder
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .build()
        .map_err(|error| Error::setup("no HTTP client", error.without_url()))
}

/// A number from 0 to 1, to keep machines from doing the same thing at the same time.
fn random() -> f64 {
    // Each `RandomState` is keyed anew; what it hashes does not matter.
    let bits = RandomState::new().hash_one(0) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_can_be_made_from_a_task_of_its_own() {
        fn is_send<T: Send>(_: T) {}
        let client = testing::client("http://127.0.0.1:1");
        is_send(client.photos(None));
        is_send(client.photos_not_in_set());
        is_send(client.photo("1"));
        is_send(client.sets());
        is_send(client.set_photos("1"));
        is_send(client.create_set("a", "1"));
        is_send(client.rights());
        is_send(client.budget().take());
    }
}
