//! The most memory, with many large photos at once and with one long video.

use crate::bench::Bench;
use crate::s3::bucket;
use crate::table::Row;

const MIB: f64 = 1024.0 * 1024.0;

/// 64 lanes of photos of 20 MB, and a video of 1 GB, which Flickr takes at most.
pub fn memory(bench: &Bench) -> Vec<Row> {
    let photos = bucket(true, 20_000_000, bench.size(192, 96));
    let video = bucket(true, 1_000_000_000, 1);
    let mut of_photos =
        Row::less("memory-photos", "peak MiB, 64 transfers of 20 MB photos").target(64.0);
    let mut of_video = Row::less("memory-video", "peak MiB, one object of 1 GB").target(64.0);
    for _ in 0..bench.runs() {
        of_photos.add(
            "s3flickr",
            bench.copy(&photos, 64, 0).peak_bytes as f64 / MIB,
        );
        of_video.add("s3flickr", bench.copy(&video, 1, 0).peak_bytes as f64 / MIB);
    }
    of_photos.add(
        "rclone (S3 to S3)",
        bench.rclone(&photos, 64).peak_bytes as f64 / MIB,
    );
    vec![of_photos, of_video]
}
