//! What a set is asked to be called, and what Flickr may make of that.
//!
//! Flickr may cut a title, trim it, compose its characters (NFC), collapse its spaces, drop control
//! characters, and encode or decode HTML entities. So two titles are compared in their [`canonical`] form,
//! which none of that changes, and a name that is not in that form, or is long, is never asked for as it is.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};
use unicode_normalization::UnicodeNormalization;

/// The longest title that is asked for, in bytes with every entity written out. Flickr cuts at 255 of
/// something that it does not tell.
const LONGEST: usize = 255;
/// A title of at least this many characters may be a longer one that Flickr has cut.
pub(super) const MAY_BE_CUT: usize = 180;

/// What all that Flickr may do to a title leaves unchanged, but for the cut.
pub fn canonical(title: &str) -> String {
    let mut text = once(title);
    // An entity may have been encoded twice, or come to light when a character in it was dropped.
    loop {
        let next = once(&text);
        if next == text {
            return text;
        }
        text = next;
    }
}

fn once(title: &str) -> String {
    let decoded: Cow<'_, str> = html_escape::decode_html_entities(title);
    let kept = decoded.chars().filter(|c| !is_dropped(*c));
    let mut text = String::with_capacity(title.len());
    // The first white space of a run, and whether more follow.
    let mut space: Option<(char, bool)> = None;
    for c in kept.nfc() {
        if c.is_whitespace() {
            space = Some((space.map_or(c, |(first, _)| first), space.is_some()));
            continue;
        }
        if let Some((first, more)) = space.take().filter(|_| !text.is_empty()) {
            let is_plain = more || first.is_control() || first == '\u{a0}';
            text.push(if is_plain { ' ' } else { first });
        }
        space = None;
        text.push(c);
    }
    text
}

/// Characters that show nothing: control characters that are no white space, marks of direction, the
/// byte order mark, and what is no character at all.
fn is_dropped(c: char) -> bool {
    let is_control = c.is_control() && !c.is_whitespace();
    let is_mark = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    is_control || is_mark || u32::from(c) & 0xfffe == 0xfffe
}

/// The title that the set of this name (a folder, or its last part) is asked to have.
///
/// It is the name itself, where that is short and canonical, but for how its accents are written: a Mac
/// writes them apart, and nobody wants a hash behind each. Else it is what is left of the name, and a hash
/// of the name at its end: then two names never ask for one title, whatever Flickr makes of it.
pub fn asked(name: &str) -> String {
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
pub fn is_asked_for_alone(name: &str) -> bool {
    asked(name) == name && canonical(name) == name
}

/// Whether `title` may be what Flickr made of this name when it was asked for as it is, as an older version
/// or another tool did. Such a title may belong to several names, so it proves nothing by itself.
pub fn may_be(name: &str, title: &str) -> bool {
    if is_asked_for_alone(name) {
        return false;
    }
    let (name, title) = (skeleton(name), skeleton(title));
    name == title || (title.chars().count() >= MAY_BE_CUT && name.starts_with(&title))
}

/// The canonical form without any white space.
pub fn skeleton(title: &str) -> String {
    let mut text = canonical(title);
    text.retain(|c| !c.is_whitespace());
    text
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
            assert_eq!(asked(name), name);
        }
    }

    #[test]
    fn a_long_or_odd_folder_gets_a_title_that_ends_in_its_hash() {
        let long = "x".repeat(300);
        assert_eq!(asked(&long).len(), 255);
        assert_eq!(asked("a  b"), "a b a002b74a");
        assert_eq!(asked(" "), "folder b858cb28");
        assert_ne!(asked(&format!("{long}1")), asked(&format!("{long}2")));
        assert_ne!(asked("Cafe\u{301}"), asked("Café"));
    }

    #[test]
    fn a_title_that_was_asked_as_it_is_may_be_of_each_name_that_gives_it() {
        assert!(may_be("a  b", "a b") && may_be(" a b", "a b") && may_be("a\tb", "ab"));
        assert!(
            !may_be("a b", "a b"),
            "that one is asked for as it is today"
        );
        let long = "x".repeat(300);
        assert!(may_be(&long, &long[..255]) && !may_be(&long, "xxx"));
    }

    proptest! {
        #[test]
        fn nothing_that_flickr_does_to_a_title_hides_whose_it_is(
            name in "[ a&;lt'\u{301}é\u{a0}\u{7}🙂amp]{1,40}|(ab &){90,100}", changes in prop::collection::vec(0..7_usize, 0..4),
        ) {
            // Room is left for every entity to be written out once.
            prop_assume!(changes.iter().filter(|n| **n == 5).count() < 2);
            let title = asked(&name);
            prop_assert_eq!(canonical(&title), title.nfc().collect::<String>());
            prop_assert!(length(&title) <= LONGEST);
            let stored = changes.iter().fold(title.clone(), |title, n| CHANGES[*n](&title));
            prop_assert_eq!(canonical(&stored), canonical(&title));
        }

        #[test]
        fn two_names_never_ask_for_one_title(a in "[ a&ampé\u{301}\t]{1,6}", b in "[ a&ampé\u{301}\t]{1,6}") {
            // Two that write the same accents in two ways are told apart by what is in their sets.
            prop_assert!(a.nfc().eq(b.nfc()) || canonical(&asked(&a)) != canonical(&asked(&b)));
        }
    }
}
