//! Whether twice as many processes are twice as fast, while Flickr is slow.

use crate::bench::Bench;
use crate::measured;
use crate::s3::bucket;
use crate::table::Row;

const LANES: u64 = 16;
const DELAY_MS: u64 = 500;

/// 1, 2, 4 and 8 worker processes on one queue; each alone could do 32 photos a second.
pub fn scaling(bench: &Bench) -> Vec<Row> {
    let each = bench.size(480, 160);
    let mut rows = Vec::new();
    let mut alone = 0.0;
    for processes in [1, 2, 4, 8] {
        let ceiling = (processes * LANES * 1_000 / DELAY_MS) as f64;
        let what = format!("photos/s, {processes} processes of 16 transfers, 500 ms added latency");
        let mut row = Row::more(&format!("scaling-{processes}"), &what).limit(ceiling);
        for _ in 0..bench.runs().min(2) {
            let keys = each * processes;
            let (queue, _) = bench.populate(&bucket(true, 10 * 1024, keys));
            bench.sink.reset(DELAY_MS);
            let start = |_| measured::start(&mut bench.work(&queue, LANES));
            let running: Vec<_> = (0..processes).map(start).collect();
            running
                .into_iter()
                .for_each(|process| drop(process.finish()));
            row.add("s3flickr", bench.rate(keys));
            bench.forget(&queue);
        }
        if processes == 1 {
            alone = row.figures[0].median;
        }
        rows.push(row.target(alone * processes as f64 * 0.95));
    }
    rows
}
