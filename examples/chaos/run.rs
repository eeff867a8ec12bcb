//! The chaos run itself; `tests/it/chaos.rs` includes it, shorter.
//!
//! Photos on a queue, a stand-in for Flickr that fails on purpose, and workers that are killed
//! at random moments and started again: at the end each photo must be there exactly once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use s3flickr::model::{Job, Key, Location};
use s3flickr::queue::{Counts, Outgoing, Queue};
use s3flickr::sandbox::{self, Fault, FaultKind, Sandbox};
use serde_json::Value;
use sha1::{Digest, Sha1};
use tempfile::TempDir;
use tokio::process::Command;

/// How often each photo may fail: the faults must not use it up, as they are chosen by chance.
const RETRIES: u32 = 30;
/// Every so manieth message is on the queue more than once.
const REPEATED: usize = 50;
/// Every so manieth photo has the bytes of the one before it.
const TWINS: usize = 40;
/// How long a worker that will be killed lives, in milliseconds: from its start-up to the
/// middle of many transfers.
const LIFE: (u64, u64) = (150, 2_500);
/// A run that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(1_200);

/// How large the run is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Photos to copy.
    pub photos: usize,
    /// Workers at a time.
    pub workers: usize,
    /// How many times one of them is killed.
    pub kills: u64,
    /// Chooses the moments, the faults and the sizes.
    pub seed: u64,
}

/// Where the photos are, and where the work is queued.
pub struct Place {
    /// The photos.
    pub store: Location,
    /// The same for `populate`.
    pub populate: Vec<String>,
    /// The queue, which exists.
    pub queue: Queue,
    /// What workers need to reach both.
    pub variables: Vec<(&'static str, String)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Photos that are not there, or not with their bytes.
    pub lost: usize,
    /// Photos that are there once too often.
    pub twice: usize,
    /// Workers that were killed.
    pub kills: u64,
    /// Calls that a fault struck, but for mere delays.
    pub faults: u64,
    /// Calls to Flickr, uploads included.
    pub calls: u64,
    /// Those that list photos.
    pub listings: u64,
    /// Those that upload.
    pub uploads: u64,
    /// Workers that ended badly by themselves, and why.
    pub complaints: Vec<String>,
    /// What is still on the queues.
    pub left: Counts,
    /// The failed queue's first bodies.
    pub failed: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Whether each photo is there once and nothing is left anywhere.
    pub fn is_well(&self) -> bool {
        (self.lost, self.twice, self.left) == (0, 0, Counts::default())
            && self.complaints.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lost {}, twice {}, kills {}, faults {}, calls {}",
            self.lost, self.twice, self.kills, self.faults, self.calls
        )?;
        write!(
            f,
            "\n({} uploads, {} listings, {:.0} s; left on the queue {}, in flight {}, failed {})",
            self.uploads,
            self.listings,
            self.elapsed.as_secs_f64(),
            self.left.waiting + self.left.delayed,
            self.left.in_flight,
            self.left.failed
        )?;
        for line in self.complaints.iter().chain(&self.failed) {
            write!(f, "\n{line}")?;
        }
        Ok(())
    }
}

/// The n-th photo: its key and its bytes.
pub fn photo(n: usize, seed: u64) -> (String, Vec<u8>) {
    let bytes_of = if n % TWINS == TWINS - 1 { n - 1 } else { n };
    let mut dice = Dice(seed ^ bytes_of as u64);
    let mut bytes = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    let size = dice.between(500, 60_000) as usize;
    while bytes.len() < size {
        bytes.extend(dice.roll().to_le_bytes());
    }
    bytes.extend([0xFF, 0xD9]);
    (format!("{}/IMG_{n:05}.jpg", 2000 + n % 7), bytes)
}

/// A folder and a SQLite queue: no cloud is needed.
pub async fn on_this_machine(home: &TempDir, options: Options) -> Place {
    let folder = home.path().join("photos");
    for (key, bytes) in (0..options.photos).map(|n| photo(n, options.seed)) {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a photo");
    }
    let folder = folder.to_str().expect("a plain path").to_owned();
    let queue = format!("sqlite:{}", home.path().join("queue.db").display());
    Place {
        store: Location::folder(&folder).expect("an absolute path"),
        populate: vec!["--from".to_owned(), folder],
        queue: Queue::create(&queue).await.expect("a queue"),
        variables: Vec::new(),
    }
}

/// Copies all photos with workers that are killed, and looks at what came of it.
pub async fn run(binary: &Path, home: &TempDir, place: Place, options: Options) -> Report {
    let began = Instant::now();
    let flickr = sandbox::start(sandbox::Options {
        faults: faults(options.seed),
        ..Default::default()
    });
    let flickr = flickr.await.expect("a sandbox");
    let fleet = Arc::new(Fleet {
        binary: binary.to_owned(),
        home: home.path().to_owned(),
        queue: place.queue.location().to_owned(),
        variables: [flickr.environment(), place.variables.clone()].concat(),
        kills_left: AtomicU64::new(options.kills),
    });
    fleet.populate(&place, options).await;
    let slots = (0..options.workers).map(|slot| {
        let dice = Dice(options.seed ^ (slot as u64 + 1) << 32);
        tokio::spawn(Arc::clone(&fleet).slot(slot, dice))
    });
    let slots: Vec<_> = slots.collect();
    let mut report = Report::default();
    for slot in slots {
        let left = LONGEST.saturating_sub(began.elapsed());
        match tokio::time::timeout(left, slot).await {
            Ok(complaints) => report.complaints.extend(complaints.expect("no panic")),
            Err(_) => report.complaints.push("a worker hangs".to_owned()),
        }
    }
    report.kills = options.kills - fleet.kills_left.load(Ordering::SeqCst);
    report.left = place.queue.counts().await.expect("counts");
    report.failed = place.queue.failed(5).await.expect("the failed queue");
    compare(&flickr, options, &mut report).await;
    report.elapsed = began.elapsed();
    report
}

/// What goes wrong, by the shares that the run promises.
fn faults(seed: u64) -> Vec<Fault> {
    let share = |percent, fault| Fault {
        percent: Some(percent),
        seed: seed ^ percent as u64,
        ..Fault::new("upload", fault)
    };
    vec![
        // Answers that take a while, so that many a kill comes between a photo and its answer.
        share(50.0, FaultKind::Slow { delay_ms: 150 }),
        share(10.0, FaultKind::GatewayTimeoutAfter),
        share(5.0, FaultKind::ResetHalfway),
        share(3.0, FaultKind::Throttle),
        share(2.0, FaultKind::EmptyAnswer),
    ]
}

/// The workers.
struct Fleet {
    binary: PathBuf,
    home: PathBuf,
    queue: String,
    variables: Vec<(&'static str, String)>,
    kills_left: AtomicU64,
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
    async fn populate(&self, place: &Place, options: Options) {
        let copies = |rest: usize| -> Vec<Outgoing> {
            (0..options.photos / REPEATED)
                .filter(|n| n % 2 == rest)
                .map(|n| photo(n * REPEATED, options.seed))
                .map(|(key, bytes)| {
                    let key = Key::new(key).expect("a key");
                    let url = place.store.url_of(&key);
                    let job = Job::new(url, key, RETRIES, bytes.len() as u64, "copy");
                    Outgoing {
                        body: job.write(),
                        ..Outgoing::default()
                    }
                })
                .collect()
        };
        let early: Vec<Outgoing> = copies(0)
            .iter()
            .flat_map(|c| [c.clone(), c.clone()])
            .collect();
        place.queue.send(&early).await.expect("copies sent");
        let retries = RETRIES.to_string();
        let mut populate = self.command(&["populate", "--retries", &retries]);
        let said = populate.args(&place.populate).output().await;
        let said = said.expect("the binary");
        assert!(said.status.success(), "{said:?}");
        place.queue.send(&copies(1)).await.expect("copies sent");
    }

    /// One worker after the other, until one finds the queue drained; tells what went wrong.
    async fn slot(self: Arc<Self>, slot: usize, mut dice: Dice) -> Vec<String> {
        let mut complaints = Vec::new();
        loop {
            let visibility = (2 + slot % 4).to_string();
            let worker = self.command(&[
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
            let take = |left: u64| left.checked_sub(1);
            let order = (Ordering::SeqCst, Ordering::SeqCst);
            let doomed = self.kills_left.fetch_update(order.0, order.1, take).is_ok();
            let life = Duration::from_millis(dice.between(LIFE.0, LIFE.1));
            let Some(said) = live(worker, doomed.then_some(life)).await else {
                continue;
            };
            if doomed {
                self.kills_left.fetch_add(1, Ordering::SeqCst);
            }
            if said.status.success() {
                return complaints;
            }
            let words = String::from_utf8_lossy(&said.stderr).into_owned();
            complaints.push(format!("worker {slot}: {}: {words}", said.status));
            if complaints.len() > 5 {
                return complaints;
            }
        }
    }
}

/// One life of a worker: what it said at its end, or `None` where it was killed.
async fn live(mut worker: Command, life: Option<Duration>) -> Option<std::process::Output> {
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

/// Holds the account against what was to be copied.
async fn compare(flickr: &Sandbox, options: Options, report: &mut Report) {
    let state = ask(flickr, "state").await;
    let mut there: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for photo in state["photos"].as_array().expect("photos") {
        let text = |name: &str| photo[name].as_str().unwrap_or_default();
        *there.entry((text("title"), text("sha1"))).or_default() += 1;
    }
    let mut photos = 0;
    for (key, bytes) in (0..options.photos).map(|n| photo(n, options.seed)) {
        let sha1 = data_encoding::HEXLOWER.encode(&Sha1::digest(bytes));
        match there.get(&(key.as_str(), sha1.as_str())) {
            Some(count) => photos += count,
            None => report.lost += 1,
        }
    }
    report.twice = photos + report.lost - options.photos;
    // What is there under another name or with other bytes is nobody's copy.
    let strange = there.values().sum::<usize>() - photos;
    if strange > 0 {
        let line = format!("{strange} photos that are none of the files");
        report.complaints.push(line);
    }
    let calls = ask(flickr, "calls").await;
    let calls_of = |method: &str| {
        calls["totals"][method]["calls"]
            .as_u64()
            .unwrap_or_default()
    };
    let methods = calls["totals"].as_object().expect("totals").keys();
    report.calls = methods.map(|method| calls_of(method)).sum();
    (report.uploads, report.listings) = (calls_of("upload"), calls_of("flickr.people.getPhotos"));
    let faults = ask(flickr, "faults").await;
    let faults = faults.as_array().expect("the script").iter();
    let struck = faults.filter(|fault| fault["fault"] != "slow");
    report.faults = struck.filter_map(|fault| fault["struck"].as_u64()).sum();
}

async fn ask(flickr: &Sandbox, what: &str) -> Value {
    let url = format!("{}/sandbox/{what}", flickr.base_url());
    let answer = reqwest::get(url).await.expect("the sandbox answers");
    serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
}

/// SplitMix64: the same moments and bytes for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let a = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        b ^ (b >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.roll() % (most - least)
    }
}
