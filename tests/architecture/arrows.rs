//! Arrows run one way: `bin -> ops -> {store, queue, flickr} -> {model, config}`.

use crate::source::{Source, sources};
use crate::{keeps, ours, root, wrong_mentions};

/// The services, each by its folder's name.
const EDGES: [&str; 3] = ["store", "queue", "flickr"];
/// The one edge that may import another: Flickr as a store.
const ADAPTER: &str = "src/store/flickr/";
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
        let adapter = source.path.starts_with(ADAPTER) && to == "flickr";
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
        "src/store/flickr/write.rs",
        "use crate::flickr::Client;"
    ));
    assert!(noticed(
        "src/store/flickr/write.rs",
        "use crate::queue::Queue;"
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
        let adapter = source.path.starts_with(ADAPTER) && edges == ["flickr", "store"];
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
fn only_the_adapter_and_what_is_of_flickr_alone_import_flickr() {
    let broken = users_of_flickr(&sources(root(), "src"));
    keeps(
        "of ops, only sets, account and doctor import flickr",
        broken,
    );
}

fn users_of_flickr(sources: &[Source]) -> Vec<String> {
    let may = ["sets/", "account.rs", "doctor/"].map(|name| format!("src/ops/{name}"));
    wrong_mentions(sources, "src/ops/", |source, parts| {
        ours(parts) == Some("flickr") && !may.iter().any(|may| source.path.starts_with(may))
    })
}

#[test]
fn an_operation_that_imports_flickr_is_noticed() {
    let text = "use crate::flickr::Client;";
    let noticed = |path: &str| !users_of_flickr(&[Source::new(path, text)]).is_empty();
    assert!(noticed("src/ops/work/transfer.rs"));
    assert!(noticed("src/ops/populate.rs"));
    assert!(!noticed("src/ops/sets/assign.rs"));
    assert!(!noticed("src/ops/account.rs"));
    assert!(!noticed("src/store/flickr/write.rs"));
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
