//! What was finished, counted in tags: `s3flickr.done.WORKER.RUN` = `COUNT:WRITTEN:ID.ID...`.
//!
//! Each tag is one worker's own, so no two write the same, and what a worker wrote stays when it
//! dies. A message is counted *before* it is deleted, with its id: so a worker that dies between
//! the two loses nothing, and the worker that is handed the message again finds the id, and does not
//! count it a second time. The ids are those whose deletion is not known yet.
//!
//! A queue has 50 tags, so the workers that find no room on the one use those of the other of the
//! two [`super::tags`], and one that starts adds what the long dead counted to its own.

mod tally;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::{Mutex as Locked, MutexGuard};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;

pub(super) use self::tally::sum;
use self::tally::{PREFIX, Tally, dead, decode, encode, key, short};
use super::queue::Tags;
use super::tags::{PLACES, Place, TwoQueues};
use crate::clock::unix_seconds;
use crate::queue::Error;

/// Messages that are counted and not deleted yet: each takes 9 of a tag's 256 characters.
const AT_ONCE: usize = 16;
/// The most tags of one queue that are used; the others are for its owner, and for what is beside ours.
const MOST_TAGS: usize = 45;
/// From this many tags of workers on, those of the dead are added up.
const MANY: usize = 8;
/// Who adds up: one at a time.
const ADDING: &str = "s3flickr.adding-up";
/// The time from "nobody adds up" to "it is me", with plenty to spare.
const CLAIMED: Duration = Duration::from_secs(1);

/// What one worker finished, and where it is written.
pub(super) struct Finished {
    tags: TwoQueues,
    worker: String,
    turns: Semaphore,
    tally: Locked<BTreeMap<String, Tally>>,
    /// Where this worker's tags are. Locked while they are written.
    place: Mutex<Option<Place>>,
    /// Whether it was said that counting fails: once is enough.
    complained: AtomicBool,
}

impl Finished {
    pub(super) fn new(tags: &TwoQueues) -> Finished {
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
        redelivered: bool,
        delete: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let run = if run.len() <= 64 { run } else { "" };
        let id = short(message);
        // Never closed.
        let _turn = self.turns.acquire().await;
        if redelivered {
            self.clear_up().await?;
            if self.is_counted(&id).await? {
                let deleted = delete.await;
                if deleted.is_ok() {
                    let mut tallies = self.tally();
                    let of_all = tallies.values_mut();
                    of_all.for_each(|tally| tally.settle(&id, true, true));
                }
                return deleted;
            }
        }
        self.count(run, &id);
        let written = self.write().await;
        if let Err(error) = &written {
            self.complain(error);
        }
        // Saved or not, the photo is there, so its message must go. The next write saves it.
        let deleted = delete.await;
        if let Some(tally) = self.tally().get_mut(run) {
            tally.settle(&id, written.is_ok(), deleted.is_ok());
        }
        deleted
    }

    /// Says once that counting fails; what is wrong with the whole queue, other calls report.
    fn complain(&self, error: &Error) {
        let own = !matches!(error, Error::Unreachable { .. } | Error::Gone { .. });
        if own && !self.complained.swap(true, Relaxed) {
            let error = crate::error_chain::whole(&error);
            tracing::warn!(error, "what is finished cannot be counted for now");
        }
    }

    /// Whether a worker counted the message and was gone before it was deleted.
    async fn is_counted(&self, id: &str) -> Result<bool, Error> {
        let has = |tally: &Tally| tally.ids.iter().any(|other| other == id);
        if self.tally().values().any(has) {
            return Ok(true);
        }
        let saved = self.tags.all().await?;
        let mut saved = saved.iter().filter_map(|(key, value)| decode(key, value));
        Ok(saved.any(|(_, tally)| has(&tally)))
    }

    /// Finds out which counts were written though no answer came: others may have found their ids,
    /// so they stay. The others are taken back.
    async fn clear_up(&self) -> Result<(), Error> {
        if self.tally().values().all(|tally| tally.unclear.is_empty()) {
            return Ok(());
        }
        let saved = self.tags.all().await?;
        for (run, tally) in self.tally().iter_mut() {
            let key = self.key(run);
            let there = saved.get(&key).and_then(|value| decode(&key, value));
            let there = there.map(|(_, tally)| tally.ids).unwrap_or_default();
            for id in std::mem::take(&mut tally.unclear) {
                tally.saved = false;
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
        tally.count(id, unix_seconds());
    }

    /// Writes what is not written yet. While one does, what others counted is gathered for the
    /// next, so that many lanes cost few calls.
    async fn write(&self) -> Result<(), Error> {
        self.clear_up().await?;
        let mut place = self.place.lock().await;
        if self.tally().values().all(|tally| tally.saved) {
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
                .for_each(|tally| tally.saved = false);
        }
        written
    }

    /// What is not saved yet, as tags.
    fn news(&self) -> Tags {
        let mut tallies = self.tally();
        let unsaved = tallies.iter_mut().filter(|(_, tally)| !tally.saved);
        unsaved
            .map(|(run, tally)| {
                tally.saved = true;
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
        let claim = Tags::from([(ADDING.to_owned(), mine.clone())]);
        self.tags.put(place, claim).await?;
        sleep(CLAIMED).await;
        let there = self.tags.at(place).await?;
        if there.get(ADDING) != Some(&mine) {
            return Ok(());
        }
        let dead = dead(&there, now);
        let mut news = Tags::new();
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
        key(&self.worker, run)
    }

    fn tally(&self) -> MutexGuard<'_, BTreeMap<String, Tally>> {
        self.tally.lock()
    }
}
