//! The log of calls: the latest ones one by one, all of them as totals.

use parking_lot::Mutex;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// The number of entries that are kept; totals stay exact beyond that.
const MOST_ENTRIES: usize = 10_000;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Unix seconds with milliseconds, when the answer was ready.
    pub time: f64,
    /// The method's name, `upload`, `oauth...` or `original`.
    pub method: String,
    /// The photo, set or title that it was about.
    pub subject: String,
    /// `ok`, `fail 3: Photo already in set`, `http 503`, `oauth signature_invalid`, `cut off`, ...
    pub outcome: String,
    /// The fault that fired; the outcome says what was done all the same.
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
pub struct CallLog(Mutex<Book>);

impl CallLog {
    /// Adds one, and drops the oldest if there are too many.
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

    /// The latest entries, oldest first, at most `most` of them.
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
        let log = CallLog::default();
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
