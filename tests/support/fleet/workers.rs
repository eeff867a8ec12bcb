//! The workers: real processes that are killed at random moments and started again.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use s3flickr::model::{Job, Key, Location};
use s3flickr::queue::{Outgoing, Queue};
use tokio::process::Command;

use super::Options;
use super::outages::Away;
use super::photos::{Dice, Version, bytes, key};
use super::source::{BUCKET, Source};

/// How often each photo may fail: the faults must not use it up, as they are chosen by chance.
const RETRIES: u32 = 30;
/// One of this many messages is on the queue more than once.
const REPEATED: usize = 50;
/// How long a worker that will be killed lives, in milliseconds: from its start-up to the
/// middle of many transfers.
const LIFE: (u64, u64) = (150, 2_500);
/// How many complaints of one worker are enough.
const COMPLAINTS: usize = 5;
/// The pause before a worker that ended in an outage is started again.
const PAUSE: Duration = Duration::from_millis(300);

/// The workers.
pub struct Fleet {
    /// The program.
    pub binary: PathBuf,
    /// Its home.
    pub home: PathBuf,
    /// The queue, as workers name it.
    pub queue: String,
    /// What they need to reach all services.
    pub variables: Vec<(&'static str, String)>,
    /// What those need whose clock is an hour off; empty where all clocks are right.
    pub skewed: Vec<(&'static str, String)>,
    /// How many are still to be killed.
    pub kills_left: AtomicU64,
    /// Whether some service is away.
    pub away: Away,
}

impl Fleet {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .args(["--queue", &self.queue])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Fills the queue. Of the messages that come more than once, half come before all others
    /// and side by side, so that two workers have them at the same time; half come long after.
    pub async fn populate(&self, queue: &Queue, source: &Source, options: Options) {
        let copies = |rest: usize| -> Vec<Outgoing> {
            (0..options.photos / REPEATED)
                .filter(|n| n % 2 == rest)
                .map(|n| copy(n * REPEATED, source, options))
                .collect()
        };
        let early: Vec<Outgoing> = copies(0)
            .iter()
            .flat_map(|copy| [copy.clone(), copy.clone()])
            .collect();
        queue.send(&early).await.expect("copies sent");
        let retries = RETRIES.to_string();
        let mut populate = self.command(&["populate", "--retries", &retries, "--bucket", BUCKET]);
        let output = populate.output().await.expect("the binary");
        assert!(output.status.success(), "{output:?}");
        queue.send(&copies(1)).await.expect("copies sent");
    }

    /// One worker after the other, until one finds the queue drained; tells what went wrong.
    pub async fn slot(self: Arc<Self>, slot: usize, mut dice: Dice) -> Vec<String> {
        let mut complaints = Vec::new();
        while complaints.len() < COMPLAINTS {
            let take = |left: u64| left.checked_sub(1);
            let order = (Ordering::SeqCst, Ordering::SeqCst);
            let is_doomed = self.kills_left.fetch_update(order.0, order.1, take).is_ok();
            let life = Duration::from_millis(dice.between(LIFE.0, LIFE.1));
            let was_away = self.away.is_now();
            let Some(output) = live(self.worker(slot), is_doomed.then_some(life)).await else {
                continue;
            };
            if is_doomed {
                self.kills_left.fetch_add(1, Ordering::SeqCst);
            }
            if output.status.success() {
                break;
            }
            // A worker that finds a service away as it starts may say so and end.
            if was_away || self.away.is_now() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            complaints.push(format!("worker {slot}: {}: {words}", output.status));
        }
        complaints
    }

    fn worker(&self, slot: usize) -> Command {
        let visibility = (2 + slot % 4).to_string();
        let mut worker = self.command(&[
            "work",
            "--visibility",
            &visibility,
            "--retry-delay",
            "0.1",
            "--calls-per-hour",
            "0",
            "--transfers",
            "4",
            "--json",
        ]);
        if slot % 2 == 1 {
            worker.envs(self.skewed.iter().map(|(name, value)| (name, value)));
        }
        worker
    }
}

fn copy(n: usize, source: &Source, options: Options) -> Outgoing {
    let key = Key::new(key(n)).expect("a key");
    let url = Location::s3(BUCKET, "").url_of(&key);
    let size = bytes(n, options.seed, Version::First).len() as u64;
    let job = Job::new(url, key, RETRIES, size, &source.listed_etag(n));
    Outgoing {
        body: job.write(),
        ..Outgoing::default()
    }
}

/// One life of a worker: its output, or `None` where it was killed.
async fn live(mut worker: Command, life: Option<Duration>) -> Option<Output> {
    let child = worker.spawn().expect("the binary");
    let ended = child.wait_with_output();
    match life {
        None => Some(ended.await.expect("its end")),
        // Dropped, the child gets a SIGKILL.
        Some(life) => match tokio::time::timeout(life, ended).await {
            Ok(ended) => Some(ended.expect("its end")),
            Err(_) => None,
        },
    }
}
