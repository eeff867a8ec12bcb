//! What all handlers share: the account behind its lock, the journal, faults and the log.

pub mod account;
pub mod call_log;
pub mod data;
pub mod ids;
pub mod journal;
pub mod media;
pub mod set_titles;
pub mod tags;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use parking_lot::{Mutex, MutexGuard};

use crate::sandbox::Credentials;
use crate::sandbox::api::format::Failure;
use crate::sandbox::api::login::Request;
use crate::sandbox::api::oauth::{Nonces, Problem, Signed};
use crate::sandbox::faults::Script;
use crate::sandbox::faults::injected::Hit;
use crate::sandbox::params::Params;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::call_log::{Call, Log};
use crate::sandbox::state::data::{Change, Perms};
use crate::sandbox::state::journal::{Home, Journal};

/// The sandbox's user, as the API names people.
pub const NSID: &str = "201234567@N08";
/// The same user, as ids of tags and tickets name people.
pub const OWNER_NUMBER: &str = "201202428";
/// What the user calls himself.
pub const USERNAME: &str = "sandbox";
/// His full name.
pub const FULL_NAME: &str = "Sandbox User";

/// An upload that goes on behind the client's back: the photo, and how often it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    /// The photo that it becomes.
    pub photo: u64,
    /// Looks at it so far.
    pub checks: u32,
}

/// The state of a running sandbox.
#[derive(Debug)]
pub struct Core {
    account: Mutex<Account>,
    journal: Journal,
    tolerance: Duration,
    nonces: Nonces,
    answers: AtomicU64,
    /// The folder.
    pub home: Home,
    /// What goes wrong.
    pub script: Script,
    /// What was asked.
    pub log: Log,
    /// Logins under way, by request token.
    pub logins: Mutex<HashMap<String, Request>>,
    /// Photos that are still unknown to so many calls.
    pub fresh: Mutex<HashMap<u64, u32>>,
    /// Uploads with `async=1`.
    pub tickets: Mutex<HashMap<String, Ticket>>,
    /// The well-known ones.
    pub credentials: Credentials,
    /// Without a slash at the end.
    pub base_url: String,
}

/// Why a caller is not let in.
#[derive(Debug)]
pub enum Denied {
    /// Answered as plain text.
    Problem(Problem),
    /// Answered as the API answers.
    Failure(Failure),
}

impl From<Problem> for Denied {
    fn from(problem: Problem) -> Self {
        Denied::Problem(problem)
    }
}

impl Core {
    /// Puts it together.
    pub fn new(
        home: Home,
        account: Account,
        journal: Journal,
        base_url: String,
        tolerance: Duration,
    ) -> Self {
        Core {
            account: Mutex::new(account),
            journal,
            tolerance,
            nonces: Nonces::default(),
            answers: AtomicU64::new(0),
            home,
            script: Script::default(),
            log: Log::default(),
            logins: Mutex::default(),
            fresh: Mutex::default(),
            tickets: Mutex::default(),
            credentials: Credentials::default(),
            base_url,
        }
    }

    /// Unix seconds by Flickr's clock.
    pub fn now(&self) -> i64 {
        now() + self.account().settings().clock_ahead_seconds
    }

    /// The account; nothing is awaited while it is held.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock()
    }

    /// Looks at or changes the account, and comes back when the changes are in the journal.
    pub async fn change<T>(
        &self,
        work: impl FnOnce(&mut Account) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (result, changes, written) = {
            let mut account = self.account();
            let result = work(&mut account);
            let changes = account.take_unsaved();
            let written = self.journal.queue(&changes);
            (result, changes, written)
        };
        if !written.wait().await {
            return Err(Failure::new(106, "Write operation failed"));
        }
        for change in changes {
            if let Change::PhotoGone(id) = change {
                // Should this fail, the next start sweeps the file away.
                let _ = tokio::fs::remove_file(self.home.original(id)).await;
            }
        }
        result
    }

    /// Whether this answer has its numbers as strings: every second one.
    pub fn is_odd_answer(&self) -> bool {
        self.answers.fetch_add(1, Ordering::Relaxed) % 2 == 1
    }

    /// Keeps a call in the log.
    pub fn note(&self, method: &str, subject: &str, outcome: &str, hit: &Hit) {
        self.log.add(Call {
            time: since_epoch().as_secs_f64(),
            method: method.to_owned(),
            subject: subject.to_owned(),
            outcome: outcome.to_owned(),
            fault: hit.name(),
        });
    }

    /// Verifies a signed call and says what its token allows.
    pub fn verify(&self, signed: &Signed) -> Result<Perms, Denied> {
        self.check_key(signed.need("oauth_consumer_key")?)?;
        let name = signed.need("oauth_token")?;
        let (secret, perms) = self
            .token(name)
            .ok_or_else(|| Problem::new("token_rejected"))?;
        signed.check_signature(&self.credentials.api_secret, &secret)?;
        self.check_nonce(signed)?;
        Ok(perms)
    }

    /// The secret and the rights of an access token.
    pub fn token(&self, name: &str) -> Option<(String, Perms)> {
        if name == self.credentials.token {
            return Some((self.credentials.token_secret.clone(), Perms::Delete));
        }
        let account = self.account();
        account
            .token(name)
            .map(|token| (token.secret.clone(), token.perms))
    }

    /// Knows one key; a key of another shape gets the API's answer rather than OAuth's.
    pub fn check_key(&self, key: &str) -> Result<(), Denied> {
        check_key_shape(key).map_err(Denied::Failure)?;
        if key == self.credentials.api_key {
            return Ok(());
        }
        Err(Problem::new("consumer_key_unknown").into())
    }

    /// Refuses a clock that is off and a nonce that was used.
    pub fn check_nonce(&self, signed: &Signed) -> Result<(), Problem> {
        let tolerance = i64::try_from(self.tolerance.as_secs()).unwrap_or(i64::MAX / 4);
        self.nonces.check(signed, self.now(), tolerance)
    }

    /// What a signature covers, as far as head and query tell.
    pub fn signed(&self, parts: &Parts) -> Signed {
        let mut params = Params::parse(parts.uri.query().unwrap_or_default());
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        params.extend(header.and_then(Params::from_header).unwrap_or_default());
        Signed {
            method: parts.method.clone(),
            url: format!("{}{}", self.origin(&parts.headers), parts.uri.path()),
            params,
        }
    }

    /// Scheme and host as the client called them.
    fn origin(&self, headers: &HeaderMap) -> String {
        match headers.get(HOST).and_then(|host| host.to_str().ok()) {
            Some(host) => {
                let host = host.to_ascii_lowercase();
                format!("http://{}", host.strip_suffix(":80").unwrap_or(&host))
            }
            None => self.base_url.clone(),
        }
    }
}

/// Keys have 32 hex digits; others get code 100.
pub fn check_key_shape(key: &str) -> Result<(), Failure> {
    if key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Failure::new(
        100,
        "Invalid API Key (Key has invalid format)",
    ))
}

/// Unix seconds.
pub fn now() -> i64 {
    i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX)
}

fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
