//! A fleet of workers that are killed at random: the chaos run. `examples/chaos/` runs it at
//! full length, `tests/it/chaos.rs` a short one.
//!
//! Photos of a source that cannot be trusted, a stand-in for Flickr that fails on purpose,
//! services that are away for a while, and workers that are killed at random moments and started
//! again: at the end each photo must be there exactly once, with its bytes.

mod outages;
pub mod photos;
mod report;
mod source;
mod workers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use s3flickr::queue::Queue;
use s3flickr::sandbox::{self, Fault, FaultKind};
use tempfile::TempDir;

use self::outages::Away;
use self::photos::Dice;
pub use self::report::Report;
use self::source::Source;
use self::workers::Fleet;
use super::proxy::Proxy;

/// A run that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(1_800);

/// How large the run is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Photos to copy.
    pub photos: usize,
    /// Workers at a time.
    pub workers: usize,
    /// How many times one of them is killed.
    pub kills: u64,
    /// How long each service is away, once.
    pub outage: Duration,
    /// Chooses the moments, the faults and the sizes.
    pub seed: u64,
}

/// Where the work is queued.
pub struct Place {
    /// The queue, which exists.
    pub queue: Queue,
    /// What stands between the workers and the queue's service, where that can be away.
    pub service: Option<Arc<Proxy>>,
    /// What workers need to reach it.
    pub variables: Vec<(&'static str, String)>,
    /// What those need whose clock is an hour off: only for a queue that has a clock of its own.
    pub skewed: Vec<(&'static str, String)>,
}

/// A SQLite queue: no cloud is needed.
pub async fn on_this_machine(home: &TempDir) -> Place {
    let queue = format!("sqlite:{}", home.path().join("queue.db").display());
    let text = |text: &str| text.to_owned();
    Place {
        queue: Queue::create(&queue).await.expect("a queue"),
        service: None,
        variables: vec![
            ("AWS_REGION", text("us-east-1")),
            ("AWS_ACCESS_KEY_ID", text("chaos")),
            ("AWS_SECRET_ACCESS_KEY", text("chaos")),
            ("AWS_EC2_METADATA_DISABLED", text("true")),
        ],
        skewed: Vec::new(),
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
    let source = Source::start(options.photos, options.seed).await;
    let before_flickr = Arc::new(Proxy::start(&flickr.base_url()).await);
    let before_source = Arc::new(Proxy::start(&source.url).await);
    let fleet = Arc::new(Fleet {
        binary: binary.to_owned(),
        home: home.path().to_owned(),
        queue: place.queue.location().to_owned(),
        variables: [
            place.variables,
            flickr.environment(),
            vec![
                ("FLICKR_ENDPOINT_URL", before_flickr.url()),
                ("AWS_ENDPOINT_URL_S3", before_source.url()),
            ],
        ]
        .concat(),
        skewed: place.skewed,
        kills_left: AtomicU64::new(options.kills),
        away: Away::default(),
    });
    fleet.populate(&place.queue, &source, options).await;
    let mut services = vec![before_flickr, before_source];
    services.extend(place.service);
    let mut report = Report {
        outages: services.len(),
        ..Report::default()
    };
    let outages = fleet
        .away
        .clone()
        .take_turns(services.clone(), options.outage);
    let outages = tokio::spawn(outages);
    report.complaints = slots(&fleet, options, began).await;
    outages.abort();
    report.kills = options.kills - fleet.kills_left.load(Ordering::SeqCst);
    report.left = place.queue.counts().await.expect("counts");
    report.failed = place.queue.peek_failed(5).await.expect("the failed queue");
    report.compare(&flickr, &source, options).await;
    report.elapsed = began.elapsed();
    report
}

/// Runs all workers until each found the queue drained; tells what went wrong.
async fn slots(fleet: &Arc<Fleet>, options: Options, began: Instant) -> Vec<String> {
    let slots: Vec<_> = (0..options.workers)
        .map(|slot| {
            let dice = Dice::new(options.seed ^ (slot as u64 + 1) << 32);
            tokio::spawn(Arc::clone(fleet).slot(slot, dice))
        })
        .collect();
    let mut complaints = Vec::new();
    for slot in slots {
        let left = LONGEST.saturating_sub(began.elapsed());
        match tokio::time::timeout(left, slot).await {
            Ok(of_slot) => complaints.extend(of_slot.expect("no panic")),
            Err(_) => complaints.push("a worker hangs".to_owned()),
        }
    }
    complaints
}

/// What goes wrong at Flickr, by the shares that the run promises.
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
