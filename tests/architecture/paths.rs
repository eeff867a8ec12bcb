//! The paths and imports in some code.

use crate::lexer::{Token, tokens};

/// A path in the code, such as `crate::model::Key`, groups of a `use` taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Where, counted from 1.
    pub line: usize,
    /// Its parts.
    pub parts: Vec<String>,
}

/// One name that a `use` item brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What it stands for.
    pub parts: Vec<String>,
    /// The name that it has here: the last part, or what follows `as`; `*` for all.
    pub name: String,
    /// Whether it is handed on: `pub use`.
    pub is_public: bool,
}

/// Every path of two parts or more, and every single name that a `use` brings in.
pub fn paths_in(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = found.len();
        let begins = at;
        at = path_at(&tokens, at, &[], &mut found).max(begins + 1);
        let used = begins > 0 && tokens[begins - 1].1 == "use";
        if !used && found[before..].iter().all(|m: &Mention| m.parts.len() < 2) {
            found.truncate(before);
        }
    }
    found
}

/// Reads the path at `at`, below `prefix`, into `found`; answers where it ends.
fn path_at(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Mention>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.1);
    let is_word = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let begins = at;
    let mut parts = prefix.to_vec();
    while is_word(text(at)) {
        parts.push(text(at).to_owned());
        at += 1;
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    if at > begins && text(at) == "{" && text(at - 1) == "::" {
        at += 1;
        while at < tokens.len() && text(at) != "}" {
            at = path_at(tokens, at, &parts, found).max(at + 1);
        }
        return at + 1;
    }
    if at > begins {
        let line = tokens[begins].0;
        found.push(Mention { line, parts });
    }
    at
}

/// Every name that a `use` of the code brings in.
pub fn imports_in(code: &str) -> Vec<Import> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at].1 == "use" {
            let before = at.checked_sub(1).map_or("", |before| tokens[before].1);
            let first = found.len();
            use_tree(&tokens, at + 1, &[], &mut found);
            for import in &mut found[first..] {
                import.is_public = ["pub", ")"].contains(&before);
            }
        }
    }
    found.retain(|import: &Import| !import.parts.is_empty());
    found
}

/// Reads one tree of a `use` below `prefix` into `found`; answers where it ends.
fn use_tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Import>) -> usize {
    let text = |at: usize| tokens.get(at).map_or(";", |token| token.1);
    let mut parts = prefix.to_vec();
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while !["}", ";"].contains(&text(at)) {
                    at = use_tree(tokens, at, &parts, found);
                    at += usize::from(text(at) == ",");
                }
                return at + 1;
            }
            "::" => at += 1,
            "," | "}" | ";" | "as" => break,
            word => {
                parts.push(word.to_owned());
                at += 1;
            }
        }
    }
    // `self` in a group is the module itself.
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "self") {
        parts.pop();
    }
    let mut name = parts.last().cloned().unwrap_or_default();
    if text(at) == "as" {
        name = text(at + 1).to_owned();
        at += 2;
    }
    let is_public = false;
    found.push(Import {
        parts,
        name,
        is_public,
    });
    at
}
