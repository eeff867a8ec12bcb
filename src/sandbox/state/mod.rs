//! What all handlers share: the account behind its lock, the journal, the faults and the log of calls.

pub mod account;
pub mod call_log;
pub mod data;
pub mod dates;
pub mod descriptions;
pub mod dimensions;
pub mod file_types;
pub mod fresh_photos;
pub mod home;
pub mod ids;
pub mod journal;
pub mod nonces;
pub mod owner;
pub mod pending_login;
pub mod previews;
pub mod set_titles;
pub mod sizes;
pub mod tags;
pub mod tickets;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::sandbox::credentials::Credentials;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::faults::script::Script;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::call_log::{Call, CallLog};
use crate::sandbox::state::data::{Change, Perms};
use crate::sandbox::state::fresh_photos::FreshPhotos;
use crate::sandbox::state::home::Home;
use crate::sandbox::state::journal::Journal;
use crate::sandbox::state::nonces::Nonces;
use crate::sandbox::state::pending_login::PendingLogins;
use crate::sandbox::state::previews::Previews;
use crate::sandbox::state::tickets::Tickets;

/// The state of a running sandbox.
#[derive(Debug)]
pub struct State {
    account: Mutex<Account>,
    journal: Journal,
    answers: AtomicU64,
    /// The sandbox's folder.
    pub home: Home,
    /// The faults to inject.
    pub script: Script,
    /// The calls so far.
    pub log: CallLog,
    /// Logins that wait for a person.
    pub logins: PendingLogins,
    /// New photos that some calls do not know yet.
    pub fresh: FreshPhotos,
    /// Uploads with `async=1`.
    pub tickets: Tickets,
    /// Makes the smaller pictures.
    pub previews: Previews,
    /// The nonces that were used.
    pub nonces: Nonces,
    /// How far the clock of a signed request may be off.
    pub clock_tolerance: Duration,
    /// The key, and the token that always works.
    pub credentials: Credentials,
    /// Without a slash at the end.
    pub base_url: String,
}

/// The disk refused a change.
#[derive(Debug, Clone, Copy)]
pub struct NotSaved;

impl State {
    /// A state with the account as the journal had it.
    pub fn new(
        home: Home,
        account: Account,
        journal: Journal,
        base_url: String,
        clock_tolerance: Duration,
    ) -> Self {
        State {
            account: Mutex::new(account),
            journal,
            answers: AtomicU64::new(0),
            home,
            script: Script::default(),
            log: CallLog::default(),
            logins: PendingLogins::default(),
            fresh: FreshPhotos::default(),
            tickets: Tickets::default(),
            previews: Previews::default(),
            nonces: Nonces::default(),
            clock_tolerance,
            credentials: Credentials::default(),
            base_url,
        }
    }

    /// Unix seconds by Flickr's clock.
    pub fn now(&self) -> i64 {
        self.account().now()
    }

    /// The account. Await nothing while you hold it.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock()
    }

    /// Reads or changes the account, and returns when the changes are in the journal.
    pub async fn change<T, E: From<NotSaved>>(
        &self,
        work: impl FnOnce(&mut Account) -> Result<T, E>,
    ) -> Result<T, E> {
        let (result, changes, written) = {
            let mut account = self.account();
            let result = work(&mut account);
            let changes = account.take_unsaved();
            let written = self.journal.queue(&changes);
            (result, changes, written)
        };
        if !written.wait().await {
            return Err(NotSaved.into());
        }
        for change in changes {
            if let Change::PhotoGone(id) = change {
                // If this fails, the next start removes the file; it removes all previews.
                let _ = tokio::fs::remove_file(self.home.original(id)).await;
            }
        }
        result
    }

    /// True for every second answer, which has its numbers as strings.
    pub fn is_odd_answer(&self) -> bool {
        self.answers.fetch_add(1, Ordering::Relaxed) % 2 == 1
    }

    /// Adds a call to the log.
    pub fn log_call(&self, method: &str, subject: &str, outcome: &str, injected: &Injected) {
        self.log.add(Call {
            time: Timestamp::now().as_duration().as_secs_f64(),
            method: method.to_owned(),
            subject: subject.to_owned(),
            outcome: outcome.to_owned(),
            fault: injected.name(),
        });
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
}
