//! Photos, sets, tokens and settings as plain data, and the changes that the journal keeps.

use serde::{Deserialize, Serialize};

use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::set_titles::Titles;
use crate::sandbox::state::tags::Tag;

/// How many items an account without Pro may hold, and how many of them may be non-public.
pub const FREE_ITEMS: usize = 1000;
/// See [`FREE_ITEMS`].
pub const FREE_NON_PUBLIC: usize = 50;

/// What a token allows, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Perms {
    /// No token.
    None,
    /// Look at private photos.
    Read,
    /// Upload and change.
    Write,
    /// Delete photos.
    Delete,
}

impl Perms {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Perms::None => "none",
            Perms::Read => "read",
            Perms::Write => "write",
            Perms::Delete => "delete",
        }
    }
}

/// Who may see a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Privacy {
    /// Everybody.
    pub public: bool,
    /// Friends, when not public.
    pub friend: bool,
    /// Family, when not public.
    pub family: bool,
}

impl Privacy {
    /// The word for it, as the command line has it.
    pub fn word(self) -> &'static str {
        match (self.public, self.friend, self.family) {
            (true, _, _) => "public",
            (_, true, true) => "friends-family",
            (_, true, false) => "friends",
            (_, false, true) => "family",
            (_, false, false) => "private",
        }
    }

    /// The number that the argument `privacy_filter` has for it.
    pub fn filter_number(self) -> &'static str {
        match self.word() {
            "public" => "1",
            "friends" => "2",
            "family" => "3",
            "friends-family" => "4",
            _ => "5",
        }
    }
}

/// A photo or a video.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Photo {
    /// Eleven decimal digits.
    pub id: u64,
    /// In the addresses of all sizes but the original.
    pub secret: String,
    /// In the address of the original.
    pub original_secret: String,
    /// As given, or the file's name without its extension.
    pub title: String,
    /// As given, with quotes escaped.
    pub description: String,
    /// In the order in which they were added.
    pub tags: Vec<Tag>,
    /// Who may see it.
    #[serde(alias = "visibility")]
    pub privacy: Privacy,
    /// Unix seconds; the order of the photostream.
    pub posted: i64,
    /// Unix seconds of the last change.
    pub updated: i64,
    /// `YYYY-MM-DD HH:MM:SS`; `None` while it is only the time of the upload.
    pub taken: Option<String>,
    /// What the file is.
    pub kind: Kind,
    /// Pixels; 0 where unknown.
    pub width: u32,
    /// Pixels; 0 where unknown.
    pub height: u32,
    /// Of the file as uploaded.
    pub bytes: u64,
    /// Of the file as uploaded, hex.
    pub sha1: String,
}

/// A set of photos; never empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Set {
    /// Seventeen decimal digits.
    pub id: u64,
    /// Need not be unique.
    pub title: String,
    /// As given.
    pub description: String,
    /// The photo on its cover; a member.
    pub primary: u64,
    /// The members, in order.
    pub photos: Vec<u64>,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub updated: i64,
}

/// A token that was given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// What requests name.
    pub token: String,
    /// What they sign with.
    pub secret: String,
    /// What it allows.
    pub perms: Perms,
}

/// What `POST /sandbox/account` changes; missing fields stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Without it the limits below hold.
    pub pro: bool,
    /// The most items of a free account.
    pub items_limit: usize,
    /// The most non-public items of a free account.
    pub non_public_limit: usize,
    /// A search does not know photos that are younger than this.
    pub search_lag_seconds: f64,
    /// Nor does any other list those that are younger than this.
    pub list_lag_seconds: f64,
    /// Whether `dedup_check` is taken for a word that means nothing.
    pub ignores_dedup_check: bool,
    /// How far Flickr's clock is ahead of this machine's.
    pub clock_ahead_seconds: i64,
    /// What becomes of the titles that sets are given.
    pub set_titles: Titles,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            pro: true,
            items_limit: FREE_ITEMS,
            non_public_limit: FREE_NON_PUBLIC,
            search_lag_seconds: 0.0,
            list_lag_seconds: 0.0,
            ignores_dedup_check: false,
            clock_ahead_seconds: 0,
            set_titles: Titles::AsGiven,
        }
    }
}

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Ids below these were given out once.
    Counters(u64, u64),
    /// A new photo, or all of a changed one.
    Photo(Box<Photo>),
    /// A photo was deleted.
    PhotoGone(u64),
    /// A new set (first in the order), or all of a changed one.
    Set(Set),
    /// The bytes of a photo that was deleted, and its id.
    Remembered(String, u64),
    /// A set was deleted.
    SetGone(u64),
    /// A photo was appended to a set: set, photo, when.
    Member(u64, u64, i64),
    /// The order of all sets.
    Order(Vec<u64>),
    /// A token was given out.
    Token(Token),
    /// The account's settings.
    Settings(Settings),
}
