//! What is named in the documents exists, and the top level holds what it should.

use std::path::Path;

/// The folders whose files the documents name.
const FOLDERS: [&str; 4] = ["src/", "tests/", "docs/", "examples/"];
/// What may be at the top level, beside dot files and what git ignores.
const TOP: [&str; 8] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "docs",
    "examples",
    "rust-toolchain.toml",
    "src",
];

/// The documents that name paths.
fn documents(root: &Path) -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for entry in walkdir::WalkDir::new(root.join("docs")).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        let path = entry.path().strip_prefix(root).expect("below the root");
        let path = path.to_string_lossy().replace('\\', "/");
        if path.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// The paths that a document names, with their lines: in backticks, or as the target of a link.
fn paths_named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let quoted = line.split('`').skip(1).step_by(2);
        for path in quoted.flat_map(str::split_whitespace) {
            if FOLDERS.iter().any(|folder| path.starts_with(folder)) {
                found.push((number, path.to_owned()));
            }
        }
        for link in line.split("](").skip(1) {
            let target = link.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// Whether a document below `root` may name this: from the root, or from its own folder.
fn exists(root: &Path, document: &str, path: &str) -> bool {
    let plain = path.trim_end_matches(['.', ',', ';', ':']);
    // `src/queue/sqs*` and `src/{a,b}` name what they begin with.
    let fixed = plain.split(['*', '{', '<']).next().unwrap_or_default();
    let folder = root.join(document);
    let folder = folder.parent().expect("the document's folder");
    [root, folder].iter().any(|base| base.join(fixed).exists())
}

#[test]
fn every_path_named_in_the_documents_exists() {
    let root = crate::root();
    let mut missing = Vec::new();
    for document in documents(root) {
        let text = std::fs::read_to_string(root.join(&document)).unwrap_or_default();
        for (line, path) in paths_named(&text) {
            if !exists(root, &document, &path) {
                missing.push(format!("{document}:{line}: {path}"));
            }
        }
    }
    crate::keeps("every path named in the documents exists", missing);
}

#[test]
fn a_path_that_is_not_there_is_noticed() {
    let text =
        "See `src/lib.rs` and `src/gone.rs`,\n[here](docs/gone.md#x) or [there](https://a.b/c).";
    let named = paths_named(text);
    let lost = |(line, path): &(usize, String)| {
        let there = exists(crate::root(), "README.md", path);
        (!there).then(|| (*line, path.clone()))
    };
    let lost: Vec<_> = named.iter().filter_map(lost).collect();
    assert_eq!(
        lost,
        [(1, "src/gone.rs".into()), (2, "docs/gone.md".into())]
    );
}

/// Whether a name may be at the top level.
fn belongs(name: &str) -> bool {
    let built = ["target", "tests"].contains(&name);
    let licence = name == "LICENSE" || name.starts_with("LICENSE-");
    name.starts_with('.') || built || licence || TOP.contains(&name)
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let entries = std::fs::read_dir(crate::root()).expect("the repository");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut strangers: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !belongs(name))
        .collect();
    strangers.sort();
    crate::keeps("the top level is for what the design names", strangers);
}

#[test]
fn a_stranger_at_the_top_level_is_noticed() {
    assert!(!belongs("notes.txt"));
    assert!(!belongs("scripts"));
    assert!(belongs("LICENSE-MIT") && belongs(".gitignore") && belongs("tests"));
}
