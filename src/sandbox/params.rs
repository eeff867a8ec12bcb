//! Parameters as they travel: query strings, form bodies and the OAuth header.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The most bytes of a form that a login sends.
pub const LONGEST_FORM: usize = 64 * 1024;

/// RFC 3986 leaves only letters, digits and these four signs unescaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes as OAuth requires (RFC 5849, section 3.6).
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Names and values in the order in which they came; a name may come twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `a=1&b=two+words`, the form of query strings and form bodies.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        });
        Params(pairs.collect())
    }

    /// Reads an `Authorization: OAuth a="1", b="2"` header; `None` for another scheme.
    /// `realm` is no parameter (RFC 5849, section 3.4.1.3.1).
    pub fn from_header(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("oauth") {
            return None;
        }
        let pairs = rest.split(',').filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            Some((decode(name), decode(value.trim_matches('"'))))
        });
        Some(Params(pairs.filter(|(name, _)| name != "realm").collect()))
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Like [`Params::get`], but nothing for an empty value.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Adds one.
    pub fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Params) {
        self.0.extend(other.0);
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_unreserved_characters_stay() {
        assert_eq!(
            encode("aZ09-._~ !*'()+/é"),
            "aZ09-._~%20%21%2A%27%28%29%2B%2F%C3%A9"
        );
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_but_not_in_a_header() {
        assert_eq!(Params::parse("a=1+2&b=%2B&c").get("a"), Some("1 2"));
        assert_eq!(Params::parse("a=1+2&b=%2B&c").get("c"), Some(""));
        let header = Params::from_header(r#"OAuth realm="x", a="1+2", b="%2B""#).unwrap();
        assert_eq!(
            (header.get("a"), header.get("b"), header.get("realm")),
            (Some("1+2"), Some("+"), None)
        );
        assert_eq!(Params::from_header("Bearer abc"), None);
    }
}
