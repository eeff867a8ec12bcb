//! How much one worker finished of one run, and the tag that says so.

use std::collections::{BTreeMap, VecDeque};

use super::super::escape::{escape, unescape};
use super::super::queue::Tags;

/// What the keys of these tags begin with.
pub(super) const PREFIX: &str = "s3flickr.done.";
/// The most ids in a tag: those of the messages that are counted and not deleted yet, and some
/// whose deletion failed.
const MOST_IDS: usize = 24;
/// A worker that wrote nothing for this long is dead, however wrong its clock is: the longest
/// visibility timeout of a message (12 hours), and a day.
const DEAD_SECONDS: i64 = 36 * 3600;

/// What one worker finished of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) count: u64,
    /// When it was last counted: seconds since 1970.
    pub(super) written: i64,
    /// The messages whose deletion is not known yet, the oldest first.
    pub(super) ids: VecDeque<String>,
    /// Those that are counted, and of which neither the write nor the deletion is known.
    pub(super) unclear: Vec<String>,
    /// Whether this is in the tag.
    pub(super) saved: bool,
}

impl Tally {
    /// Counts a message, `now` in seconds since 1970.
    pub(super) fn count(&mut self, id: &str, now: i64) {
        self.count += 1;
        self.written = now;
        self.saved = false;
        self.ids.push_back(id.to_owned());
        while self.ids.len() > MOST_IDS {
            self.ids.pop_front();
        }
    }

    /// What became of a message that was counted: whether the count was `written`, and the message
    /// `deleted`. A message that was handed out again meanwhile, found counted and deleted is done:
    /// what its first delivery says later changes nothing.
    pub(super) fn settle(&mut self, id: &str, written: bool, deleted: bool) {
        let Some(at) = self.ids.iter().position(|other| other == id) else {
            return;
        };
        if deleted || !written {
            self.ids.remove(at);
        }
        if !deleted && !written {
            // It is handed out again. The worker that finishes it then counts it, unless it finds the id.
            self.unclear.push(id.to_owned());
        }
    }
}

/// The key of the tag of one worker and one run.
pub(super) fn key(worker: &str, run: &str) -> String {
    format!("{PREFIX}{worker}.{}", escape(run))
}

/// How much was finished of each run, by the tags of both places.
pub(in crate::queue::sqs) fn sum(tags: &Tags) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (key, value) in tags {
        if let Some((run, tally)) = decode(key, value) {
            *sums.entry(run).or_default() += tally.count;
        }
    }
    sums.retain(|_, count| *count > 0);
    sums
}

/// The tallies of workers that are dead: their keys, runs and counts.
pub(super) fn dead(tags: &Tags, now: i64) -> Vec<(String, String, Tally)> {
    let one = |(key, value): (&String, &String)| {
        let (run, tally) = decode(key, value)?;
        let dead = now - tally.written > DEAD_SECONDS;
        dead.then(|| (key.clone(), run, tally))
    };
    tags.iter().filter_map(one).collect()
}

pub(super) fn encode(tally: &Tally) -> String {
    let ids: Vec<&str> = tally.ids.iter().map(String::as_str).collect();
    format!("{}:{}:{}", tally.count, tally.written, ids.join("."))
}

/// The run and the tally of a tag, if it is one.
pub(super) fn decode(key: &str, value: &str) -> Option<(String, Tally)> {
    let (_worker, run) = key.strip_prefix(PREFIX)?.split_once('.')?;
    let mut parts = value.splitn(3, ':');
    let tally = Tally {
        count: parts.next()?.parse().ok()?,
        written: parts.next()?.parse().ok()?,
        ids: parts
            .next()?
            .split('.')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        unclear: Vec::new(),
        saved: true,
    };
    Some((unescape(run)?, tally))
}

/// Eight digits that stand for a message's id (FNV-1a): what is saved apart are some hundreds.
pub(super) fn short(id: &str) -> String {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", id.bytes().fold(0x811c_9dc5, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_fits_into_a_tag_and_is_read_as_it_was_written() {
        let ids = (0..MOST_IDS).map(|n| short(&n.to_string())).collect();
        let tally = Tally {
            count: 100_000_000,
            written: 1_795_000_000,
            ids,
            unclear: Vec::new(),
            saved: true,
        };
        let value = encode(&tally);
        assert!(value.len() <= 256, "{}", value.len());
        let run = "19a3b2c4d5e-1f2e3";
        let key = format!("{PREFIX}0123456789abcdef.{}", escape(run));
        assert_eq!(decode(&key, &value), Some((run.to_owned(), tally)));
        assert_eq!(decode("s3flickr.populate.x", "1:2:3"), None);
        assert_eq!(decode(&key, "what"), None);
    }

    #[test]
    fn a_message_whose_second_delivery_was_deleted_stays_counted() {
        let mut tally = Tally::default();
        tally.count("a", 1);
        // The queue was away: the first delivery is not settled yet when the second one is.
        tally.settle("a", true, true);
        tally.settle("a", false, false);
        assert_eq!((tally.count, tally.ids.len()), (1, 0));
        assert!(tally.unclear.is_empty(), "{tally:?}");
    }

    #[test]
    fn what_was_neither_written_nor_deleted_is_unclear_and_a_written_id_is_kept() {
        let mut tally = Tally::default();
        for id in ["a", "b", "c"] {
            tally.count(id, 1);
        }
        tally.settle("a", false, false);
        tally.settle("b", true, false);
        tally.settle("c", false, true);
        assert_eq!(
            (tally.ids, tally.unclear),
            (["b".to_owned()].into(), vec!["a".to_owned()])
        );
        assert_eq!(tally.count, 3);
    }

    #[test]
    fn only_who_wrote_nothing_for_long_is_dead() {
        let key = |n: u32| format!("{PREFIX}{n}.run");
        let now = 10 * DEAD_SECONDS;
        let written = |ago: i64| format!("7:{}:", now - ago);
        // A clock that is hours ahead or behind makes nobody dead.
        let tags = [
            (key(1), written(0)),
            (key(2), written(-7_200)),
            (key(3), written(12 * 3600)),
            (key(4), written(DEAD_SECONDS + 1)),
        ];
        let dead = dead(&tags.into_iter().collect(), now);
        assert_eq!(dead.len(), 1);
        assert_eq!((dead[0].0.as_str(), dead[0].2.count), (key(4).as_str(), 7));
    }
}
