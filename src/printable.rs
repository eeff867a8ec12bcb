//! Text from outside, made safe for a terminal: the only place that says which characters are not.
//!
//! A file may be named so that a terminal that prints the name obeys it: escape sequences, or marks
//! that turn the direction of the text around. What is printed for a person goes through here;
//! JSON and CSV keep the true name.

use std::borrow::Cow;

/// The text with every character that a terminal may obey written as `\u{1b}` is; line ends too.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, obeyed)
}

/// The same for text of several lines, whose ends stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && obeyed(c))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether a terminal does something with it other than to show it: control characters (C0, DEL, C1),
/// line and paragraph separators, and the marks of bidirectional text (Unicode Annex 9).
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (name, shown) in [
            ("a\u{1b}[2Jb.jpg", r"a\u{1b}[2Jb.jpg"),
            ("a\rb", r"a\u{d}b"),
            ("a\nb\t", r"a\u{a}b\u{9}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("gpj.\u{202e}a", r"gpj.\u{202e}a"),
            ("\u{2066}x\u{2069}\u{200f}", r"\u{2066}x\u{2069}\u{200f}"),
        ] {
            assert_eq!(printable(name), shown);
        }
        assert_eq!(printable_lines("a\nb\r"), "a\nb\\u{d}");
        for plain in ["été/Übung 1.jpg", "写真.jpg", "👩‍👩‍👧.jpg", "שלום.jpg"]
        {
            assert!(matches!(printable(plain), Cow::Borrowed(_)), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_printed_obeys_nobody(text in any::<String>()) {
            prop_assert!(!printable(&text).contains(obeyed));
            prop_assert!(!printable_lines(&text).contains(|c| c != '\n' && obeyed(c)));
        }
    }
}
