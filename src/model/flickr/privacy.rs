//! Who may see a photo.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Who may see a photo, besides its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privacy {
    /// Nobody.
    #[default]
    Private,
    /// The owner's friends.
    Friends,
    /// The owner's family.
    Family,
    /// Both.
    FriendsFamily,
    /// Everybody.
    Public,
}

impl Privacy {
    /// Every kind, the default first.
    pub const ALL: [Privacy; 5] = [
        Privacy::Private,
        Privacy::Friends,
        Privacy::Family,
        Privacy::FriendsFamily,
        Privacy::Public,
    ];

    /// As it is typed: `friends-family`.
    pub fn as_str(self) -> &'static str {
        match self {
            Privacy::Private => "private",
            Privacy::Friends => "friends",
            Privacy::Family => "family",
            Privacy::FriendsFamily => "friends-family",
            Privacy::Public => "public",
        }
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Privacy {
    type Err = String;

    fn from_str(text: &str) -> Result<Privacy, String> {
        let found = Privacy::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| {
            let all = Privacy::ALL.map(Privacy::as_str).join(", ");
            format!("{text:?} is none of {all}")
        })
    }
}

impl Serialize for Privacy {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_as_it_is_written() {
        for kind in Privacy::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "Public".parse::<Privacy>().unwrap_err();
        assert!(error.contains("friends-family"), "{error}");
    }
}
