//! Rust source as the rules look at it: code without comments, texts and tests.

use std::path::Path;

/// One file of source.
pub struct Source {
    /// Its path below the repository's root, with `/`.
    pub path: String,
    /// Its text as it is.
    pub text: String,
    /// The same with comments, the insides of string literals and test items blanked out; every
    /// line keeps its number.
    pub code: String,
}

/// A path in the code, such as `crate::model::Key`, groups of a `use` taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Where, counted from 1.
    pub line: usize,
    /// Its parts.
    pub parts: Vec<String>,
}

impl Source {
    /// A file with this text.
    pub fn new(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_tests(&without_comments(text)),
        }
    }

    /// The paths that the code mentions, those to this crate's own modules as `crate::...`.
    pub fn mentions(&self) -> Vec<Mention> {
        let home = module_of(&self.path);
        let mut mentions = paths_in(&self.code);
        for mention in &mut mentions {
            make_absolute(&mut mention.parts, &home);
        }
        mentions
    }

    /// The lines of the code that contain `text`.
    pub fn lines_with(&self, text: &str) -> Vec<usize> {
        let lines = self.code.lines().zip(1..);
        let found = lines.filter(|(line, _)| line.contains(text));
        found.map(|(_, number)| number).collect()
    }

    /// The modules that this file declares for tests only, as the prefixes of their files' paths.
    fn test_modules(&self) -> Vec<String> {
        let bare = without_comments(&self.text);
        let lines: Vec<&str> = bare.lines().map(str::trim).collect();
        let folder = folder_of_children(&self.path);
        let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        let names = pairs.filter_map(|pair| {
            let (_, name) = pair[1].split_once("mod ")?;
            name.strip_suffix(';')
        });
        names.map(|name| format!("{folder}/{name}")).collect()
    }
}

/// All files of source below `folder`, but for the files of tests.
pub fn sources(root: &Path, folder: &str) -> Vec<Source> {
    let mut all = Vec::new();
    for path in rust_files(root, folder) {
        let text = std::fs::read_to_string(root.join(&path)).expect("source in UTF-8");
        all.push(Source::new(&path, &text));
    }
    let tests: Vec<String> = all.iter().flat_map(Source::test_modules).collect();
    let is_test = |path: &str| {
        let below = |module: &String| {
            let rest = path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        tests.iter().any(below)
    };
    all.retain(|source| !is_test(&source.path));
    all
}

/// The paths of all `.rs` files below `folder`, sorted.
pub fn rust_files(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        let path = entry.path().strip_prefix(root).expect("below the root");
        let path = path.to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && path.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// The module that a file is, from its path: `src/queue/sqs/mod.rs` is `queue::sqs`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// The folder in which a file's child modules are.
fn folder_of_children(path: &str) -> String {
    let module = module_of(path).join("/");
    format!("src/{module}").trim_end_matches('/').to_owned()
}

/// Makes `self::`, `super::` and the library's own name into `crate::`.
fn make_absolute(parts: &mut Vec<String>, home: &[String]) {
    let mut base = match parts[0].as_str() {
        "s3flickr" => Vec::new(),
        "self" | "super" => home.to_vec(),
        _ => return,
    };
    let mut rest = parts.iter().peekable();
    if parts[0] != "super" {
        rest.next();
    }
    while rest.next_if(|part| *part == "super").is_some() {
        base.pop();
    }
    let whole = ["crate".to_owned()].into_iter().chain(base);
    *parts = whole.chain(rest.cloned()).collect();
}

/// A token: a word, `::`, or another character.
type Token<'a> = (usize, &'a str);

fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (line, number) in code.lines().zip(1..) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push((number, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Every path of two parts or more, and every single name that a `use` brings in.
fn paths_in(code: &str) -> Vec<Mention> {
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

/// Blanks out comments and the insides of string and character literals.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, blanked) = literal_or_comment(rest).unwrap_or_else(|| {
            // A word as a whole: the `r` at its end begins no raw string.
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            (end.unwrap_or(rest.len()).max(first.len_utf8()), 0)
        });
        let (inside, after) = rest[kept..].split_at(blanked);
        code.push_str(&rest[..kept]);
        code.extend(inside.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    code
}

/// What begins here: how many bytes stay, and how many are blanked out after them, the closing
/// quote among these.
fn literal_or_comment(text: &str) -> Option<(usize, usize)> {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at);
    if text.starts_with("//") {
        return Some((0, until("\n", 0)));
    }
    if text.starts_with("/*") {
        return Some((0, (until("*/", 2) + 2).min(text.len())));
    }
    if let Some(raw) = text.strip_prefix("br").or(text.strip_prefix('r')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let opening = text.len() - raw.len() + hashes + 1;
            let closing = format!("\"{}", "#".repeat(hashes));
            let end = (until(&closing, opening) + closing.len()).min(text.len());
            return Some((opening, end - opening));
        }
    }
    if let Some(inside) = text.strip_prefix('"') {
        return Some((1, quoted(inside)));
    }
    let inside = text.strip_prefix('\'')?;
    let character = inside.chars().next()?;
    if character == '\\' {
        return Some((1, until("'", 3).min(text.len() - 1)));
    }
    // Otherwise it is a lifetime.
    let length = character.len_utf8();
    inside[length..]
        .starts_with('\'')
        .then_some((1, length + 1))
}

/// The length of a literal's inside with the closing quote, which is a blank as well.
fn quoted(inside: &str) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// Blanks out every item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let (before, item) = rest.split_at(at);
        kept.push_str(before);
        let length = item_length(&item[MARK.len()..]) + MARK.len();
        kept.extend(item[..length].chars().filter(|c| *c == '\n'));
        rest = &item[length..];
    }
    kept.push_str(rest);
    kept
}

/// The length of the item at the start: to its `;` or `,`, or to the end of its braces.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' if depth == 0 => return at,
            '}' if depth == 1 => return at + 1,
            '}' | ')' | ']' => depth -= 1,
            ';' | ',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_and_texts_are_no_code() {
    let source = Source::new(
        "src/a.rs",
        "// a::b\nlet x = \"c::d \\\" e::f\"; /* g::h\n */ i::j; r#\"k::l \" x::y\"#; '\"'; '\\''; '{'; m::n",
    );
    let found: Vec<_> = source
        .mentions()
        .iter()
        .map(|m| (m.line, m.parts.join("::")))
        .collect();
    assert_eq!(found, [(3, "i::j".to_owned()), (3, "m::n".to_owned())]);
}

#[test]
fn what_is_only_for_tests_is_no_code() {
    let text = "use a::b;\n#[cfg(test)]\nmod tests {\n fn x() { c::d() }\n}\n#[cfg(test)]\nmod y;\nuse e::f;";
    let source = Source::new("src/queue/mod.rs", text);
    let found: Vec<_> = source
        .mentions()
        .iter()
        .map(|m| (m.line, m.parts.join("::")))
        .collect();
    assert_eq!(found, [(1, "a::b".to_owned()), (8, "e::f".to_owned())]);
    assert_eq!(source.test_modules(), ["src/queue/y"]);
}

#[test]
fn groups_are_taken_apart_and_relative_paths_made_absolute() {
    let text =
        "use crate::{a::{b, c}, d};\nuse super::super::flickr::X;\nself::e(); s3flickr::g();";
    let source = Source::new("src/queue/sqs/calls.rs", text);
    let found: Vec<_> = source
        .mentions()
        .iter()
        .map(|m| m.parts.join("::"))
        .collect();
    let expected = [
        "crate::a::b",
        "crate::a::c",
        "crate::d",
        "crate::queue::flickr::X",
        "crate::queue::sqs::calls::e",
        "crate::g",
    ];
    assert_eq!(found, expected);
}
