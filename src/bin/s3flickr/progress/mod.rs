//! How far a run is, how fast it goes and how long it will take, as a person reads it.

mod bar;
mod intro;
mod listing;
pub mod outage;
mod rate;
mod schedule;
mod sets;
mod stall;
mod units;
mod work;

use std::time::Duration;

use s3flickr::monitor::Limit;
use s3flickr::ops::status::Status;

pub use self::bar::{Progress, cut};
pub use self::intro::Intro;
pub use self::listing::ListingProgress;
pub use self::rate::{Rate, left};
use self::schedule::Schedule;
pub use self::sets::SetsProgress;
pub use self::units::{about, bytes, number, span, things};
pub use self::work::WorkProgress;
use crate::console::Console;

/// Something that knows how far it is.
pub trait Measure: Send + Sync {
    /// How far it is now; `None` before there is anything to say.
    fn progress(&self) -> Option<Progress>;
}

/// Does `work`, and shows meanwhile how far it is.
pub async fn reporting<T>(
    measure: &dyn Measure,
    console: &Console,
    work: impl Future<Output = T>,
) -> T {
    let report = async {
        let mut schedule = Schedule::new(console.draws());
        loop {
            tokio::time::sleep(schedule.pause()).await;
            if let Some(progress) = measure.progress() {
                console.progress(progress);
            }
        }
    };
    let done = tokio::select! {
        biased;
        done = work => done,
        never = report => never,
    };
    console.clear();
    done
}

/// What holds the work up, as a person says it.
fn limited(limit: Limit) -> &'static str {
    match limit {
        Limit::Calls => "limited by the call budget",
        Limit::Latency => "limited by latency",
        Limit::Bandwidth => "limited by bandwidth",
        Limit::QueueEmpty => "waiting for work",
        Limit::Outage => "waiting for a service that is away",
    }
}

/// How many photos of a queue are done, and how many failed.
fn count(done: u64, total: u64, failed: u64) -> String {
    let mut text = format!("{}/{} photos", number(done), number(total));
    if failed > 0 {
        text.push_str(&format!(" ({} failed)", number(failed)));
    }
    text
}

/// The part that is done.
fn fraction(done: u64, total: u64) -> Option<f64> {
    (total > 0).then(|| done as f64 / total as f64)
}

/// How far a queue is, as its own counts tell.
pub fn of_queue(status: &Status, rate: &Rate, limit: Option<Limit>) -> Progress {
    let open = status.open();
    let mut parts = Vec::new();
    match rate.per_second() {
        Some(per_second) if open > 0 => {
            parts.push(units::per_second(per_second, "photos"));
            parts.push(format!("{} left", span(left(open, per_second))));
            parts.extend(limit.map(|limit| limited(limit).to_owned()));
        }
        _ if open > 0 => parts.push(format!("{} to go", number(open))),
        _ => parts.push("nothing left to do".to_owned()),
    }
    Progress {
        fraction: fraction(status.done, status.total),
        count: count(status.done, status.total, status.failed),
        waiting: None,
        parts,
    }
}

/// How long a rate is measured before it is believed: the first photos tell little.
const BELIEVED_AFTER: Duration = Duration::from_secs(10);

/// The rate, and how long the rest takes at it, once it is worth anything.
fn speed(rate: &Rate, unit: &str, open: u64) -> (Option<String>, Option<String>) {
    let per_second = rate.per_second();
    let is_believed = rate.span() >= BELIEVED_AFTER;
    let said = per_second.map(|per_second| units::per_second(per_second, unit));
    let rest = per_second.filter(|_| is_believed && open > 0);
    let rest = rest.map(|per_second| format!("{} left", span(left(open, per_second))));
    (said, rest)
}
