//! The chaos run of `examples/chaos/`, short.

use std::time::Duration;

use crate::support::{cli, fleet};

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_and_a_failing_flickr_lose_nothing_and_upload_nothing_twice() {
    let options = fleet::Options {
        photos: 150,
        workers: 4,
        kills: 12,
        outage: Duration::from_secs(1),
        seed: 7,
    };
    let home = tempfile::tempdir().expect("a folder of our own");
    let place = fleet::on_this_machine(&home).await;
    let binary = cli::binary().expect("the binary that cargo built");
    let report = fleet::run(&binary, &home, place, options).await;
    assert!(report.is_well(), "{report}");
    assert!(
        report.kills > 0 && report.faults > 0 && report.source_faults > 0,
        "{report}"
    );
}
