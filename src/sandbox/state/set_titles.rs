//! What becomes of the title that a set is given. Flickr does not document it; these are the ways to choose from.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The most characters of a title that is cut.
const CUT: usize = 255;

/// How the titles of sets are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Titles {
    /// As they are given.
    #[default]
    AsGiven,
    /// The first 255 characters.
    Cut,
    /// Without white space at either end.
    Trim,
    /// In Unicode's normal form C.
    Nfc,
    /// One space for each run of them.
    OneSpace,
    /// Without control characters.
    NoControls,
    /// `&`, `<`, `>` and quotes written as HTML entities.
    Encode,
    /// HTML entities of those written as what they stand for.
    Decode,
    /// Letters, digits and `/` alone: what no client can foresee.
    LettersAndDigits,
    /// All of the first seven, `encode` last.
    All,
}

impl Titles {
    /// The title as it is kept.
    pub fn kept(self, title: &str) -> String {
        match self {
            Titles::AsGiven => title.to_owned(),
            Titles::Cut => title.chars().take(CUT).collect(),
            Titles::Trim => title.trim().to_owned(),
            Titles::Nfc => title.nfc().collect(),
            Titles::OneSpace => one_space(title),
            Titles::NoControls => title.chars().filter(|c| !c.is_control()).collect(),
            Titles::Encode => encode(title),
            Titles::Decode => decode(title),
            Titles::LettersAndDigits => {
                let kept = |c: &char| c.is_alphanumeric() || *c == '/';
                title.chars().filter(kept).collect()
            }
            Titles::All => {
                let ways = [
                    Titles::NoControls,
                    Titles::Nfc,
                    Titles::OneSpace,
                    Titles::Trim,
                    Titles::Cut,
                    Titles::Encode,
                ];
                ways.iter()
                    .fold(title.to_owned(), |title, way| way.kept(&title))
            }
        }
    }
}

fn one_space(title: &str) -> String {
    let mut kept = String::new();
    for c in title.chars() {
        if c != ' ' || !kept.ends_with(' ') {
            kept.push(c);
        }
    }
    kept
}

const ENTITIES: [(&str, &str); 5] = [
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ("\"", "&quot;"),
    ("'", "&#039;"),
];

fn encode(title: &str) -> String {
    let replace = |title: String, (plain, entity): &(&str, &str)| title.replace(plain, entity);
    ENTITIES.iter().fold(title.to_owned(), replace)
}

fn decode(title: &str) -> String {
    let replace = |title: String, (plain, entity): &(&str, &str)| title.replace(entity, plain);
    ENTITIES.iter().rev().fold(title.to_owned(), replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_keeps_what_it_says() {
        let title = " Cafe\u{301}  &amp; <b>\u{7} ";
        assert_eq!(Titles::Trim.kept(title), "Cafe\u{301}  &amp; <b>\u{7}");
        assert_eq!(Titles::OneSpace.kept(title), " Cafe\u{301} &amp; <b>\u{7} ");
        assert_eq!(Titles::Decode.kept(title), " Cafe\u{301}  & <b>\u{7} ");
        assert_eq!(Titles::All.kept(title), "Café &amp;amp; &lt;b&gt;");
        assert_eq!(Titles::Cut.kept(&"é".repeat(300)), "é".repeat(255));
        assert_eq!(
            Titles::LettersAndDigits.kept("2012/St. Ives"),
            "2012/StIves"
        );
    }
}
