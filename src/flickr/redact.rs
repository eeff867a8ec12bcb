//! Keys, tokens and signatures cut out of what Flickr says, before anyone logs or shows it.
//!
//! Its refusal of a signature repeats the whole base string; a message may name the key; and an
//! answer that cannot be read is quoted where it went wrong.

use super::Error;

/// Parameters whose values are nobody's business.
const NAMES: [&str; 10] = [
    "oauth_consumer_key",
    "oauth_token_secret",
    "oauth_token",
    "oauth_verifier",
    "oauth_nonce",
    "oauth_signature",
    "api_key",
    "api_sig",
    "auth_token",
    "password",
];
/// What may stand between a name and its value: as it is, encoded once or twice, in JSON.
const BETWEEN: [&str; 6] = ["=\"", "=", "%3D", "%253D", "\":\"", "\": \""];
/// What ends a value.
const ENDS: [&str; 9] = ["&", "%26", "%2526", "\"", ",", "<", " ", "\n", "\r"];
/// What is shown in its place.
const CUT: &str = "...";

/// `text` without these secrets, and without the values of parameters that hold any.
pub(super) fn text(text: &str, secrets: &[&str]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        shown = shown.replace(secret, CUT);
    }
    for name in NAMES {
        shown = without_values(&shown, name);
    }
    shown
}

/// `text` without what follows each `name`.
fn without_values(text: &str, name: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at + name.len());
        shown.push_str(before);
        rest = after;
        let between = BETWEEN.iter().find(|between| rest.starts_with(**between));
        if let Some(between) = between {
            shown.push_str(between);
            shown.push_str(CUT);
            let value = &rest[between.len()..];
            let end = ENDS.iter().filter_map(|end| value.find(end)).min();
            rest = &value[end.unwrap_or(value.len())..];
        }
    }
    shown.push_str(rest);
    shown
}

/// The same error, its words through [`text`].
pub(super) fn error(mut error: Error, secrets: &[&str]) -> Error {
    match &mut error {
        Error::Unavailable { why: words, .. }
        | Error::Ambiguous { why: words, .. }
        | Error::Refused { message: words, .. }
        | Error::NotFound { message: words, .. }
        | Error::AccountFull { message: words }
        | Error::KeyDisabled { message: words }
        | Error::TokenRevoked { message: words }
        | Error::Rights { message: words }
        | Error::Unexpected { message: words, .. } => *words = text(words, secrets),
        _ => {}
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_string_is_shown_without_what_was_signed_with() {
        let said = "oauth_problem=signature_invalid&debug_sbs=GET&https%3A%2F%2Fapi.flickr.com\
                    &method%3Dflickr.test.login%26oauth_consumer_key%3D653e7a6e%26oauth_nonce%3D1\
                    %26oauth_token%3D72157-a2\\n";
        let shown = text(said, &[]);
        for secret in ["653e7a6e", "72157-a2", "nonce%3D1"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        for kept in ["oauth_problem=signature_invalid", "flickr.test.login"] {
            assert!(shown.contains(kept), "{kept} not in {shown}");
        }
    }

    #[test]
    fn secrets_are_cut_in_every_form_that_an_answer_has() {
        for said in [
            "oauth_token=72157-a2&oauth_token_secret=fccb68",
            r#"{"oauth_token":"72157-a2","oauth_token_secret": "fccb68"}"#,
            r#"OAuth oauth_token="72157-a2",oauth_token_secret="fccb68""#,
            "oauth_token%253D72157-a2%2526oauth_token_secret%253Dfccb68",
            "Invalid auth token (72157-a2), fccb68",
        ] {
            let shown = text(said, &["72157-a2", "fccb68", ""]);
            let bare = text(said, &[]);
            assert!(!shown.contains("72157-a2") && !shown.contains("fccb68"));
            assert_eq!(
                bare.contains("fccb68"),
                said.starts_with("Invalid"),
                "{bare}"
            );
        }
    }
}
