//! What is noted with a queue beside its messages: the runs of `populate`, what was finished, and
//! whose account it is for.

use std::collections::BTreeMap;

use super::BoundAccount;

/// What one run of `populate` noted with the queue.
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

/// All that is noted with a queue, as it was at one moment.
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
