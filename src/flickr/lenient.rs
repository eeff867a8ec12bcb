//! Flickr's loose typing: numbers that are strings, texts that are objects. For `deserialize_with`.
//!
//! The same field is a number in one answer and a string in another, and was even the empty string
//! under load; a text is bare in lists and `{"_content": "..."}` elsewhere.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A whole number, or `None` where there is none (`""`, `null`, `"lots"`).
pub(super) fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Ok(as_number(&Value::deserialize(input)?))
}

/// A text; ids too, which are strings but need not be.
pub(super) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    Ok(as_text(&Value::deserialize(input)?).unwrap_or_default())
}

/// What `value` says as a whole number.
pub(super) fn as_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(fields) => as_number(fields.get("_content")?),
        _ => None,
    }
}

/// What `value` says as a text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(fields) => as_text(fields.get("_content")?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_may_be_a_string() {
        for value in [
            json!(206004),
            json!("206004"),
            json!({"_content": "206004"}),
        ] {
            assert_eq!(as_number(&value), Some(206_004));
        }
        for value in [json!(""), json!("lots"), json!(null), json!([])] {
            assert_eq!(as_number(&value), None);
        }
    }

    #[test]
    fn a_text_may_be_bare_or_wrapped_or_a_number() {
        assert_eq!(as_text(&json!("Oslo")).as_deref(), Some("Oslo"));
        assert_eq!(
            as_text(&json!({"_content": "Oslo"})).as_deref(),
            Some("Oslo")
        );
        assert_eq!(
            as_text(&json!(72157636216289703_i64)).as_deref(),
            Some("72157636216289703")
        );
        assert_eq!(as_text(&json!(null)), None);
    }
}
