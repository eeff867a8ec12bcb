//! An answer as XML.

use quick_xml::escape::escape;
use serde_json::{Map, Value};

/// The JSON form and the XML form of an answer are one tree: scalars are attributes,
/// `_content` is text, objects are children, an array is a child repeated.
pub fn rsp(stat: &str, fields: &Value) -> String {
    let mut out = String::new();
    let mut root = Map::new();
    root.insert("stat".into(), stat.into());
    for (name, value) in fields.as_object().into_iter().flatten() {
        root.insert(name.clone(), value.clone());
    }
    element(&mut out, "rsp", &Value::Object(root));
    out
}

fn element(out: &mut String, name: &str, value: &Value) {
    let object = match value {
        Value::Array(items) => return items.iter().for_each(|item| element(out, name, item)),
        Value::Object(object) => object,
        scalar => {
            out.push_str(&format!("<{name}>{}</{name}>\n", text_of(scalar)));
            return;
        }
    };
    out.push_str(&format!("<{name}"));
    for (key, value) in object {
        if key != "_content" && !value.is_object() && !value.is_array() {
            out.push_str(&format!(" {key}=\"{}\"", text_of(value)));
        }
    }
    out.push('>');
    if let Some(text) = object.get("_content") {
        out.push_str(&text_of(text));
    }
    let mut children = object
        .iter()
        .filter(|(_, value)| value.is_object() || value.is_array())
        .peekable();
    if children.peek().is_some() {
        out.push('\n');
    }
    children.for_each(|(key, value)| element(out, key, value));
    out.push_str(&format!("</{name}>\n"));
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Escapes, and drops the control characters that XML cannot carry.
pub fn escaped(text: &str) -> String {
    let legal: String = text
        .chars()
        .filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
        .collect();
    escape(&legal).into_owned()
}
