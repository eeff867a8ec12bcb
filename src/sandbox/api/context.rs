//! What a method of the API works with.

use std::collections::HashSet;

use crate::sandbox::api::failure::Failure;
use crate::sandbox::faults::injected::Injected;
use crate::sandbox::params::Params;
use crate::sandbox::state::State;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::data::{Perms, Photo, Set};

/// What a method works with.
pub struct Context<'a> {
    /// All of the call's parameters.
    pub params: &'a Params,
    /// What the caller may do; without a token, see public photos only.
    pub perms: Perms,
    /// The account, held for this call.
    pub account: &'a mut Account,
    /// The sandbox.
    pub state: &'a State,
    /// Photos that are not yet known to this call.
    pub hidden: HashSet<u64>,
    /// Unix seconds.
    pub now: i64,
    /// The faults that fire for this call.
    pub injected: &'a Injected,
}

impl Context<'_> {
    /// Whether the account's owner calls.
    pub fn is_owner(&self) -> bool {
        self.perms >= Perms::Read
    }

    /// A parameter, empty when missing.
    pub fn text(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }

    /// The id, when it is that of a photo that this caller may see.
    pub fn known_photo(&self, id: &str) -> Option<&Photo> {
        let id: u64 = id.parse().ok()?;
        let photo = self
            .account
            .photo(id)
            .filter(|_| !self.hidden.contains(&id))?;
        (self.is_owner() || photo.privacy.public).then_some(photo)
    }

    /// The photo that `photo_id` names.
    pub fn photo(&self) -> Result<&Photo, Failure> {
        let id = self.text("photo_id");
        self.known_photo(id)
            .ok_or_else(|| Failure::new(1, format!("Photo \"{id}\" not found (invalid ID)")))
    }

    /// The set that `photoset_id` names.
    pub fn set(&self) -> Result<&Set, Failure> {
        let id = self.text("photoset_id").parse().ok();
        id.and_then(|id| self.account.set(id))
            .ok_or_else(|| Failure::new(1, "Photoset not found"))
    }
}
