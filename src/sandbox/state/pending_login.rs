//! Logins that wait for a person: from the request token to the access token.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use crate::sandbox::state::data::Perms;

/// The most logins that may be pending; one more ends all the others.
const MOST_LOGINS: usize = 1000;

/// A login that was begun.
#[derive(Debug, Clone)]
pub struct PendingLogin {
    /// The secret of the request token.
    pub secret: String,
    /// An address, or `oob` for a code that a person copies.
    pub callback: String,
    /// What the person agreed to.
    pub consent: Option<Consent>,
}

/// A person's consent to a login.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The code that the client must show.
    pub verifier: String,
    /// What the access token will allow.
    pub perms: Perms,
}

/// The pending logins, by request token.
#[derive(Debug, Default)]
pub struct PendingLogins(Mutex<HashMap<String, PendingLogin>>);

impl PendingLogins {
    /// Adds a login.
    pub fn begin(&self, token: String, login: PendingLogin) {
        let mut logins = self.lock();
        if logins.len() >= MOST_LOGINS {
            logins.clear();
        }
        logins.insert(token, login);
    }

    /// The login of a request token.
    pub fn get(&self, token: &str) -> Option<PendingLogin> {
        self.lock().get(token).cloned()
    }

    /// Records a person's consent; does nothing for an unknown token.
    pub fn consent(&self, token: &str, consent: Consent) {
        if let Some(login) = self.lock().get_mut(token) {
            login.consent = Some(consent);
        }
    }

    /// Ends a login; `false` if it has ended already.
    pub fn end(&self, token: &str) -> bool {
        self.lock().remove(token).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, PendingLogin>> {
        self.0.lock()
    }
}
