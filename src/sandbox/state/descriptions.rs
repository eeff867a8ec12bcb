//! Descriptions as Flickr keeps them.

/// Flickr rewrites descriptions; what comes back is not byte for byte what was sent.
pub fn rewritten(description: &str) -> String {
    description.replace('"', "&quot;").replace('\'', "&#039;")
}

/// A rewritten description as a browser shows it.
pub fn as_written(description: &str) -> String {
    description.replace("&quot;", "\"").replace("&#039;", "'")
}
