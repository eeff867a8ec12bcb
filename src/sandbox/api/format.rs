//! The envelope of an answer: JSON or XML.

use axum::response::Response;
use serde_json::Value;

use crate::sandbox::api::failure::Failure;
use crate::sandbox::api::xml::{escaped, rsp};
use crate::sandbox::params::Params;
use crate::sandbox::response::typed;

/// The format that the caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// `format=json`, wrapped in a call of this function unless `nojsoncallback=1`.
    Json(Option<String>),
    /// No format, or `format=rest`; uploads always.
    Xml,
}

impl Format {
    /// Reads `format`, `nojsoncallback` and `jsoncallback`.
    pub fn asked_for(params: &Params) -> Result<Self, Failure> {
        match params.filled("format") {
            None | Some("rest") => Ok(Format::Xml),
            Some("json") if params.get("nojsoncallback") == Some("1") => Ok(Format::Json(None)),
            Some("json") => {
                let name = params.filled("jsoncallback").unwrap_or("jsonFlickrApi");
                Ok(Format::Json(Some(name.to_owned())))
            }
            Some(other) => Err(Failure::new(111, format!("Format \"{other}\" not found"))),
        }
    }

    /// A good answer: the fields, and `stat`.
    pub fn ok(&self, fields: &Value) -> Response {
        match self {
            Format::Xml => xml(&rsp("ok", fields)),
            Format::Json(callback) => {
                let mut object = fields.as_object().cloned().unwrap_or_default();
                object.insert("stat".into(), "ok".into());
                jsonp(&Value::Object(object), callback.as_deref())
            }
        }
    }

    /// A refusal.
    pub fn fail(&self, failure: &Failure) -> Response {
        match self {
            Format::Json(callback) => jsonp(&failure.to_json(), callback.as_deref()),
            Format::Xml => {
                let mut inner = format!(
                    "<err code=\"{}\" msg=\"{}\" />",
                    failure.code,
                    escaped(&failure.message)
                );
                for (name, text) in &failure.extra {
                    inner.push_str(&format!("\n<{name}>{}</{name}>", escaped(text)));
                }
                xml(&format!("<rsp stat=\"fail\">\n{inner}\n</rsp>\n"))
            }
        }
    }
}

fn jsonp(value: &Value, callback: Option<&str>) -> Response {
    let text = escape_json(&value.to_string());
    match callback {
        Some(name) => typed("text/javascript; charset=utf-8", format!("{name}({text})")),
        None => typed("application/json; charset=utf-8", text),
    }
}

/// Flickr writes `\/` and `\uXXXX`. Both occur only inside strings, so replacing text is safe.
fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

fn xml(rsp: &str) -> Response {
    typed(
        "text/xml; charset=utf-8",
        format!("<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n{rsp}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_and_xml_show_the_same_tree() {
        let answer = json!({"photosets": {"page": 1, "photoset": [
            {"id": "7", "title": {"_content": "a/b & \"c\""}}, {"id": "8"}]}});
        assert_eq!(
            rsp("ok", &answer).replace('\n', ""),
            "<rsp stat=\"ok\"><photosets page=\"1\"><photoset id=\"7\"><title>a/b &amp; &quot;c&quot;</title>\
             </photoset><photoset id=\"8\"></photoset></photosets></rsp>"
        );
        assert_eq!(
            escape_json(r#"{"a":"é/😀"}"#),
            r#"{"a":"\u00e9\/\ud83d\ude00"}"#
        );
    }
}
