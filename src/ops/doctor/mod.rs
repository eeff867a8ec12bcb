//! `doctor`: looks at all that a run needs, and says of each thing whether it is right, and how to
//! mend it where it is not. It reads, and changes nothing.

mod account;
mod aws;
mod machine;
mod queue;
mod source;

use serde::Serialize;

pub use self::account::{account, missing_keys, unusable_keys};
pub use self::aws::credentials;
pub use self::machine::{Machine, machine};
pub use self::queue::queue;
pub use self::source::source;

/// One thing that a run needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, such as `Flickr token`. Scripts rely on it.
    pub name: &'static str,
    /// Whether it is right.
    pub ok: bool,
    /// What was found, in one line.
    pub detail: String,
    /// What to do, where it is not right.
    pub fix: Option<String>,
}

impl Check {
    fn good(name: &'static str, detail: impl Into<String>) -> Check {
        Check {
            name,
            ok: true,
            detail: detail.into(),
            fix: None,
        }
    }

    fn bad(name: &'static str, detail: impl AsRef<str>, fix: impl Into<String>) -> Check {
        // What a service or the SDK says may have lines of its own.
        let words: Vec<&str> = detail.as_ref().split_whitespace().collect();
        Check {
            name,
            ok: false,
            detail: words.join(" "),
            fix: Some(fix.into()),
        }
    }
}

/// All checks of a look, as `doctor --json` prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// In the order in which they were made.
    pub checks: Vec<Check>,
    /// Whether all are right.
    pub ok: bool,
}

impl From<Vec<Check>> for Diagnosis {
    fn from(checks: Vec<Check>) -> Diagnosis {
        let ok = checks.iter().all(|check| check.ok);
        Diagnosis { checks, ok }
    }
}
