//! How many calls a whole migration takes: uploads, sets, and the same once more.

use std::process::Command;

use s3flickr::sandbox::{self, Options, Sandbox};

use crate::bench::Bench;
use crate::measured;
use crate::s3::{KEYS_A_FOLDER, bucket_of_different};
use crate::table::Row;

/// How many calls the sandbox has counted until now.
async fn calls_so_far(sandbox: &Sandbox) -> f64 {
    let url = format!("{}/sandbox/calls", sandbox.base_url());
    let answer = crate::support::http()
        .get(url)
        .send()
        .await
        .expect("an answer");
    let body = answer.bytes().await.expect("a body");
    let log: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let totals = log["totals"].as_object().expect("totals").values();
    totals.filter_map(|total| total["calls"].as_f64()).sum()
}

/// A bucket with folders of 80 photos, into the sandbox, which counts.
pub fn calls(bench: &Bench) -> Vec<Row> {
    let photos = bench.size(400, 40) * KEYS_A_FOLDER;
    let bucket = bucket_of_different(200, photos);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sandbox = runtime
        .block_on(sandbox::start(Options::default()))
        .expect("a sandbox");
    let counted = || runtime.block_on(calls_so_far(&sandbox));
    let with_sandbox = |mut command: Command| -> Command {
        command.envs(sandbox.environment());
        command
    };
    let assign = || {
        let mut command = bench.ours();
        command.args(["assign-sets", "--quiet", "--calls-per-hour", "0"]);
        measured::run(&mut with_sandbox(command));
    };
    let (queue, _) = bench.populate(&bucket);
    measured::run(&mut with_sandbox(bench.work(&queue, 32)));
    assign();
    let first = counted();
    assign();
    let second = counted() - first;
    bench.forget(&queue);
    let mut each = Row::less(
        "calls",
        "Flickr calls a photo, whole migration, uploads included",
    )
    .target(1.04)
    .limit(1.0);
    each.add("s3flickr", first / photos as f64);
    let mut again = Row::less("calls-again", "Flickr calls of a second assign-sets");
    if !bench.quick {
        again = again.target(70.0).limit(64.0);
    }
    again.add("s3flickr", second);
    vec![each, again]
}
