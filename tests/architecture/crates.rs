//! Each crate has one home: a service's types do not travel.

use crate::source::{Source, sources};
use crate::{keeps, root, wrong_mentions};

/// What only the command line may use.
const COMMAND_LINE_CRATES: [&str; 9] = [
    "anyhow",
    "clap",
    "clap_complete",
    "clap_mangen",
    "comfy_table",
    "csv",
    "indicatif",
    "tracing_subscriber",
    "webbrowser",
];
/// Crates that one file may use, or the folder of that name.
const HOMES: [(&str, &str); 12] = [
    ("aws_sdk_s3", "src/store/s3"),
    ("aws_credential_types", "src/aws"),
    ("aws_sdk_sqs", "src/queue/sqs"),
    ("aws_types", "src/aws"),
    ("axum", "src/sandbox"),
    ("csv_core", "src/store/inventory"),
    ("etcetera", "src/config"),
    ("flate2", "src/store/inventory"),
    ("maud", "src/sandbox/pages"),
    ("oauth1_request", "src/flickr/oauth"),
    ("rusqlite", "src/queue/sqlite"),
    ("toml_edit", "src/config"),
];

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
