//! The benchmark: s3flickr and its peers side by side, on servers that this program starts.
//!
//! `cargo run --release --example benchmark [-- [--quick] [ROW...]]` prints a table and writes
//! `target/benchmark.json`. A whole run also draws `docs/images/performance.svg`, and
//! `docs/performance.md` says what limits each row. Linux only.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its results"
)]

mod bench;
mod http;
mod measured;
mod rows;
mod s3;
mod served;
mod sink;
#[path = "../../tests/support/mod.rs"]
mod support;
mod svg;
mod table;

use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::table::Row;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    match words.as_slice() {
        // This program as a process of a row's.
        ["--serve", role] => served::serve(role),
        ["--drain", queue, seconds, lanes] => rows::drain(queue, number(seconds), number(lanes)),
        ["--plan", photos] => rows::plan(usize::try_from(number(photos)).expect("a number")),
        words => measure(words),
    }
}

fn measure(words: &[&str]) {
    let quick = words.contains(&"--quick");
    let chosen: Vec<&&str> = words.iter().filter(|word| **word != "--quick").collect();
    let names: Vec<&str> = rows::GROUPS.iter().map(|group| group.0).collect();
    for word in &chosen {
        assert!(
            names.contains(*word),
            "{word:?} is no row; there are: {}",
            names.join(" ")
        );
    }
    bench::build();
    let bench = Bench::start(quick);
    let mut rows = Vec::new();
    for (name, group) in rows::GROUPS {
        if chosen.is_empty() || chosen.contains(&name) {
            eprintln!("measuring {name} ...");
            rows.extend(group(&bench));
            // What was measured stays, also when a later row fails.
            figures(&rows);
        }
    }
    println!("{}", table::print(&rows));
    println!("wrote {}", figures(&rows).display());
    let picture = picture(&rows, !quick && chosen.is_empty());
    println!("wrote {}", picture.display());
}

/// The figures as JSON.
fn figures(rows: &[Row]) -> PathBuf {
    let json = serde_json::to_string_pretty(rows).expect("plain data");
    write(target().join("benchmark.json"), &json)
}

/// The picture; that of the documentation only after a whole run.
fn picture(rows: &[Row], whole: bool) -> PathBuf {
    let path = if whole {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/performance.svg")
    } else {
        target().join("benchmark.svg")
    };
    write(path, &svg::draw(rows))
}

fn target() -> PathBuf {
    let servers = support::python::test_servers();
    servers.parent().expect("target/").to_owned()
}

fn write(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}
