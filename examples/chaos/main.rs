//! Chaos: thousands of photos, workers killed at random, a Flickr that fails; nothing may be
//! lost, and nothing may be there twice.
//!
//! ```sh
//! cargo build && cargo run --example chaos -- --photos 2000 --workers 8 --kills 60 --seed 1
//! ```
//!
//! `--queue sqs` keeps photos and queue in a stand-in for S3 and SQS, which needs python3.
//! The last lines say what came of it; the exit status is 1 unless all is well.
#![allow(clippy::print_stdout, reason = "this program speaks to a terminal")]

#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../tests/it/support/aws.rs"]
mod aws;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../../tests/it/support/python.rs"]
mod python;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use s3flickr::model::Location;
use s3flickr::queue::Queue;

/// Copies photos with workers that are killed at random, to a Flickr that fails on purpose.
#[derive(Parser)]
struct Arguments {
    /// How many photos.
    #[arg(long, default_value_t = 2000)]
    photos: usize,
    /// How many workers at a time.
    #[arg(long, default_value_t = 8)]
    workers: usize,
    /// How many times a worker is killed, if the photos last so long.
    #[arg(long, default_value_t = 60)]
    kills: u64,
    /// Chooses the moments of the kills, the faults and the photos.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the work is queued.
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    queue: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A file, and the photos in a folder.
    Sqlite,
    /// A stand-in for SQS, and the photos in a stand-in for S3.
    Sqs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(binary) = binary() else {
        println!("the s3flickr binary is not there: run `cargo build` with the same profile first");
        return ExitCode::FAILURE;
    };
    let options = run::Options {
        photos: arguments.photos,
        workers: arguments.workers,
        kills: arguments.kills,
        seed: arguments.seed,
    };
    let home = tempfile::tempdir().expect("a folder of our own");
    let server;
    let place = match arguments.queue {
        Kind::Sqlite => run::on_this_machine(&home, options).await,
        Kind::Sqs => {
            server = aws::Aws::start().await;
            on_aws(&server, options).await
        }
    };
    let report = run::run(&binary, &home, place, options).await;
    println!("{report}");
    if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `target/PROFILE/s3flickr`, beside the folder of this example.
fn binary() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    let binary = here.parent()?.parent()?.join("s3flickr");
    binary.exists().then_some(binary)
}

async fn on_aws(server: &aws::Aws, options: run::Options) -> run::Place {
    let bucket = server.bucket("chaos").await;
    let photos = (0..options.photos).map(|n| run::photo(n, options.seed));
    server.put_objects(&bucket, photos).await;
    let queue = Queue::create_with(&server.sdk_config().await, "sqs://chaos").await;
    run::Place {
        store: Location::s3(&bucket, ""),
        populate: vec!["--bucket".to_owned(), bucket],
        queue: queue.expect("a queue"),
        variables: server.env(),
    }
}
