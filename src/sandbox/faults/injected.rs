//! The faults that fire for one call.

use std::time::Duration;

use serde_json::Value;

use crate::sandbox::faults::fault::FaultKind;

/// The faults that fire for one call.
#[derive(Debug, Clone, Default)]
pub struct Injected {
    /// The pause before the answer.
    pub delay: Duration,
    /// The pause before each piece of the body.
    pub body_delay: Duration,
    /// What else goes wrong.
    pub kind: Option<FaultKind>,
}

impl Injected {
    /// How many of the newest items a list leaves out.
    pub fn stale(&self) -> usize {
        match self.kind {
            Some(FaultKind::StaleList { newest }) => newest,
            _ => 0,
        }
    }

    /// The number of items that a list claims to have.
    pub fn total(&self, total: usize) -> Value {
        match self.kind {
            Some(FaultKind::NoTotal) => "".into(),
            _ => total.into(),
        }
    }

    /// The number of pages that a list claims to have.
    pub fn pages(&self, pages: usize) -> Value {
        match self.kind {
            Some(FaultKind::Pages { count }) => count.into(),
            _ => pages.into(),
        }
    }

    /// Whether every page of a list is its first one.
    pub fn repeats(&self) -> bool {
        self.kind == Some(FaultKind::RepeatPage)
    }

    /// Whether a list's page has fewer items than it should.
    pub fn is_short(&self) -> bool {
        self.kind == Some(FaultKind::ShortPage)
    }

    /// The fault's name, for the log of calls.
    pub fn name(&self) -> Option<String> {
        let kind = serde_json::to_value(self.kind.as_ref()?).ok()?;
        kind.get("fault")?.as_str().map(str::to_owned)
    }

    /// Whether the connection is reset in the middle of the body.
    pub fn breaks_body(&self) -> bool {
        self.kind == Some(FaultKind::ResetHalfway)
    }

    /// The number of calls to which a new photo stays unknown.
    pub fn unknown_for(&self) -> u32 {
        match self.kind {
            Some(FaultKind::UnknownPhoto { calls }) => calls,
            _ => 0,
        }
    }
}
