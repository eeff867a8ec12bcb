//! The queues: how fast they fill, and how fast many processes empty one.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use s3flickr::queue::Queue;

use crate::bench::Bench;
use crate::measured;
use crate::s3::bucket;
use crate::support::aws::Aws;
use crate::table::Row;

/// Processes that empty one queue.
const PROCESSES: usize = 8;
const MIB: f64 = 1024.0 * 1024.0;

/// A bucket of a million keys, listed and queued in a SQLite file.
pub fn populate(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(1_000_000, 200_000);
    let bucket = bucket(true, 10 * 1024, keys);
    let mut rate =
        Row::more("populate", "populate to SQLite, keys/s, listing included").target(60_000.0);
    let mut peak = Row::less("populate-memory", "populate to SQLite, peak MiB").target(64.0);
    for _ in 0..bench.runs().min(2) {
        let mut listing = bench.ours();
        listing.args(["populate", "--quiet", "--dry-run", "--bucket", &bucket]);
        let listed = measured::run(&mut listing);
        let (queue, usage) = bench.populate(&bucket);
        rate.add("s3flickr", keys as f64 / usage.wall_s);
        rate.add("its listing alone", keys as f64 / listed.wall_s);
        peak.add("s3flickr", usage.peak_bytes as f64 / MIB);
        bench.forget(&queue);
    }
    let mut s5cmd = bench.peer("s5cmd");
    s5cmd.args([
        "--endpoint-url",
        &bench.s3.url(),
        "ls",
        &format!("s3://{bucket}/*"),
    ]);
    s5cmd.envs([
        ("AWS_ACCESS_KEY_ID", "b"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_REGION", "us-east-1"),
    ]);
    rate.add("s5cmd ls", keys as f64 / measured::run(&mut s5cmd).wall_s);
    vec![rate, peak]
}

/// Eight processes that lease and delete, on a queue of a million jobs: with the lanes that a
/// worker has, and with one each.
pub fn queue(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(1_000_000, 200_000);
    let bucket = bucket(true, 10 * 1024, keys);
    let seconds = bench.size(8, 3);
    let mut rate =
        Row::more("queue", "SQLite: lease + delete, jobs/s of 8 processes").target(10_000.0);
    let mut least = Row::more(
        "queue-fairness",
        "SQLite: the slowest process, of an even share",
    );
    for _ in 0..bench.runs() {
        let (queue, _) = bench.populate(&bucket);
        for (name, lanes) in [("s3flickr", 16), ("with one transfer each", 1)] {
            let done = drain_together(&queue, seconds, lanes);
            let all: f64 = done.iter().sum();
            rate.add(name, all / seconds as f64);
            let slowest = done.iter().copied().fold(f64::INFINITY, f64::min);
            least.add(name, slowest * PROCESSES as f64 / all);
        }
        bench.forget(&queue);
    }
    vec![rate, least]
}

/// How many jobs each process drained.
fn drain_together(queue: &str, seconds: u64, lanes: u64) -> Vec<f64> {
    let program = std::env::current_exe().expect("the path of this program");
    let start = |_| {
        let mut command = std::process::Command::new(&program);
        measured::start(command.args(["--drain", queue, &seconds.to_string(), &lanes.to_string()]))
    };
    let running: Vec<_> = (0..PROCESSES).map(start).collect();
    let done = running
        .into_iter()
        .map(|process| process.finish().1.trim().parse::<f64>());
    done.map(|count| count.expect("a count")).collect()
}

/// In a process of its own: leases and deletes for some seconds, then prints how many.
pub fn drain(queue: &str, seconds: u64, lanes: u64) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        let queue = Queue::open(queue).await.expect("the queue");
        let end = Instant::now() + Duration::from_secs(seconds);
        let lanes = (0..lanes).map(|_| drain_lane(&queue, end));
        join_all(lanes).await.into_iter().sum::<u64>()
    });
    println!("{done}");
}

async fn drain_lane(queue: &Queue, end: Instant) -> u64 {
    let mut done = 0;
    while Instant::now() < end {
        let hold = Duration::from_secs(60);
        let lease = queue
            .receive(hold, Duration::ZERO)
            .await
            .expect("an open queue");
        lease
            .expect("jobs enough")
            .delete()
            .await
            .expect("a hold of a minute");
        done += 1;
    }
    done
}

/// The same bucket to SQS, beside the server's own limit from a client that does nothing else.
pub fn sqs(bench: &Bench) -> Vec<Row> {
    let keys = bench.size(20_000, 5_000);
    let bucket = bucket(true, 10 * 1024, keys);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let aws = runtime.block_on(Aws::start());
    let mut rate = Row::more("populate-sqs", "populate to SQS, keys/s, listing included");
    for run in 0..bench.runs() {
        let name = format!("sqs://bench-{run}");
        let mut command = bench.ours();
        command
            .envs(aws.env())
            .env("AWS_ENDPOINT_URL_S3", bench.s3.url());
        command.args(["populate", "--quiet", "--bucket", &bucket, "--queue", &name]);
        rate.add("s3flickr", keys as f64 / measured::run(&mut command).wall_s);
        let began = Instant::now();
        runtime.block_on(flood(&aws, keys));
        rate.add(
            "the server's own limit",
            keys as f64 / began.elapsed().as_secs_f64(),
        );
    }
    rate.target = rate.figures.last().map(|server| server.median * 0.8);
    rate.limit = rate.figures.last().map(|server| server.median);
    vec![rate]
}

/// Sends bodies of the length of a job, ten a call, sixteen calls at once.
async fn flood(aws: &Aws, keys: u64) {
    use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;
    let sqs = aws.sqs().await;
    let made = sqs
        .create_queue()
        .queue_name("flood")
        .send()
        .await
        .expect("a queue");
    let url = made.queue_url().expect("its address").to_owned();
    let entry = |n: u64| {
        Entry::builder()
            .id(n.to_string())
            .message_body("x".repeat(230))
            .build()
    };
    let entries: Vec<Entry> = (0..10).map(|n| entry(n).expect("a whole entry")).collect();
    stream::iter(0..keys / 10)
        .for_each_concurrent(16, |_| {
            let send = sqs
                .send_message_batch()
                .queue_url(&url)
                .set_entries(Some(entries.clone()));
            async { drop(send.send().await.expect("messages sent")) }
        })
        .await;
}
