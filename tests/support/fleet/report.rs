//! What came of a run: the account held against what was to be copied.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use s3flickr::queue::Counts;
use s3flickr::sandbox::Sandbox;
use serde_json::Value;

use super::Options;
use super::photos::{Version, bytes, key, sha1};
use super::source::Source;

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Files of which no version is there.
    pub lost: usize,
    /// Photos that are there once too often.
    pub twice: usize,
    /// Photos that are no version of any file.
    pub wrong: usize,
    /// Workers that were killed.
    pub kills: u64,
    /// Calls to Flickr that a fault hit, but for mere delays.
    pub faults: u64,
    /// Answers of the source that were not what they should be.
    pub source_faults: u64,
    /// Services that were away for a while.
    pub outages: usize,
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
        (self.lost, self.twice, self.wrong, self.left) == (0, 0, 0, Counts::default())
            && self.complaints.is_empty()
    }

    /// Holds the account against what was to be copied.
    pub async fn compare(&mut self, flickr: &Sandbox, source: &Source, options: Options) {
        let state = ask(flickr, "state").await;
        let mut there: BTreeMap<(String, String), usize> = BTreeMap::new();
        for photo in state["photos"].as_array().expect("photos") {
            let text = |name: &str| photo[name].as_str().unwrap_or_default().to_owned();
            *there.entry((text("title"), text("sha1"))).or_default() += 1;
        }
        for n in 0..options.photos {
            let key = key(n);
            let mut copies = vec![Version::First];
            copies.extend(source.was_replaced(n).then_some(Version::Second));
            let counts: Vec<usize> = copies
                .into_iter()
                .map(|version| sha1(&bytes(n, options.seed, version)))
                .map(|sha1| there.remove(&(key.clone(), sha1)).unwrap_or(0))
                .collect();
            self.lost += usize::from(counts.iter().all(|count| *count == 0));
            let extra = counts.iter().map(|count| count.saturating_sub(1));
            self.twice += extra.sum::<usize>();
        }
        self.wrong = there.values().sum();
        self.source_faults = source.faults();
        self.count_calls(flickr).await;
    }

    async fn count_calls(&mut self, flickr: &Sandbox) {
        let calls = ask(flickr, "calls").await;
        let totals = &calls["totals"];
        let calls_of = |method: &str| totals[method]["calls"].as_u64().unwrap_or_default();
        let methods = totals.as_object().expect("totals").keys();
        self.calls = methods.map(|method| calls_of(method)).sum();
        self.uploads = calls_of("upload");
        self.listings = calls_of("flickr.people.getPhotos");
        let faults = ask(flickr, "faults").await;
        let faults = faults.as_array().expect("the script").iter();
        let fired = faults.filter(|fault| fault["fault"] != "slow");
        self.faults = fired.filter_map(|fault| fault["fired"].as_u64()).sum();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lost {}, twice {}, wrong bytes {}, kills {}, faults {} of Flickr and {} of the source, outages {}",
            self.lost,
            self.twice,
            self.wrong,
            self.kills,
            self.faults,
            self.source_faults,
            self.outages
        )?;
        write!(
            f,
            "\n({} calls, {} uploads, {} listings, {:.0} s; left on the queue {}, in flight {}, failed {})",
            self.calls,
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

async fn ask(flickr: &Sandbox, what: &str) -> Value {
    let url = format!("{}/sandbox/{what}", flickr.base_url());
    let answer = crate::support::http()
        .get(url)
        .send()
        .await
        .expect("the sandbox answers");
    serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
}
