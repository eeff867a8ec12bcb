//! How Flickr reads, stores and normalises tags.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most tags that one photo may carry.
pub const MOST: usize = 75;

/// One tag: as it was typed, and as Flickr made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// As typed, without the quotes around it.
    pub raw: String,
    /// The normalised form: what lists and searches know.
    pub text: String,
    /// Whether it reads `namespace:predicate=value`.
    pub machine: bool,
}

impl Tag {
    /// Normalises what was typed.
    pub fn new(raw: &str) -> Self {
        match machine_parts(raw) {
            Some((name, value)) => Tag {
                raw: raw.to_owned(),
                text: format!("{}={}", name.to_lowercase(), normalise(value)),
                machine: true,
            },
            None => Tag {
                raw: raw.to_owned(),
                text: normalise(raw),
                machine: false,
            },
        }
    }

    /// The number at the end of this tag's id; the same text has the same number everywhere.
    pub fn number(&self) -> u64 {
        // FNV-1a: any stable hash will do, the real numbers mean nothing to a client.
        self.text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
            % 1_000_000_000
    }

    /// The tag as `getInfo` and `addTags` show it.
    pub fn to_json(&self, id: &str, author: &str, author_name: &str) -> Value {
        json!({
            "id": id, "author": author, "authorname": author_name, "raw": self.raw,
            "_content": self.text, "machine_tag": u8::from(self.machine),
        })
    }
}

/// Cuts a field at spaces, keeps what is in double quotes together, and drops repeats.
pub fn parse(field: &str) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for raw in split(field) {
        let tag = Tag::new(&raw);
        if !tags.iter().any(|t| same(t, &tag)) {
            tags.push(tag);
        }
    }
    tags
}

/// Whether Flickr takes two tags for one; tags of symbols only all normalise to nothing.
pub fn same(a: &Tag, b: &Tag) -> bool {
    a.machine == b.machine && a.text == b.text && (!a.text.is_empty() || a.raw == b.raw)
}

fn split(field: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in field.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|w| !w.trim().is_empty());
    words
}

/// Lower case, and every character that is not a Unicode letter, digit or mark is dropped.
pub fn normalise(raw: &str) -> String {
    raw.to_lowercase()
        .chars()
        .filter(|&c| c.is_alphanumeric() || is_mark(c))
        .collect()
}

/// The combining marks that the standard library does not count as alphanumeric.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a
        | 0x64b..=0x65f | 0x93c | 0x94d | 0x9bc | 0x9cd | 0xe31 | 0xe34..=0xe3a | 0xe47..=0xe4e
        | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20f0 | 0x302a..=0x302f
        | 0x3099..=0x309a | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f)
}

/// `namespace:predicate` and the value, when the text is a machine tag.
fn machine_parts(raw: &str) -> Option<(&str, &str)> {
    let (name, value) = raw.split_once('=')?;
    let (namespace, predicate) = name.split_once(':')?;
    (is_name(namespace) && is_name(predicate)).then_some((name, value))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether one term of a search's `machine_tags` argument fits a tag:
/// `ns:`, `ns:pred=`, `ns:pred=value`, with `*` for any of the three.
pub fn machine_match(term: &str, tag: &Tag) -> bool {
    let (term_name, term_value) = cut_equals(term);
    let (term_ns, term_pred) = term_name.split_once(':').unwrap_or((&term_name, ""));
    let (name, value) = cut_equals(&tag.text);
    let (ns, pred) = name.split_once(':').unwrap_or((&name, ""));
    let fits = |want: &str, have: &str| want.is_empty() || want == "*" || want == have;
    let wanted = if term_value == "*" {
        term_value
    } else {
        normalise(&term_value)
    };
    tag.machine && fits(term_ns, ns) && fits(term_pred, pred) && fits(&wanted, &value)
}

fn cut_equals(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_lowercase(), value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_normalise_as_recorded() {
        for (raw, text, machine) in [
            ("f/5.0", "f50", false),
            ("vue-croisée", "vuecroisée", false),
            ("two words", "twowords", false),
            ("extn=mov", "extnmov", false),
            ("location:country=Iceland", "location:country=iceland", true),
            (
                "dc:identifier=http://hdl.loc.gov/x.1",
                "dc:identifier=httphdllocgovx1",
                true,
            ),
            ("camera:model=X-Pro1", "camera:model=xpro1", true),
            ("geh:maker=Atget, Eugène", "geh:maker=atgeteugène", true),
            ("江う", "江う", false),
            ("❤", "", false),
            ("1x:y=z", "1xyz", false),
        ] {
            let tag = Tag::new(raw);
            assert_eq!((tag.text.as_str(), tag.machine), (text, machine), "{raw}");
        }
    }

    #[test]
    fn quotes_keep_words_together() {
        let raws = |field: &str| parse(field).into_iter().map(|t| t.raw).collect::<Vec<_>>();
        assert_eq!(
            raws(r#"one "two words"  three"#),
            ["one", "two words", "three"]
        );
        assert_eq!(
            raws(r#"geo:quartier="plateau mont royal""#),
            ["geo:quartier=plateau mont royal"]
        );
        assert_eq!(raws(r#""a:b=c""#), ["a:b=c"]);
        assert_eq!(raws("Same same SAME"), ["Same"]);
        assert!(raws(" \"\" ").is_empty());
    }

    #[test]
    fn a_comma_joined_list_is_one_plain_tag() {
        let tags = parse("location:country=Iceland,sea");
        assert_eq!(tags.len(), 1);
    }

    #[test]
    fn machine_tags_are_found_by_part_or_whole() {
        let tag = Tag::new("s3flickr:path=abc123");
        for term in [
            "s3flickr:",
            "s3flickr:path=",
            "S3flickr:path=\"ABC123\"",
            "*:*=abc123",
            "s3flickr:path=*",
        ] {
            assert!(machine_match(term, &tag), "{term}");
        }
        assert!(!machine_match("s3flickr:path=abc", &tag));
        assert!(!machine_match("other:", &tag));
    }
}
