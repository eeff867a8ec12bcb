//! What the documents and the manifest say is so.
#![allow(clippy::unwrap_used, reason = "what panics here is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `folder` whose name ends with `end`.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect()
}

/// The features that a table of dependencies asks for, by crate.
fn features(table: Option<&Item>) -> BTreeMap<String, BTreeSet<String>> {
    let table = table.and_then(Item::as_table_like);
    let entries = table.into_iter().flat_map(TableLike::iter);
    let of = |item: &Item| {
        let listed = item.as_table_like().and_then(|table| table.get("features"));
        let listed = listed.and_then(Item::as_array).into_iter().flatten();
        listed
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    entries
        .map(|(name, item)| (name.to_owned(), of(item)))
        .collect()
}

/// Features that the tests alone ask of a crate that the program has too.
fn asked_by_tests_alone(manifest: &DocumentMut) -> Vec<String> {
    let program = features(manifest.get("dependencies"));
    let tests = features(manifest.get("dev-dependencies"));
    let more = |(name, features): (&String, &BTreeSet<String>)| {
        let there = program.get(name)?;
        (!features.is_subset(there)).then(|| name.clone())
    };
    tests.iter().filter_map(more).collect()
}

#[test]
fn a_build_for_the_tests_uses_what_a_build_to_run_has_built() {
    let manifest: DocumentMut = read("Cargo.toml").parse().unwrap();
    let twice = asked_by_tests_alone(&manifest);
    assert!(
        twice.is_empty(),
        "cargo builds these, and all above them, twice: {twice:?}"
    );
}

#[test]
fn a_feature_that_only_tests_ask_for_is_noticed() {
    let manifest = "[dependencies]\na = { version = '1', features = ['x'] }\nb = '1'\n\
                    [dev-dependencies]\na = { version = '1', features = ['y'] }\nc = '1'\n";
    assert_eq!(asked_by_tests_alone(&manifest.parse().unwrap()), ["a"]);
}

/// The names in backticks that look like those of tests: many words joined by underscores.
fn tests_named(text: &str) -> BTreeSet<&str> {
    let lines = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let names = lines.flat_map(|quoted| quoted.split("::").last());
    let name = |name: &&str| {
        name.matches('_').count() >= 4
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    names.filter(name).collect()
}

/// The functions that the source has.
fn functions() -> BTreeSet<String> {
    let sources = ["src", "tests", "examples"].map(|folder| files(folder, ".rs"));
    let mut found = BTreeSet::new();
    for path in sources.into_iter().flatten() {
        let text = std::fs::read_to_string(path).unwrap();
        for rest in text.split("fn ").skip(1) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            found.insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    found
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let functions = functions();
    let mut missing = Vec::new();
    for path in files("docs", ".md") {
        let text = std::fs::read_to_string(&path).unwrap();
        let lost = tests_named(&text).into_iter();
        let lost = lost.filter(|name| !functions.contains(*name));
        missing.extend(lost.map(|name| format!("{}: {name}", path.display())));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn only_names_of_tests_are_taken_for_them() {
    let text =
        "`one_that_is_a_test` and `a::b::another_test_of_five_words`, `aws-lc`, `max_errors`";
    let named = ["another_test_of_five_words", "one_that_is_a_test"];
    assert_eq!(tests_named(text), named.into());
}

/// Words that a reader of English stumbles over, or that have a plainer one.
const STUMBLED_OVER: [&str; 8] = [
    "whoever",
    "so many ",
    "passed over",
    "anew",
    "in hand",
    "stand-in",
    "put back whole",
    "dearer",
];

#[test]
fn the_documents_are_in_plain_english() {
    let mut found = Vec::new();
    let pages = ["README.md", "CHANGELOG.md"].map(|page| root().join(page));
    for path in files("docs", ".md").into_iter().chain(pages) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            // The names of tests stand in backticks.
            let prose: String = line.split('`').step_by(2).collect();
            let words = STUMBLED_OVER.iter().filter(|words| prose.contains(**words));
            found.extend(words.map(|words| format!("{}:{number}: {words}", path.display())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
