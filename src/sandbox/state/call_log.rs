//! The log of calls: the latest ones one by one, all of them as totals.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use serde::Serialize;

/// So many entries are kept; totals stay exact beyond that.
const MOST_ENTRIES: usize = 10_000;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Unix seconds with milliseconds, when the answer was ready.
    pub time: f64,
    /// The method's name, `upload`, `oauth...` or `original`.
    pub method: String,
    /// What it was about: a photo, a set, a title.
    pub subject: String,
    /// `ok`, `fail 3: Photo already in set`, `http 503`, `oauth signature_invalid`, `cut off`, ...
    pub outcome: String,
    /// The fault that struck it; the outcome is what was done all the same.
    pub fault: Option<String>,
}

/// Totals of one method.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// All calls.
    pub calls: u64,
    /// Those that were done and answered so.
    pub ok: u64,
    /// All others, by the first word or two of their outcome.
    pub other: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Book {
    entries: VecDeque<Call>,
    totals: BTreeMap<String, Totals>,
}

/// The log.
#[derive(Debug, Default)]
pub struct Log(Mutex<Book>);

impl Log {
    /// Adds one; the oldest makes room.
    pub fn add(&self, call: Call) {
        let mut book = self.0.lock();
        let totals = book.totals.entry(call.method.clone()).or_default();
        totals.calls += 1;
        if call.outcome == "ok" {
            totals.ok += 1;
        } else {
            let kind = call
                .outcome
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned();
            *totals.other.entry(kind).or_default() += 1;
        }
        if book.entries.len() == MOST_ENTRIES {
            book.entries.pop_front();
        }
        book.entries.push_back(call);
    }

    /// The latest entries, oldest first, at most so many.
    pub fn latest(&self, most: usize) -> Vec<Call> {
        let book = self.0.lock();
        let skipped = book.entries.len().saturating_sub(most);
        book.entries.iter().skip(skipped).cloned().collect()
    }

    /// All totals by method.
    pub fn totals(&self) -> BTreeMap<String, Totals> {
        self.0.lock().totals.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_its_totals_are_exact() {
        let log = Log::default();
        for number in 0..MOST_ENTRIES + 5 {
            let outcome = if number % 2 == 0 {
                "ok"
            } else {
                "fail 3: Photo already in set"
            };
            log.add(Call {
                time: 0.0,
                method: "m".into(),
                subject: number.to_string(),
                outcome: outcome.into(),
                fault: None,
            });
        }
        assert_eq!(log.latest(usize::MAX).len(), MOST_ENTRIES);
        assert_eq!(log.latest(1)[0].subject, (MOST_ENTRIES + 4).to_string());
        let totals = &log.totals()["m"];
        assert_eq!(
            (totals.calls, totals.ok + totals.other["fail 3"]),
            (10_005, 10_005)
        );
    }
}
