//! The chaos run of `examples/chaos/`, short.

#[path = "../../examples/chaos/run/mod.rs"]
mod run;

use std::path::Path;
use std::time::Duration;

use crate::support::proxy;

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_and_a_failing_flickr_lose_nothing_and_upload_nothing_twice() {
    let options = run::Options {
        photos: 150,
        workers: 4,
        kills: 12,
        outage: Duration::from_secs(1),
        seed: 7,
    };
    let home = tempfile::tempdir().expect("a folder of our own");
    let place = run::on_this_machine(&home).await;
    let binary = Path::new(env!("CARGO_BIN_EXE_s3flickr"));
    let report = run::run(binary, &home, place, options).await;
    assert!(report.is_well(), "{report}");
    assert!(
        report.kills > 0 && report.faults > 0 && report.source_faults > 0,
        "{report}"
    );
}
