//! Numbers that Flickr writes as a number in one answer and as a string in the next.

use serde_json::Value;

/// The fields whose type changes from answer to answer.
const UNSTABLE: &[&str] = &[
    "total",
    "pages",
    "perpage",
    "per_page",
    "isprimary",
    "photos",
    "videos",
    "count_views",
    "count_photos",
    "maxbytes",
    "usedbytes",
    "remainingbytes",
    "maxupload",
    "takenunknown",
    "width",
    "height",
];

/// Turns those numbers of an answer into strings.
pub fn numbers_as_strings(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(numbers_as_strings),
        Value::Object(object) => {
            for (name, value) in object {
                let unstable = UNSTABLE.contains(&name.as_str())
                    || name.starts_with("width_")
                    || name.starts_with("height_");
                match value {
                    Value::Number(number) if unstable => *value = Value::String(number.to_string()),
                    other => numbers_as_strings(other),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn some_numbers_become_strings_and_others_never() {
        let mut answer =
            json!({"photos": {"page": 1, "total": 3, "photo": [{"ispublic": 0, "width_o": 9}]}});
        numbers_as_strings(&mut answer);
        assert_eq!(
            answer,
            json!({"photos": {"page": 1, "total": "3", "photo": [{"ispublic": 0, "width_o": "9"}]}})
        );
    }
}
