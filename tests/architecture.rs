//! The rules of `docs/DESIGN.md` that the compiler does not keep, read off the source text.
#![allow(clippy::unwrap_used, reason = "what panics here is a failing test")]

#[path = "architecture/names.rs"]
mod names;
#[path = "architecture/source.rs"]
mod source;

use std::path::Path;

use source::{Source, sources};

/// The services; each is told of by its folder's name.
const EDGES: [&str; 3] = ["store", "queue", "flickr"];
/// What `model` may use besides the standard library: formats and hashes, and nothing that acts.
const MODEL_CRATES: [&str; 8] = [
    "serde",
    "serde_json",
    "thiserror",
    "data_encoding",
    "percent_encoding",
    "sha1",
    "html_escape",
    "unicode_normalization",
];
/// What acts: time, chance, files, the network.
const ACTS: [&str; 7] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
];
/// What only the command line may use.
const COMMAND_LINE_CRATES: [&str; 7] = [
    "anyhow",
    "clap",
    "clap_complete",
    "comfy_table",
    "csv",
    "indicatif",
    "tracing_subscriber",
];
/// Crates that one file may use, or the folder of that name.
const HOMES: [(&str, &str); 5] = [
    ("aws_sdk_s3", "src/store/s3"),
    ("aws_sdk_sqs", "src/queue/sqs"),
    ("oauth1_request", "src/flickr/oauth"),
    ("rusqlite", "src/queue/sqlite"),
    ("etcetera", "src/config"),
];
/// No file is longer, in lines.
const LONGEST: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every place that breaks a rule.
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

/// The crates of `Cargo.toml`, as code names them.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut named = Vec::new();
    let mut listed = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            listed = line.contains("dependencies]");
        } else if let (true, Some((name, _))) = (listed, line.split_once(" = ")) {
            named.push(name.trim().replace('-', "_"));
        }
    }
    named
}

#[test]
fn the_model_imports_nothing_of_ours_and_nothing_that_acts() {
    let broken = impure(&sources(root(), "src"), &dependencies());
    keeps(
        "model is pure: std and formats, no I/O, clock or chance",
        broken,
    );
}

fn impure(sources: &[Source], crates: &[String]) -> Vec<String> {
    let folder = "src/model/";
    let mut broken = wrong_mentions(sources, folder, |_, parts| {
        let acts = ACTS.iter().any(|acting| {
            let path = parts.join("::");
            path == *acting || path.starts_with(&format!("{acting}::"))
        });
        let foreign = crates.contains(&parts[0]) && !MODEL_CRATES.contains(&parts[0].as_str());
        acts || foreign || ours(parts).is_some_and(|module| module != "model")
    });
    for source in sources.iter().filter(|s| s.path.starts_with(folder)) {
        for word in ["async ", ".await", "SystemTime", "Instant::now"] {
            let lines = source.lines_with(word).into_iter();
            broken.extend(lines.map(|line| format!("{}:{line}: {word}", source.path)));
        }
    }
    broken
}

#[test]
fn an_impure_model_is_noticed() {
    let crates = ["tokio".to_owned(), "serde".to_owned()];
    let noticed = |line: &str| !impure(&[Source::new("src/model/x.rs", line)], &crates).is_empty();
    assert!(noticed("use tokio::sync::Mutex;"));
    assert!(noticed("use crate::queue::Job;"));
    assert!(noticed("use std::{fmt, fs};"));
    assert!(noticed("let now = std::time::SystemTime::now();"));
    assert!(noticed("pub async fn f() {}"));
    assert!(!noticed(
        "use std::time::Duration; use serde::Serialize; use crate::model::Key;"
    ));
    assert!(!noticed("use super::key::Key;"));
}

#[test]
fn no_edge_imports_another_but_for_the_store_that_is_flickr() {
    let broken = edges_that_know_edges(&sources(root(), "src"));
    keeps("store, queue and flickr do not know each other", broken);
}

fn edges_that_know_edges(sources: &[Source]) -> Vec<String> {
    wrong_mentions(sources, "src/", |source, parts| {
        let Some(to) = ours(parts) else { return false };
        let Some(from) = edge_of(&source.path) else {
            return false;
        };
        let adapter = source.path == "src/store/flickr.rs" && to == "flickr";
        from != to && !adapter && (EDGES.contains(&to) || to == "ops" || to == "sandbox")
    })
}

/// The edge that a file is a part of.
fn edge_of(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("src/")?.split(['/', '.']).next()?;
    EDGES.into_iter().find(|edge| *edge == name)
}

#[test]
fn an_edge_that_knows_another_is_noticed() {
    let noticed =
        |path: &str, line: &str| !edges_that_know_edges(&[Source::new(path, line)]).is_empty();
    assert!(noticed(
        "src/queue/mod.rs",
        "use crate::{model, store::Store};"
    ));
    assert!(noticed(
        "src/store/s3.rs",
        "fn f() -> super::super::flickr::Client {}"
    ));
    assert!(noticed("src/flickr/rest.rs", "use s3flickr::ops::work;"));
    assert!(!noticed(
        "src/store/flickr.rs",
        "use crate::flickr::Client;"
    ));
    assert!(!noticed(
        "src/queue/sqs.rs",
        "use super::lease; use crate::queue::Error;"
    ));
}

#[test]
fn only_the_operations_hold_two_edges() {
    let broken = holders_of_two(&sources(root(), "src"));
    keeps(
        "only ops imports two edges (and error.rs, for their errors)",
        broken,
    );
}

fn holders_of_two(sources: &[Source]) -> Vec<String> {
    // The command line opens the services and hands them on.
    let may = ["src/ops/", "src/bin/", "src/error.rs"];
    let others = sources
        .iter()
        .filter(|s| !may.iter().any(|m| s.path.starts_with(m)));
    let mut broken = Vec::new();
    for source in others {
        let mentions = source.mentions();
        let mut edges: Vec<&str> = mentions.iter().filter_map(|m| ours(&m.parts)).collect();
        edges.retain(|module| EDGES.contains(module));
        edges.sort_unstable();
        edges.dedup();
        let adapter = source.path == "src/store/flickr.rs" && edges == ["flickr", "store"];
        if edges.len() > 1 && !adapter {
            broken.push(format!("{}: {}", source.path, edges.join(" and ")));
        }
    }
    broken
}

#[test]
fn a_holder_of_two_edges_is_noticed() {
    let text = "use crate::queue::Queue;\nuse crate::store::Store;";
    let noticed = |path: &str| !holders_of_two(&[Source::new(path, text)]).is_empty();
    assert!(noticed("src/stop.rs"));
    assert!(!noticed("src/ops/work.rs"));
}

#[test]
fn the_edges_do_not_know_the_monitor() {
    let broken = edges_that_monitor(&sources(root(), "src"));
    keeps("an edge answers, and only ops tells the Monitor", broken);
}

fn edges_that_monitor(sources: &[Source]) -> Vec<String> {
    wrong_mentions(sources, "src/", |source, parts| {
        edge_of(&source.path).is_some() && ours(parts) == Some("monitor")
    })
}

#[test]
fn an_edge_that_knows_the_monitor_is_noticed() {
    let source = Source::new("src/queue/mod.rs", "use crate::monitor::Monitor;");
    assert_eq!(edges_that_monitor(&[source]).len(), 1);
}

#[test]
fn crates_of_the_command_line_stay_there() {
    let broken = command_line_crates(&sources(root(), "src"));
    keeps("these crates belong to src/bin/ alone", broken);
}

fn command_line_crates(sources: &[Source]) -> Vec<String> {
    wrong_mentions(sources, "src/", |source, parts| {
        let command_line = source.path.starts_with("src/bin/");
        !command_line && COMMAND_LINE_CRATES.contains(&parts[0].as_str())
    })
}

#[test]
fn a_command_line_crate_in_the_library_is_noticed() {
    let text = "#[derive(clap::Parser)] struct A; use anyhow::Context;";
    let found = |path: &str| command_line_crates(&[Source::new(path, text)]).len();
    assert_eq!(found("src/ops/work.rs"), 2);
    assert_eq!(found("src/bin/s3flickr/cli.rs"), 0);
}

#[test]
fn each_crate_of_a_service_has_one_home() {
    let broken = strays(&sources(root(), "src"));
    keeps("each of these crates is used in one file or folder", broken);
}

fn strays(sources: &[Source]) -> Vec<String> {
    wrong_mentions(sources, "src/", |source, parts| {
        let home = HOMES.iter().find(|(name, _)| *name == parts[0]);
        home.is_some_and(|(_, home)| {
            let rest = source.path.strip_prefix(home);
            !rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    })
}

#[test]
fn a_stray_crate_is_noticed() {
    let noticed = |path: &str| !strays(&[Source::new(path, "use rusqlite::Error;")]).is_empty();
    assert!(noticed("src/queue/mod.rs"));
    assert!(noticed("src/queue/sqlite_more.rs"));
    assert!(!noticed("src/queue/sqlite.rs"));
    assert!(!noticed("src/queue/sqlite/file.rs"));
}

#[test]
fn the_sandbox_shares_no_code_with_the_clients() {
    let broken = sandbox_arrows(&sources(root(), "src"));
    keeps(
        "sandbox knows config and model only, and only the bin knows it",
        broken,
    );
}

fn sandbox_arrows(sources: &[Source]) -> Vec<String> {
    wrong_mentions(sources, "src/", |source, parts| {
        let Some(to) = ours(parts) else { return false };
        if source.path.starts_with("src/sandbox/") {
            return !["sandbox", "config", "model"].contains(&to);
        }
        to == "sandbox" && !source.path.starts_with("src/bin/")
    })
}

#[test]
fn a_sandbox_that_shares_code_is_noticed() {
    let noticed = |path: &str, line: &str| !sandbox_arrows(&[Source::new(path, line)]).is_empty();
    assert!(noticed("src/sandbox/oauth.rs", "use crate::flickr::oauth;"));
    assert!(noticed("src/ops/work.rs", "use crate::sandbox;"));
    assert!(noticed(
        "src/flickr/oauth.rs",
        "use crate::sandbox::Options;"
    ));
    assert!(!noticed(
        "src/bin/s3flickr/connect.rs",
        "use s3flickr::sandbox::start;"
    ));
}

#[test]
fn nothing_in_the_library_prints() {
    let broken = lines_with(&sources(root(), "src"), &["println!", "print!", "dbg!"]);
    let library = broken
        .into_iter()
        .filter(|place| !place.starts_with("src/bin/"));
    keeps("only src/bin/ prints", library.collect());
}

#[test]
fn nothing_unwraps_outside_tests() {
    let broken = lines_with(&sources(root(), "src"), &[".unwrap()"]);
    keeps("an error is handled or handed on", broken);
}

/// The places whose code contains one of these texts.
fn lines_with(sources: &[Source], texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for text in texts {
            let lines = source.lines_with(text).into_iter();
            found.extend(lines.map(|line| format!("{}:{line}: {text}", source.path)));
        }
    }
    found
}

#[test]
fn prints_and_unwraps_are_noticed_in_code_only() {
    let text = "// x.unwrap()\nfn f() { \"println!\"; x.unwrap(); }\n#[cfg(test)]\nmod t { fn g() { y.unwrap() } }";
    let source = [Source::new("src/a.rs", text)];
    assert_eq!(
        lines_with(&source, &[".unwrap()", "println!"]),
        ["src/a.rs:2: .unwrap()"]
    );
}

#[test]
fn every_file_begins_by_saying_what_it_is_and_is_short() {
    let mut broken = Vec::new();
    for folder in ["src", "tests", "examples"] {
        for path in source::rust_files(root(), folder) {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            broken.extend(ill_shaped(&path, &text));
        }
    }
    keeps(
        "every file begins with //!, and none in src is over 400 lines",
        broken,
    );
}

fn ill_shaped(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    if !text.starts_with("//! ") {
        return Some(format!("{path}:1: does not begin with //!"));
    }
    let long = path.starts_with("src/") && lines > LONGEST;
    long.then(|| format!("{path}:{lines}: too long"))
}

#[test]
fn a_nameless_or_long_file_is_noticed() {
    let long = format!("//! A.\n{}", "\n".repeat(LONGEST));
    assert!(ill_shaped("src/a.rs", "use std::fs;").is_some());
    assert!(ill_shaped("src/a.rs", &long).is_some());
    assert!(ill_shaped("tests/a.rs", &long).is_none());
}
