//! A refusal by the API, and what every method returns.

use serde_json::{Map, Value, json};

use crate::sandbox::state::NotSaved;
use crate::sandbox::state::data::Perms;

/// What a method of the API returns: the fields of its answer, or a refusal.
pub type MethodResult = Result<Value, Failure>;

/// A refusal by the API: HTTP 200 all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Flickr's number; its meaning depends on the method below 95.
    pub code: u32,
    /// Flickr's text.
    pub message: String,
    /// Further elements, which some upload errors have.
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

    /// Adds a further element.
    pub fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.extra.push((name, text.into()));
        self
    }

    /// The refusal, for the log of calls.
    pub fn outcome(&self) -> String {
        format!("fail {}: {}", self.code, self.message)
    }

    /// The refusal as a JSON object, with `stat`.
    pub fn to_json(&self) -> Value {
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

/// Code 99 in Flickr's words.
pub fn insufficient(required: Perms, granted: Perms) -> Failure {
    let (required, granted) = (required.word(), granted.word());
    Failure::new(
        99,
        format!(
            "Insufficient permissions. Method requires {required} privileges; {granted} granted."
        ),
    )
}

impl From<NotSaved> for Failure {
    fn from(_: NotSaved) -> Self {
        Failure::new(106, "Write operation failed")
    }
}
