//! [`FailureClass`]: the kinds of failure of a photo, in messages, JSON and logs alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What kind of failure it was. Its name is the `class` in messages, JSON and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Flickr may have the photo: the body was sent and no clear answer came.
    Ambiguous,
    /// No retry can help: Flickr refuses this file.
    Refused,
    /// The file is not in the store any more.
    Gone,
    /// The message points outside the stores that this worker may read.
    Forbidden,
    /// The queue gave the message up: each worker that took it died before it was settled.
    Crashed,
    /// The message is no job.
    Unreadable,
    /// Nothing reached Flickr, and another attempt may well succeed. So is any class that this
    /// version does not know.
    #[serde(other)]
    Transient,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [FailureClass; 7] = [
        FailureClass::Transient,
        FailureClass::Ambiguous,
        FailureClass::Refused,
        FailureClass::Gone,
        FailureClass::Forbidden,
        FailureClass::Crashed,
        FailureClass::Unreadable,
    ];

    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            FailureClass::Transient => "transient",
            FailureClass::Ambiguous => "ambiguous",
            FailureClass::Refused => "refused",
            FailureClass::Gone => "gone",
            FailureClass::Forbidden => "forbidden",
            FailureClass::Crashed => "crashed",
            FailureClass::Unreadable => "unreadable",
        }
    }

    /// Whether another attempt can help.
    pub(super) fn can_pass(self) -> bool {
        matches!(self, FailureClass::Transient | FailureClass::Ambiguous)
    }
}

impl FromStr for FailureClass {
    type Err = String;

    /// Reads a name.
    fn from_str(name: &str) -> Result<FailureClass, String> {
        let named = |class: &FailureClass| class.name() == name;
        let class = FailureClass::ALL.into_iter().find(named);
        class.ok_or_else(|| format!("{name:?} is no class of failures"))
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_one_name_and_an_unknown_one_is_passing() -> serde_json::Result<()> {
        use FailureClass::*;
        for class in [
            Transient, Ambiguous, Refused, Gone, Forbidden, Crashed, Unreadable,
        ] {
            let json = serde_json::to_string(&class)?;
            assert_eq!(json, format!("\"{class}\""));
            assert_eq!(serde_json::from_str::<FailureClass>(&json)?, class);
        }
        let newer: FailureClass = serde_json::from_str("\"eaten\"")?;
        assert_eq!(newer, Transient);
        Ok(())
    }
}
