//! What a copy costs, and how fast it is when Flickr is slow.

use crate::bench::Bench;
use crate::measured::Usage;
use crate::s3::bucket;
use crate::table::Row;

/// A photo as a phone or an older camera makes it.
const PHOTO: u64 = 2_000_000;
/// A photo so small that all else counts.
const SMALL: u64 = 10 * 1024;
const LANES: u64 = 16;

/// CPU a GB with photos of 2 MB, checked by S3's checksum or by the MD5 alone.
pub fn cpu(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(500, 150);
    let summed = bucket(true, PHOTO, keys);
    let md5_only = bucket(false, PHOTO, keys);
    let per_gb = |usage: Usage, keys: u64| usage.cpu_s / (PHOTO * keys) as f64 * 1e9;
    let mut by_checksum = Row::less("cpu-checksum", "CPU s/GB, 2 MB photos, S3's checksum")
        .target(0.7)
        .limit(0.45);
    let mut by_md5 = Row::less("cpu-md5", "CPU s/GB, 2 MB photos, MD5 only");
    let mut rate = Row::more(
        "rate-photos",
        "photos/s, 2 MB photos, a server that replies immediately",
    );
    for _ in 0..bench.runs() {
        let ours = bench.copy(&summed, LANES, 0);
        by_checksum.add("s3flickr", per_gb(ours, keys));
        rate.add("s3flickr", bench.rate(keys));
        by_md5.add("s3flickr", per_gb(bench.copy(&md5_only, LANES, 0), keys));
        by_checksum.add(
            "s5cmd (download only)",
            per_gb(bench.s5cmd(&summed, LANES), keys),
        );
        by_checksum.add(
            "rclone (S3 to S3)",
            per_gb(bench.rclone(&summed, LANES), keys),
        );
        by_checksum.add("script", per_gb(bench.script(&summed, LANES, 0), keys));
        rate.add("script", bench.rate(keys));
    }
    by_md5.target = by_checksum
        .figures
        .first()
        .map(|ours| ours.median + md5_s_per_gb());
    vec![by_checksum, by_md5, rate]
}

/// Photos a second while the sink answers late.
pub fn late(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(800, 320);
    let photos = bucket(true, PHOTO, keys);
    let mut late = Row::more(
        "late-16",
        "photos/s, 2 MB, 16 transfers, 200 ms added latency",
    )
    .target(78.0)
    .limit(80.0);
    let many = bench.size(10_240, 5_120);
    let small = bucket(true, SMALL, many);
    let mut lanes = Row::more(
        "late-256",
        "photos/s, 10 KiB, 256 transfers, 200 ms added latency",
    )
    .target(1000.0)
    .limit(1280.0);
    for _ in 0..bench.runs() {
        bench.copy(&photos, LANES, 200);
        late.add("s3flickr", bench.rate(keys));
        bench.script(&photos, LANES, 200);
        late.add("script", bench.rate(keys));
        bench.copy(&small, 256, 200);
        lanes.add("s3flickr", bench.rate(many));
    }
    vec![late, lanes]
}

/// CPU a photo with photos of 10 KiB.
pub fn small(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(5_000, 2_000);
    let photos = bucket(true, SMALL, keys);
    // The script would take most of the run; its start is then a part of its figure.
    let fewer = bucket(true, SMALL, keys / 10);
    let each = |usage: Usage, keys: u64| usage.cpu_s / keys as f64 * 1e3;
    let mut cpu = Row::less("cpu-small", "CPU ms a photo, 10 KiB photos").target(0.6);
    let mut rate = Row::more(
        "rate-small",
        "photos/s, 10 KiB photos, a server that replies immediately",
    );
    for _ in 0..bench.runs() {
        cpu.add("s3flickr", each(bench.copy(&photos, LANES, 0), keys));
        rate.add("s3flickr", bench.rate(keys));
        cpu.add(
            "rclone (S3 to S3)",
            each(bench.rclone(&photos, LANES), keys),
        );
        cpu.add("script", each(bench.script(&fewer, LANES, 0), keys / 10));
        rate.add("script", bench.rate(keys / 10));
    }
    vec![cpu, rate]
}

impl Bench {
    /// Photos a second as the sink saw them, once they are all there.
    pub fn rate(&self, expected: u64) -> f64 {
        let stats = self.sink.stats();
        assert_eq!(stats.photos, expected, "photos in the sink");
        stats.photos as f64 / stats.seconds
    }
}

/// What one pass of our MD5 crate costs on this machine.
fn md5_s_per_gb() -> f64 {
    use md5::{Digest, Md5};
    let block = vec![1; 64 * 1024];
    let began = std::time::Instant::now();
    let mut digest = Md5::new();
    for _ in 0..4_000 {
        digest.update(&block);
    }
    std::hint::black_box(digest.finalize());
    began.elapsed().as_secs_f64() / (4_000.0 * block.len() as f64) * 1e9
}
