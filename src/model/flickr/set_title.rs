//! How a photo and its set are titled, and what Flickr may make of a set's title.
//!
//! Flickr may cut a title, trim it, compose its characters (NFC), collapse its spaces, drop control
//! characters, and encode or decode HTML entities. So two titles are compared in their [`canonical`] form,
//! which none of that changes, and a name that is not in that form, or is long, is never asked for as it is.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};
use sha1::{Digest, Sha1};
use unicode_normalization::UnicodeNormalization;

use super::canonical::{canonical, skeleton};
use crate::model::Key;

/// The longest title that is asked for, in bytes with every entity written out. Flickr cuts at 255 of
/// something that it does not tell.
const LONGEST: usize = 255;
/// A title of at least this many characters may be a longer one that Flickr has cut.
pub(super) const MAY_BE_CUT: usize = 180;

/// How a folder becomes a set's title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SetName {
    /// The whole folder: `2012/Paris`.
    #[default]
    Path,
    /// Its last part alone: `Paris`. Folders of one name then share a set.
    Leaf,
}

impl SetName {
    /// Every way, the default first.
    pub const ALL: [SetName; 2] = [SetName::Path, SetName::Leaf];

    /// As it is typed: `path`.
    pub fn as_str(self) -> &'static str {
        match self {
            SetName::Path => "path",
            SetName::Leaf => "leaf",
        }
    }
}

impl fmt::Display for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SetName {
    type Err = String;

    fn from_str(text: &str) -> Result<SetName, String> {
        let found = SetName::ALL.into_iter().find(|way| way.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is neither path nor leaf"))
    }
}

impl Serialize for SetName {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

/// The photo's title: the key, as it is.
pub fn photo_title(key: &Key) -> String {
    key.as_str().to_owned()
}

/// The name of the set that a key belongs to: its folder, or the folder's last part. `None` for a file in
/// no folder. What the set is called on Flickr is [`requested`] of it.
pub fn set_name(key: &Key, naming: SetName) -> Option<&str> {
    let folder = key.folder()?;
    match naming {
        SetName::Path => Some(folder),
        SetName::Leaf => folder.rsplit('/').find(|part| !part.is_empty()),
    }
}

/// The title that the set of a key is asked to have; `None` for a file in no folder.
pub fn set_title(key: &Key, naming: SetName) -> Option<String> {
    set_name(key, naming).map(requested)
}

/// The title that the set of this name (a folder, or its last part) is asked to have.
///
/// It is the name itself, where that is short and canonical, but for how its accents are written: a Mac
/// writes them apart, and nobody wants a hash behind each. Else it is what is left of the name, and a hash
/// of the name at its end: then two names never ask for one title, whatever Flickr makes of it.
pub fn requested(name: &str) -> String {
    let plain = canonical(name);
    if name.nfc().eq(plain.chars()) && !name.is_empty() && length(name) <= LONGEST {
        return name.to_owned();
    }
    let hash = HEXLOWER.encode(&Sha1::digest(name.as_bytes())[..4]);
    let mut room = LONGEST - hash.len() - 1;
    let fits = |c: char| {
        let left = room.checked_sub(written_out(c));
        room = left.unwrap_or_default();
        left.is_some()
    };
    let kept = match plain.chars().position(not(fits)) {
        Some(end) => plain.chars().take(end).collect(),
        None => plain,
    };
    match kept.trim_end() {
        "" => format!("folder {hash}"),
        kept => canonical(&format!("{kept} {hash}")),
    }
}

fn not(mut fits: impl FnMut(char) -> bool) -> impl FnMut(char) -> bool {
    move |c| !fits(c)
}

fn length(text: &str) -> usize {
    text.chars().map(written_out).sum()
}

/// The bytes of a character, where its entity is written out if it has a common one.
fn written_out(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        '"' | '\'' => "&quot;".len(),
        c => c.len_utf8(),
    }
}

/// Whether the set of this name is asked to have a title that no other name's set can have.
pub fn is_unique(name: &str) -> bool {
    requested(name) == name && canonical(name) == name
}

/// Whether `title` may be what Flickr made of this name when it was asked for as it is, as an older version
/// or another tool did. Such a title may belong to several names, so it proves nothing by itself.
pub fn may_have_become(name: &str, title: &str) -> bool {
    if is_unique(name) {
        return false;
    }
    let (name, title) = (skeleton(name), skeleton(title));
    name == title || (title.chars().count() >= MAY_BE_CUT && name.starts_with(&title))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a Flickr might do to a title; each of these was seen with some service.
    const CHANGES: [fn(&str) -> String; 7] = [
        |title| title.chars().take(255).collect(),
        |title| title.trim().to_owned(),
        |title| title.nfc().collect(),
        |title| {
            title
                .split(' ')
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        },
        |title| title.chars().filter(|c| !c.is_control()).collect(),
        |title| html_escape::encode_safe(title).into_owned(),
        |title| html_escape::decode_html_entities(title).into_owned(),
    ];

    #[test]
    fn a_plain_folder_is_its_own_title() {
        for name in [
            "2012/Paris",
            "AT&T",
            "Zürich/Ärger",
            "旅行\u{3000}2012",
            "O'Brien \"x\" <3",
        ] {
            assert_eq!(requested(name), name);
        }
    }

    #[test]
    fn a_long_or_odd_folder_gets_a_title_that_ends_in_its_hash() {
        let long = "x".repeat(300);
        assert_eq!(requested(&long).len(), 255);
        assert_eq!(requested("a  b"), "a b a002b74a");
        assert_eq!(requested(" "), "folder b858cb28");
        assert_ne!(
            requested(&format!("{long}1")),
            requested(&format!("{long}2"))
        );
        assert_ne!(requested("Cafe\u{301}"), requested("Café"));
    }

    #[test]
    fn a_title_that_was_asked_as_it_is_may_be_of_each_name_that_gives_it() {
        assert!(
            may_have_become("a  b", "a b")
                && may_have_become(" a b", "a b")
                && may_have_become("a\tb", "ab")
        );
        assert!(
            !may_have_become("a b", "a b"),
            "that one is asked for as it is today"
        );
        let long = "x".repeat(300);
        assert!(may_have_become(&long, &long[..255]) && !may_have_become(&long, "xxx"));
    }

    #[test]
    fn a_set_is_named_after_the_folder_or_its_last_part() {
        let title =
            |path: &str, naming| set_name(&Key::new(path).unwrap(), naming).map(str::to_owned);
        assert_eq!(
            title("2012/Paris/a.jpg", SetName::Path).unwrap(),
            "2012/Paris"
        );
        assert_eq!(title("2012/Paris/a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("2012/Paris//a.jpg", SetName::Leaf).unwrap(), "Paris");
        assert_eq!(title("a.jpg", SetName::Path), None);
    }

    proptest! {
        #[test]
        fn nothing_that_flickr_does_to_a_title_hides_whose_it_is(
            name in "[ a&;lt'\u{301}é\u{a0}\u{7}🙂amp]{1,40}|(ab &){90,100}", changes in prop::collection::vec(0..7_usize, 0..4),
        ) {
            // Room is left for every entity to be written out once.
            prop_assume!(changes.iter().filter(|n| **n == 5).count() < 2);
            let title = requested(&name);
            prop_assert_eq!(canonical(&title), title.nfc().collect::<String>());
            prop_assert!(length(&title) <= LONGEST);
            let stored = changes.iter().fold(title.clone(), |title, n| CHANGES[*n](&title));
            prop_assert_eq!(canonical(&stored), canonical(&title));
        }

        #[test]
        fn two_names_never_ask_for_one_title(a in "[ a&ampé\u{301}\t]{1,6}", b in "[ a&ampé\u{301}\t]{1,6}") {
            // Two that write the same accents in two ways are told apart by what is in their sets.
            prop_assert!(a.nfc().eq(b.nfc()) || canonical(&requested(&a)) != canonical(&requested(&b)));
        }
    }
}
