//! An error with its causes, as a person reads it.

use std::error::Error;

/// The message with those of all its causes, separated by colons.
pub fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The last cause, in one line: what a person can act on ("connection refused").
pub fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    // An external program's words come with the ends of its lines.
    last.to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
