//! Rust source as the rules look at it: code without comments, texts and tests.

use std::path::Path;

use crate::lexer::{without_comments, without_tests};
use crate::paths::{Import, Mention, imports_in, paths_in};

/// The command line's folder: a crate of its own, with a root of its own.
const COMMAND_LINE: &str = "src/bin/s3flickr/";

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

impl Source {
    /// A file with this text.
    pub fn new(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_tests(&without_comments(text)),
        }
    }

    /// The paths that the code mentions, those to modules of ours as `crate::...` from `src/`:
    /// a module of the command line is `crate::bin::s3flickr::...`.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut mentions = paths_in(&self.code);
        for mention in &mut mentions {
            self.make_absolute(&mut mention.parts);
        }
        mentions
    }

    /// What the `use` items of the code bring in.
    pub fn imports(&self) -> Vec<Import> {
        let mut imports = imports_in(&self.code);
        for import in &mut imports {
            self.make_absolute(&mut import.parts);
        }
        imports
    }

    fn make_absolute(&self, parts: &mut Vec<String>) {
        if parts[0] == "crate" && self.path.starts_with(COMMAND_LINE) {
            let root = ["bin", "s3flickr"].map(str::to_owned);
            parts.splice(1..1, root);
        }
        make_absolute(parts, &module_of(&self.path));
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
pub fn module_of(path: &str) -> Vec<String> {
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

#[test]
fn imports_are_read_with_their_names() {
    let text = "pub use error::Error;\nuse crate::{a::{self, b as c}, d::*};";
    let source = Source::new("src/queue/mod.rs", text);
    let found: Vec<_> = source
        .imports()
        .into_iter()
        .map(|import| (import.parts.join("::"), import.name, import.is_public))
        .collect();
    let import = |path: &str, name: &str, is_public| (path.to_owned(), name.to_owned(), is_public);
    let expected = [
        import("error::Error", "Error", true),
        import("crate::a", "a", false),
        import("crate::a::b", "c", false),
        import("crate::d::*", "*", false),
    ];
    assert_eq!(found, expected);
}
