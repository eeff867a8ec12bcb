//! The rules of `docs/DESIGN.md` that the compiler does not keep, read off the source text.
#![allow(clippy::unwrap_used, reason = "what panics here is a failing test")]

mod arrows;
mod circles;
mod crates;
mod habits;
mod lexer;
mod names;
mod paths;
mod shape;
mod source;

use std::path::Path;

use source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every place that breaks the rule.
#[track_caller]
fn keeps(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

/// The places in files under `folder` whose mentioned path `is_wrong`.
fn wrong_mentions(
    sources: &[Source],
    folder: &str,
    is_wrong: impl Fn(&Source, &[String]) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|s| s.path.starts_with(folder)) {
        for mention in source.mentions() {
            if is_wrong(source, &mention.parts) {
                let (path, line) = (&source.path, mention.line);
                wrong.push(format!("{path}:{line}: {}", mention.parts.join("::")));
            }
        }
    }
    wrong
}

/// The module of ours that a path leads to.
fn ours(parts: &[String]) -> Option<&str> {
    let inside = parts.first().is_some_and(|first| first == "crate");
    parts.get(1).filter(|_| inside).map(String::as_str)
}
