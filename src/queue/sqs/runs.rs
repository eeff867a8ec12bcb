//! What each `populate` sent, as tags of the queue: `s3flickr.populate.ID` =
//! `STARTED:TOTAL:BYTES:STORE`, with `+SECONDS` after STARTED once it has ended, going on in
//! `s3flickr.populate.ID.1` and so on when it is long.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::escape::{escape, unescape};
use super::queue::{SqsQueue, Tags};
use super::{Sqs, account, finished};
use crate::queue::runs::Runs;
use crate::queue::{BoundAccount, Error, PopulateRun, RunHistory};

const PREFIX: &str = "s3flickr.populate.";
/// SQS cuts nothing, it refuses: 256 characters are the most in a tag's value.
const VALUE: usize = 256;
/// A queue has at most 50 tags; some are for what is finished, and some are left to its owner.
const MOST_TAGS: usize = 25;

#[async_trait]
impl Runs for Sqs {
    async fn run_history(&self) -> Result<RunHistory, Error> {
        self.finished.write_the_rest().await;
        let tags = self.tags.all().await?;
        Ok(RunHistory {
            runs: decode(&tags),
            finished: finished::sum(&tags),
            account: account::bound(&tags),
        })
    }

    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        self.main.save_run(run).await
    }

    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        account::bind(&self.tags, account).await
    }
}

impl SqsQueue {
    /// Saves a run. Where there are too many, the two oldest of one store become one, until they
    /// are few enough; a run that ends between writing the sum and removing its part counts twice.
    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        self.put_run(run).await?;
        let mut runs = decode(&self.tags().await?);
        while runs.iter().map(|r| encode(r).len()).sum::<usize>() > MOST_TAGS {
            let Some((sum, part)) = fold(&mut runs, &run.id) else {
                break;
            };
            self.put_run(&sum).await?;
            let keys = encode(&part).into_iter().map(|(key, _)| key).collect();
            self.remove_tags(keys).await?;
        }
        Ok(())
    }

    async fn put_run(&self, run: &PopulateRun) -> Result<(), Error> {
        let tags = encode(run).into_iter().collect();
        self.set_tags("save a run with", tags).await
    }
}

/// Adds the second-oldest run of some store to the oldest, but never the run `last`. Returns the
/// sum and the one that is in it now. `runs` are the oldest first.
fn fold(runs: &mut Vec<PopulateRun>, last: &str) -> Option<(PopulateRun, PopulateRun)> {
    let older =
        |runs: &[PopulateRun], i: usize| runs[..i].iter().position(|r| r.store == runs[i].store);
    let (second, first) = (0..runs.len())
        .filter(|&i| runs[i].id != last)
        .find_map(|i| Some((i, older(runs, i)?)))?;
    let part = runs.remove(second);
    let sum = &mut runs[first];
    sum.total += part.total;
    sum.bytes += part.bytes;
    // Only where both have ended has the sum.
    sum.ended = sum.ended.and_then(|ended| Some(ended.max(part.ended?)));
    Some((sum.clone(), part))
}

/// The tags of one run.
fn encode(run: &PopulateRun) -> Vec<(String, String)> {
    let PopulateRun {
        id,
        started,
        ended,
        total,
        bytes,
        store,
    } = run;
    let key = format!("{PREFIX}{}", escape(id));
    let took = ended.map(|ended| format!("+{}", (ended - started).max(0)));
    let took = took.unwrap_or_default();
    let value = format!("{started}{took}:{total}:{bytes}:{}", escape(store));
    // All ASCII by now, so any cut is between characters.
    let pieces = value.as_bytes().chunks(VALUE).map(String::from_utf8_lossy);
    pieces
        .enumerate()
        .map(|(number, piece)| match number {
            0 => (key.clone(), piece.into_owned()),
            _ => (format!("{key}.{number}"), piece.into_owned()),
        })
        .collect()
}

/// The runs among the tags of a queue, the oldest first; what is not one is left out.
pub(super) fn decode(tags: &Tags) -> Vec<PopulateRun> {
    let mut values = BTreeMap::<&str, BTreeMap<usize, &str>>::new();
    for (key, value) in tags {
        let Some(rest) = key.strip_prefix(PREFIX) else {
            continue;
        };
        let (id, number) = rest.split_once('.').unwrap_or((rest, "0"));
        if let Ok(number) = number.parse() {
            values.entry(id).or_default().insert(number, value);
        }
    }
    let run = |(id, pieces): (&str, BTreeMap<usize, &str>)| {
        let value: String = pieces.into_values().collect();
        let mut parts = value.splitn(4, ':');
        let times = parts.next()?;
        let (started, took) = times.split_once('+').unwrap_or((times, ""));
        let started: i64 = started.parse().ok()?;
        let took = took.parse::<i64>().ok();
        Some(PopulateRun {
            id: unescape(id)?,
            started,
            ended: took.map(|took| started.saturating_add(took)),
            total: parts.next()?.parse().ok()?,
            bytes: parts.next()?.parse().ok()?,
            store: unescape(parts.next()?)?,
        })
    };
    let mut runs: Vec<_> = values.into_iter().filter_map(run).collect();
    runs.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, started: i64, store: &str) -> PopulateRun {
        PopulateRun {
            id: id.to_owned(),
            started,
            ended: (started % 2 == 0).then_some(started + 5),
            total: 10,
            bytes: 1_000,
            store: store.to_owned(),
        }
    }

    #[test]
    fn a_run_survives_the_characters_and_the_lengths_that_tags_allow() {
        let stores = [
            "s3://photos/2012/".to_owned(),
            "file:/a b/50% off/Zürich=Köln/?*&#".to_owned(),
            format!("s3://photos/{}", "長い名前/".repeat(120)),
            String::new(),
        ];
        for (number, store) in stores.iter().enumerate() {
            let record = run("2026-11-24T10.00_a1", number as i64, store);
            let tags: Tags = encode(&record).into_iter().collect();
            for (key, value) in &tags {
                assert!(key.len() <= 128 && value.len() <= VALUE, "{key}");
                let fits = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@".contains(c);
                assert!(value.chars().all(fits), "{value}");
            }
            assert_eq!(decode(&tags), [record]);
        }
    }

    #[test]
    fn tags_of_others_are_left_alone() {
        let tags = [
            ("team", "photos"),
            ("s3flickr.populate.x", "what"),
            ("s3flickr.pace", "1"),
        ];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(decode(&tags.into_iter().collect()), []);
    }

    #[test]
    fn the_oldest_runs_of_a_store_are_added_together() {
        let mut runs = vec![
            run("a", 1, "x"),
            run("b", 2, "y"),
            run("c", 3, "x"),
            run("d", 4, "x"),
        ];
        let (sum, part) = fold(&mut runs, "d").unwrap();
        assert_eq!(
            (sum.id.as_str(), sum.total, sum.bytes, sum.started),
            ("a", 20, 2_000, 1)
        );
        assert_eq!(part.id, "c");
        assert_eq!(runs.len(), 3);
        assert!(fold(&mut runs, "d").is_none(), "the run just noted stays");
    }
}
