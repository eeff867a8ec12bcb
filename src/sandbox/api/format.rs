//! The envelope of an answer: JSON or XML, and the HTML that stands in front of a service in trouble.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use quick_xml::escape::escape;
use serde_json::{Map, Value, json};

use crate::sandbox::params::Params;

/// A refusal by the API: HTTP 200 all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Flickr's number; its meaning depends on the method below 95.
    pub code: u32,
    /// Flickr's words.
    pub message: String,
    /// Elements beside the error, which some upload errors carry.
    pub extra: Vec<(&'static str, String)>,
}

impl Failure {
    /// A refusal without further elements.
    pub fn new(code: u32, message: impl Into<String>) -> Self {
        Failure {
            code,
            message: message.into(),
            extra: Vec::new(),
        }
    }

    /// Adds an element beside the error.
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.extra.push((name, text.into()));
        self
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("stat".into(), "fail".into());
        object.insert("code".into(), self.code.into());
        object.insert("message".into(), self.message.clone().into());
        for (name, text) in &self.extra {
            object.insert((*name).into(), json!({ "_content": text }));
        }
        Value::Object(object)
    }
}

/// What the caller wants to read.
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
                    clean(&failure.message)
                );
                for (name, text) in &failure.extra {
                    inner.push_str(&format!("\n<{name}>{}</{name}>", clean(text)));
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

/// Flickr writes `\/` and `\uXXXX`; both can only stand inside strings, so that text replacement is safe.
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

/// The JSON form and the XML form of an answer are one tree: scalars are attributes,
/// `_content` is text, objects are children, an array is a child repeated.
fn rsp(stat: &str, fields: &Value) -> String {
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
        Value::String(text) => clean(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Escapes, and drops the control characters that XML cannot carry.
fn clean(text: &str) -> String {
    let legal: String = text
        .chars()
        .filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
        .collect();
    escape(&legal).into_owned()
}

/// The fields that come now as a number, now as a string.
const RESTLESS: &[&str] = &[
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

/// Turns the restless numbers of an answer into strings.
pub fn numbers_as_strings(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(numbers_as_strings),
        Value::Object(object) => {
            for (name, value) in object {
                let restless = RESTLESS.contains(&name.as_str())
                    || name.starts_with("width_")
                    || name.starts_with("height_");
                match value {
                    Value::Number(number) if restless => *value = Value::String(number.to_string()),
                    other => numbers_as_strings(other),
                }
            }
        }
        _ => {}
    }
}

/// A 200 with this body.
pub fn typed(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The page that a proxy shows in place of an answer.
pub fn html_error(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let title = format!("{} {reason}", status.as_u16());
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = typed("text/html", body);
    *response.status_mut() = status;
    response
}

/// The 117 bytes that come when too much is asked; there is no `Retry-After`.
pub const THROTTLED: &str = "<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html>\n";

/// The throttle's answer.
pub fn throttled() -> Response {
    let mut response = typed("text/html", THROTTLED);
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_throttle_answers_117_bytes() {
        assert_eq!(THROTTLED.len(), 117);
    }

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
