//! How a server writes the keys of its lists.
//!
//! A list is asked for with `encoding-type=url`, for XML cannot hold every character. S3 then
//! writes a space as `+` and a plus as `%2B`; other servers leave a plus as it is, or encode
//! nothing, or encode and do not say so (<https://github.com/rclone/rclone/issues/1653> and its
//! like). Taken in the wrong way, one photo is uploaded as another. So a server is not believed
//! but asked, once a list and only where a key leaves room for doubt: it shows how it writes a
//! key when that very key is asked for as a prefix, for which there is one spelling.

use percent_encoding::percent_decode_str;

use super::S3;
use crate::store::Error;

/// What was found out about a server.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// Whether `%` begins an encoded byte.
    percent: Option<bool>,
    /// Whether `+` is a space.
    plus: Option<bool>,
}

impl Spelling {
    /// The key, in bytes, that stands as `text` in a list; `declared` is whether the answer says
    /// that it is encoded.
    pub(super) async fn read(
        &mut self,
        store: &S3,
        text: &str,
        declared: bool,
    ) -> Result<Vec<u8>, Error> {
        if text.contains('%') && !self.is_encoded(store, text).await? {
            return Ok(text.as_bytes().to_vec());
        }
        if text.contains('+') && self.has_spaces(store, text, declared).await? {
            return Ok(decoded(&text.replace('+', " ")));
        }
        Ok(decoded(text))
    }

    async fn is_encoded(&mut self, store: &S3, text: &str) -> Result<bool, Error> {
        if let Some(known) = self.percent {
            return Ok(known);
        }
        // Encoded, the percent sign of such a key would be another text.
        let encoded = !store.writes(text, text).await?;
        self.percent = Some(encoded);
        Ok(encoded)
    }

    async fn has_spaces(&mut self, store: &S3, text: &str, declared: bool) -> Result<bool, Error> {
        if let Some(known) = self.plus {
            return Ok(known);
        }
        let (plus, space) = (decoded(text), decoded(&text.replace('+', " ")));
        let asked = |key: Vec<u8>| async move {
            match String::from_utf8(key) {
                Ok(key) => store.writes(&key, text).await,
                Err(_) => Ok(false),
            }
        };
        match (asked(plus).await?, asked(space).await?) {
            (true, true) => Err(store.contradiction(format!(
                "it writes both a plus and a space as {text:?}, so that nobody can tell which file is meant; rename one"
            ))),
            (false, false) => Ok(declared),
            (_, spaces) => {
                self.plus = Some(spaces);
                Ok(spaces)
            }
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}
