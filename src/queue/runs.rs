//! What a queue keeps beside its messages: the runs of `populate`, how many messages of each were
//! finished, and the account that the queue is bound to.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Error;

/// One run of `populate`, as the queue remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopulateRun {
    /// Names the run: letters, digits and `-`, at most 64.
    pub id: String,
    /// When it began: seconds since 1970.
    pub started: i64,
    /// When it had sent all: seconds since 1970. `None` while it goes on, and for ever where it
    /// was cut short: then some files of the store may not be queued.
    pub ended: Option<i64>,
    /// How many messages it sent.
    pub total: u64,
    /// The size of their files together, in bytes.
    pub bytes: u64,
    /// The store that it listed.
    pub store: String,
}

/// The Flickr account that a queue is bound to, from its first worker on.
///
/// Two accounts' workers on one queue would share the photos out between them, or put each into
/// both. So the first worker binds the queue, and those of another account are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAccount {
    /// Flickr's id of the account, such as `21207597@N07`.
    pub nsid: String,
    /// The name that it showed then; for people. May be empty.
    pub name: String,
    /// Whether the account had photos when the queue was bound to it. Then some of the queue's
    /// may be among them, and a worker looks before the first attempt too.
    pub had_photos: bool,
}

/// All that is kept with a queue beside its messages, as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunHistory {
    /// The runs of `populate`, the oldest first.
    pub runs: Vec<PopulateRun>,
    /// How many messages were finished ([`super::Lease::finish`]), by the run that sent them;
    /// under the empty name those that name no run.
    pub finished: BTreeMap<String, u64>,
    /// The account that the queue is bound to.
    pub account: Option<BoundAccount>,
}

impl RunHistory {
    /// How many messages were finished, of all runs.
    pub fn finished(&self) -> u64 {
        self.finished.values().sum()
    }
}

/// Where the runs of a queue are kept.
#[async_trait]
pub(super) trait Runs: Send + Sync + 'static {
    /// All that is kept.
    async fn run_history(&self) -> Result<RunHistory, Error>;
    /// Saves a run, in the place of the one with its id if there is one.
    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error>;
    /// Binds the queue to an account, unless it is bound; returns the one that it is bound to then.
    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error>;
}
