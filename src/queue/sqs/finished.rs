//! What was finished, counted in tags: `s3flickr.done.WORKER.RUN` = `COUNT:WRITTEN:ID.ID...`.
//!
//! Each tag is one worker's own, so no two write the same, and what a worker wrote stays when it
//! dies. A message is counted *before* it is deleted, with its id: so a worker that dies between
//! the two loses nothing, and whoever is handed the message again finds the id, and does not
//! count it a second time. The ids are those whose deletion is not known yet.
//!
//! A queue has 50 tags, so the workers that find no room on the one use those of the other of the
//! two [`super::tags`], and one that starts adds what the long dead counted to its own.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::{Mutex as Locked, MutexGuard};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;

use super::runs::{escape, unescape};
use super::tags::{PLACES, Place, Tagged, Tags};
use crate::clock::unix_seconds;
use crate::queue::Error;

const PREFIX: &str = "s3flickr.done.";
/// Messages that are counted and not deleted yet: each takes 9 of a tag's 256 characters.
const AT_ONCE: usize = 16;
/// The ids that are told: those, and some whose deletion failed.
const TOLD: usize = 24;
/// So many tags of one queue are used; the others are for its owner, and for what is beside ours.
const MOST_TAGS: usize = 45;
/// With so many tags of workers, those of the dead are added up.
const MANY: usize = 8;
/// A worker that wrote nothing for so long is dead, however wrong its clock is: the longest hold
/// of a message (12 hours), and a day.
const DEAD_SECONDS: i64 = 36 * 3600;
/// Who adds up: one at a time.
const ADDING: &str = "s3flickr.adding-up";
/// The time from "nobody adds up" to "it is me", with plenty to spare.
const CLAIMED: Duration = Duration::from_secs(1);

/// What one worker finished, and where it is written.
pub(super) struct Finished {
    tags: Tags,
    worker: String,
    turns: Semaphore,
    tally: Locked<BTreeMap<String, Tally>>,
    /// Where this worker's tags are. Locked while they are written.
    place: Mutex<Option<Place>>,
    /// Whether it was said that counting fails: once is enough.
    complained: AtomicBool,
}

/// What one worker finished of one run.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    count: u64,
    /// When it was last counted: seconds since 1970.
    written: i64,
    /// The messages whose deletion is not known yet, the oldest first.
    ids: VecDeque<String>,
    /// Those that are counted, and of which neither the write nor the deletion is known.
    unclear: Vec<String>,
    /// Whether this is in the tag.
    told: bool,
}

impl Finished {
    pub(super) fn new(tags: &Tags) -> Finished {
        // Each `RandomState` is keyed anew; what it hashes does not matter.
        let worker = RandomState::new().hash_one(0);
        Finished {
            tags: tags.clone(),
            worker: format!("{worker:016x}"),
            turns: Semaphore::new(AT_ONCE),
            tally: Locked::default(),
            place: Mutex::default(),
            complained: AtomicBool::new(false),
        }
    }

    /// Counts a message, then has it deleted.
    pub(super) async fn finish(
        &self,
        run: &str,
        message: &str,
        again: bool,
        delete: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let run = if run.len() <= 64 { run } else { "" };
        let id = short(message);
        // Never closed.
        let _turn = self.turns.acquire().await;
        if again {
            self.clear_up().await?;
            if self.is_counted(&id).await? {
                return delete.await;
            }
        }
        self.count(run, &id);
        let told = self.write().await;
        if let Err(error) = &told {
            self.complain(error);
        }
        // Told or not, the photo is there, so its message must go. The next write tells of it.
        let deleted = delete.await;
        if let Some(tally) = self.tally().get_mut(run) {
            if deleted.is_ok() {
                tally.ids.retain(|other| *other != id);
            } else if told.is_err() {
                // It is handed out again. Whoever finishes it then counts it, unless it finds the id.
                tally.ids.retain(|other| *other != id);
                tally.unclear.push(id);
            }
        }
        deleted
    }

    /// Says once that counting fails; what ails the whole queue is told by others.
    fn complain(&self, error: &Error) {
        let own = !matches!(error, Error::Unreachable { .. } | Error::Gone { .. });
        if own && !self.complained.swap(true, Relaxed) {
            tracing::warn!(%error, "what is finished cannot be counted for now");
        }
    }

    /// Whether a worker counted the message and was gone before it was deleted.
    async fn is_counted(&self, id: &str) -> Result<bool, Error> {
        let has = |tally: &Tally| tally.ids.iter().any(|other| other == id);
        if self.tally().values().any(has) {
            return Ok(true);
        }
        let told = self.tags.all().await?;
        let mut told = told.iter().filter_map(|(key, value)| decode(key, value));
        Ok(told.any(|(_, tally)| has(&tally)))
    }

    /// Finds out which counts were written though no answer came: others may have found their ids,
    /// so they stay. The others are taken back.
    async fn clear_up(&self) -> Result<(), Error> {
        if self.tally().values().all(|tally| tally.unclear.is_empty()) {
            return Ok(());
        }
        let told = self.tags.all().await?;
        for (run, tally) in self.tally().iter_mut() {
            let key = self.key(run);
            let there = told.get(&key).and_then(|value| decode(&key, value));
            let there = there.map(|(_, tally)| tally.ids).unwrap_or_default();
            for id in std::mem::take(&mut tally.unclear) {
                tally.told = false;
                if there.contains(&id) {
                    tally.ids.push_back(id);
                } else {
                    tally.count = tally.count.saturating_sub(1);
                }
            }
        }
        Ok(())
    }

    /// Writes what is counted and not written, where the queue lets it.
    pub(super) async fn write_the_rest(&self) {
        if let Err(error) = self.write().await {
            self.complain(&error);
        }
    }

    fn count(&self, run: &str, id: &str) {
        let mut tallies = self.tally();
        let tally = tallies.entry(run.to_owned()).or_default();
        tally.count += 1;
        tally.written = unix_seconds();
        tally.told = false;
        tally.ids.push_back(id.to_owned());
        while tally.ids.len() > TOLD {
            tally.ids.pop_front();
        }
    }

    /// Writes what is not written yet. While one does, what others counted is gathered for the
    /// next, so that many lanes cost few calls.
    async fn write(&self) -> Result<(), Error> {
        self.clear_up().await?;
        let mut place = self.place.lock().await;
        if self.tally().values().all(|tally| tally.told) {
            return Ok(());
        }
        let places = match *place {
            Some(known) => vec![known],
            None => self.places().await?,
        };
        let news = self.news();
        let mut written = Ok(());
        for one in places {
            written = self.tags.put(one, news.clone()).await;
            match &written {
                Ok(()) => *place = Some(one),
                // Perhaps those of the other may be written.
                Err(Error::Denied { .. }) => continue,
                Err(_) => {}
            }
            break;
        }
        if written.is_err() {
            *place = None;
            self.tally()
                .values_mut()
                .for_each(|tally| tally.told = false);
        }
        written
    }

    /// What is not told yet, as tags.
    fn news(&self) -> Tagged {
        let mut tallies = self.tally();
        let untold = tallies.iter_mut().filter(|(_, tally)| !tally.told);
        untold
            .map(|(run, tally)| {
                tally.told = true;
                (self.key(run), encode(tally))
            })
            .collect()
    }

    /// The places for another tag, the best first, once what the dead counted there is ours.
    async fn places(&self) -> Result<Vec<Place>, Error> {
        let mut places = Vec::new();
        for place in PLACES {
            let mut there = self.tags.at(place).await?;
            if there.keys().filter(|key| key.starts_with(PREFIX)).count() >= MANY {
                match self.add_up(place).await {
                    Err(Error::Denied { .. }) => continue,
                    done => done?,
                }
                there = self.tags.at(place).await?;
            }
            // Where all are full, those with room come first.
            let at = if there.len() < MOST_TAGS {
                places.len()
            } else {
                PLACES.len()
            };
            places.push((at, place));
        }
        places.sort_by_key(|(at, _)| *at);
        Ok(places.into_iter().map(|(_, place)| place).collect())
    }

    /// Takes over what the dead counted on this queue. Theirs becomes 0 and ours the sum in one
    /// call, and one worker at a time does so; then their tags are removed.
    async fn add_up(&self, place: Place) -> Result<(), Error> {
        let there = self.tags.at(place).await?;
        let now = unix_seconds();
        let fresh = there.get(ADDING).and_then(|tag| tag.split_once(':'));
        let fresh = fresh.and_then(|(when, _)| when.parse::<i64>().ok());
        if fresh.is_some_and(|when| (now - when).abs() < 3600) || dead(&there, now).is_empty() {
            return Ok(());
        }
        let mine = format!("{now}:{}", self.worker);
        let claim = Tagged::from([(ADDING.to_owned(), mine.clone())]);
        self.tags.put(place, claim).await?;
        sleep(CLAIMED).await;
        let there = self.tags.at(place).await?;
        if there.get(ADDING) != Some(&mine) {
            return Ok(());
        }
        let dead = dead(&there, now);
        let mut news = Tagged::new();
        for (key, run, theirs) in &dead {
            let mut tallies = self.tally();
            let tally = tallies.entry(run.clone()).or_default();
            tally.count += theirs.count;
            tally.written = now;
            news.insert(self.key(run), encode(tally));
            news.insert(key.clone(), encode(&Tally::default()));
        }
        self.tags.put(place, news).await?;
        let mut old: Vec<String> = dead.into_iter().map(|(key, ..)| key).collect();
        old.push(ADDING.to_owned());
        self.tags.remove(place, old).await;
        Ok(())
    }

    fn key(&self, run: &str) -> String {
        format!("{PREFIX}{}.{}", self.worker, escape(run))
    }

    fn tally(&self) -> MutexGuard<'_, BTreeMap<String, Tally>> {
        self.tally.lock()
    }
}

/// How much was finished of each run, by the tags of both places.
pub(super) fn sum(tags: &Tagged) -> BTreeMap<String, u64> {
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
fn dead(tags: &Tagged, now: i64) -> Vec<(String, String, Tally)> {
    let one = |(key, value): (&String, &String)| {
        let (run, tally) = decode(key, value)?;
        let dead = now - tally.written > DEAD_SECONDS;
        dead.then(|| (key.clone(), run, tally))
    };
    tags.iter().filter_map(one).collect()
}

fn encode(tally: &Tally) -> String {
    let ids: Vec<&str> = tally.ids.iter().map(String::as_str).collect();
    format!("{}:{}:{}", tally.count, tally.written, ids.join("."))
}

/// The run and the tally of a tag, if it is one.
fn decode(key: &str, value: &str) -> Option<(String, Tally)> {
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
        told: true,
    };
    Some((unescape(run)?, tally))
}

/// Eight digits that stand for a message's id (FNV-1a): what is told apart are some hundreds.
fn short(id: &str) -> String {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", id.bytes().fold(0x811c_9dc5, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_fits_into_a_tag_and_is_read_as_it_was_written() {
        let ids = (0..TOLD).map(|n| short(&n.to_string())).collect();
        let tally = Tally {
            count: 100_000_000,
            written: 1_795_000_000,
            ids,
            unclear: Vec::new(),
            told: true,
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
