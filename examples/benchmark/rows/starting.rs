//! How long it takes to start, and how large it is.

use crate::bench::{Bench, binary};
use crate::measured;
use crate::table::Row;

/// `--version` and `--help`; rclone's `version` beside them.
pub fn start(bench: &Bench) -> Vec<Row> {
    let mut version = Row::less("start-version", "ms to start and exit, --version").target(5.0);
    let mut help = Row::less("start-help", "ms to start and exit, --help").target(5.0);
    for _ in 0..bench.size(31, 11) {
        version.add(
            "s3flickr",
            measured::run(bench.ours().arg("--version")).wall_s * 1e3,
        );
        help.add(
            "s3flickr",
            measured::run(bench.ours().arg("--help")).wall_s * 1e3,
        );
        let mut rclone = bench.peer("rclone");
        version.add("rclone", measured::run(rclone.arg("version")).wall_s * 1e3);
    }
    let mut size = Row::less("size", "size of the binary, MB").target(20.0);
    let bytes = std::fs::metadata(binary()).map_or(0, |file| file.len());
    size.add("s3flickr", bytes as f64 / 1e6);
    vec![version, help, size]
}
