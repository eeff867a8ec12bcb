//! Chaos: thousands of photos, workers killed at random, a Flickr that fails, a source that
//! breaks off, truncates and replaces, outages, and clocks that disagree; nothing may be lost,
//! nothing may be there twice, and no photo may have bytes that no file had.
//!
//! ```sh
//! cargo build && cargo run --example chaos -- --photos 2000 --workers 8 --kills 60 --seed 1
//! ```
//!
//! `--queue sqs` keeps the queue in a stand-in for SQS, which needs python3. There every second
//! worker's clock is an hour ahead, where Debian's `faketime` is installed.
//! The last lines say what came of it; the exit status is 1 unless all is well.
#![allow(clippy::print_stdout, reason = "this program speaks to a terminal")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use s3flickr::queue::Queue;

use crate::support::{aws, cli, fleet, proxy};

/// What fakes a process's clock, where Debian's package is installed.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Copies photos with workers that are killed at random, to a Flickr that fails on purpose.
#[derive(Parser)]
struct Arguments {
    /// How many photos.
    #[arg(long, default_value_t = 2000)]
    photos: usize,
    /// How many workers at a time.
    #[arg(long, default_value_t = 8)]
    workers: usize,
    /// How many times a worker is killed, at most: the run ends with the last photo.
    #[arg(long, default_value_t = 60)]
    kills: u64,
    /// How many seconds each service is away, once.
    #[arg(long, default_value_t = 60)]
    outage: u64,
    /// Chooses the moments of the kills, the faults and the photos.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the work is queued.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    queue: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A file.
    Sqlite,
    /// A stand-in for SQS.
    Sqs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(binary) = cli::binary() else {
        println!("the s3flickr binary is not there: run `cargo build` with the same profile first");
        return ExitCode::FAILURE;
    };
    let options = fleet::Options {
        photos: arguments.photos,
        workers: arguments.workers,
        kills: arguments.kills,
        outage: Duration::from_secs(arguments.outage),
        seed: arguments.seed,
    };
    let home = tempfile::tempdir().expect("a folder of our own");
    let server;
    let place = match arguments.queue {
        Kind::Sqlite => fleet::on_this_machine(&home).await,
        Kind::Sqs => {
            server = aws::Aws::start().await;
            on_aws(&server).await
        }
    };
    let report = fleet::run(&binary, &home, place, options).await;
    println!("{report}");
    if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn on_aws(server: &aws::Aws) -> fleet::Place {
    let queue = Queue::create_with(&server.sdk_config().await, "sqs://chaos").await;
    let proxy = Arc::new(proxy::Proxy::start(&server.endpoint).await);
    let mut variables = server.env();
    variables.retain(|(name, _)| *name != "AWS_ENDPOINT_URL");
    variables.push(("AWS_ENDPOINT_URL", proxy.url()));
    fleet::Place {
        queue: queue.expect("a queue"),
        service: Some(proxy),
        variables,
        skewed: an_hour_ahead(),
    }
}

/// The variables of a worker whose clock is an hour ahead.
fn an_hour_ahead() -> Vec<(&'static str, String)> {
    if !Path::new(FAKETIME).exists() {
        println!("faketime is not installed, so all clocks are right");
        return Vec::new();
    }
    vec![
        ("LD_PRELOAD", FAKETIME.to_owned()),
        ("FAKETIME", "+3600".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}
