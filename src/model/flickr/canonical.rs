//! The form of a title that nothing changes which Flickr may do to it, but for the cut.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

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

/// The canonical form without any white space.
pub fn skeleton(title: &str) -> String {
    let mut text = canonical(title);
    text.retain(|c| !c.is_whitespace());
    text
}
