//! A queue in a SQLite file, for one machine: any number of processes may use it at once.
//!
//! Every change is one `BEGIN IMMEDIATE` transaction, so a process that is killed in the middle
//! leaves nothing half done. `messages` has what is to be done, `budget` the fleet's rate.

mod budget;
mod file;
mod messages;
mod notes;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, Transaction};
use tokio::time::{Instant, sleep};

use self::turns::{Look, Turns, Work};
use super::error::Cause;
use super::{
    Backend, BoundAccount, Counts, Delivery, End, Error, Outgoing, Part, PopulateRun, Rate,
    Receipt, RunHistory, Sent,
};
use crate::clock;

/// How many rows make a good transaction: more gain nothing and keep others waiting.
const BATCH: usize = 1_000;
/// How often a receiver that waits looks into the file. A look that finds nothing takes
/// microseconds and no lock.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The queue in one file.
pub(super) struct Sqlite {
    location: String,
    /// One connection is enough: writers of a file take turns anyway.
    turns: Turns,
    /// The rate that this handle last asked for.
    asked: Mutex<Option<Rate>>,
}

impl Sqlite {
    /// The queue in an existing file.
    pub(super) async fn open(path: PathBuf) -> Result<Sqlite, Error> {
        Sqlite::start(path, file::open).await
    }

    /// The queue in a file that is made, with the folders above it, if it is not there.
    pub(super) async fn create(path: PathBuf) -> Result<Sqlite, Error> {
        Sqlite::start(path, file::create).await
    }

    async fn start(
        path: PathBuf,
        open: fn(PathBuf) -> Result<(file::File, Connection), Error>,
    ) -> Result<Sqlite, Error> {
        let location = file::location(&path);
        let opened = tokio::task::spawn_blocking(move || open(path)).await;
        let (file, connection) = opened.map_err(|panic| fault(&location, panic))??;
        let turns = Turns::start(Arc::new(file), connection);
        Ok(Sqlite {
            turns: turns.map_err(|error| fault(&location, error))?,
            location,
            asked: Mutex::new(None),
        })
    }

    /// What a look into the file shows.
    async fn look<T, F>(&self, action: &'static str, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let look: Look<T> = Box::new(move |db| look(db).map(Some));
        let answer = self.turns.ask(action, Some(look), None);
        answer.await.map_err(|lost| fault(&self.location, lost))?
    }

    /// Runs `work` in a transaction.
    async fn change<T, F>(&self, action: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = self.turns.ask(action, None, Some(Box::new(work)));
        answer.await.map_err(|lost| fault(&self.location, lost))?
    }

    /// [`Sqlite::change`], and all before it, so that no power cut undoes it any more: for what a
    /// person is told is done, and for what other promises rest on.
    async fn keep<T, F>(&self, action: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.look(action, move |db| file::durably(db, &work)).await
    }

    /// The message that has been due longest. Where there is none, that takes no lock.
    async fn take(&self, part: Part, hold: Duration) -> Result<Option<Delivery>, Error> {
        let none = move |db: &Connection| {
            let due = messages::any_due(db, part, clock::unix_millis())?;
            Ok((!due).then_some(None))
        };
        let take = move |db: &Transaction<'_>| {
            messages::take(db, part, clock::unix_millis(), millis(hold))
        };
        let (none, take): (Look<_>, Work<_>) = (Box::new(none), Box::new(take));
        let answer = self.turns.ask("receive from", Some(none), Some(take));
        answer.await.map_err(|lost| fault(&self.location, lost))?
    }

    /// Waits for calls, at most `most` of them, where `burst` may come at once after a rest.
    pub(super) async fn permit_within(
        &self,
        rate: &Rate,
        burst: u32,
        most: u32,
    ) -> Result<u32, Error> {
        let rate = *rate;
        let news = {
            let mut asked = self.asked.lock();
            asked.replace(rate) != Some(rate)
        };
        if news {
            self.change("set the rate of", move |db| budget::set(db, &rate))
                .await?;
        }
        loop {
            let take = move |db: &Transaction<'_>| {
                budget::take(db, &rate, (burst, most), clock::unix_micros())
            };
            match self.change("take calls from", take).await? {
                budget::Answer::Calls(calls) => return Ok(calls),
                budget::Answer::Wait(pause) => sleep(pause).await,
            }
        }
    }

    fn lost(&self) -> Error {
        Error::LeaseLost {
            queue: self.location.clone(),
        }
    }
}

/// A task for a database call did not come to its end: a bug, or the runtime is going down.
fn fault(location: &str, cause: impl Into<Cause>) -> Error {
    Error::Other {
        action: "use",
        queue: location.to_owned(),
        source: cause.into(),
    }
}

fn millis(duration: Duration) -> i64 {
    // A century: no sum of two of these overflows.
    duration.as_millis().min(3_155_760_000_000) as i64
}

#[async_trait]
impl Backend for Sqlite {
    fn location(&self) -> &str {
        &self.location
    }

    fn is_local(&self) -> bool {
        true
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        let batch = batch.to_vec();
        self.change("send to", move |db| {
            messages::send(db, &batch, clock::unix_millis())
        })
        .await
    }

    async fn receive(
        &self,
        part: Part,
        hold: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error> {
        let until = Instant::now() + wait;
        loop {
            let taken = self.take(part, hold).await?;
            let left = until.saturating_duration_since(Instant::now());
            if taken.is_some() || left.is_zero() {
                return Ok(taken);
            }
            sleep(LOOK_EVERY.min(left)).await;
        }
    }

    async fn extend(&self, receipt: &Receipt, hold: Duration) -> Result<Receipt, Error> {
        let held = receipt.clone();
        let extend = move |db: &Transaction<'_>| {
            messages::hide(db, &held, clock::unix_millis() + millis(hold))
        };
        match self.change("extend a hold on", extend).await? {
            true => Ok(receipt.clone()),
            false => Err(self.lost()),
        }
    }

    async fn settle(&self, receipt: &Receipt, end: End) -> Result<(), Error> {
        let held = receipt.clone();
        let settle = move |db: &Transaction<'_>| match &end {
            End::Release => messages::release(db, &held, clock::unix_millis()),
            End::Delete => messages::delete(db, &held),
            End::Finish { run, .. } => {
                let good = messages::delete(db, &held)?;
                if good {
                    notes::finish(db, run)?;
                }
                Ok(good)
            }
            // In one transaction, so which comes first does not matter here.
            End::Send { to, body, delay } => {
                let good = messages::delete(db, &held)?;
                if good {
                    let now = clock::unix_millis();
                    messages::insert(db, *to, body, now + millis(*delay), now)?;
                }
                Ok(good)
            }
        };
        match self.change("settle a message of", settle).await? {
            true => Ok(()),
            false => Err(self.lost()),
        }
    }

    async fn counts(&self) -> Result<Counts, Error> {
        self.look("count", |db| messages::counts(db, clock::unix_millis()))
            .await
    }

    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        self.look("list", move |db| messages::failed(db, limit))
            .await
    }

    async fn run_history(&self) -> Result<RunHistory, Error> {
        self.look("read the notes of", notes::read).await
    }

    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        let (run, whole) = (run.clone(), run.ended.is_some());
        let note = move |db: &Transaction<'_>| notes::save(db, &run);
        match whole {
            true => self.keep("note a run with", note).await,
            false => self.change("note a run with", note).await,
        }
    }

    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        let asked = account.clone();
        let bind = move |db: &Transaction<'_>| notes::bind(db, &asked);
        let bound = self.keep("bind an account to", bind).await?;
        Ok(bound.unwrap_or_else(|| account.clone()))
    }

    async fn check(&self, _: bool) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn rate(&self) -> Result<Option<Rate>, Error> {
        self.look("read the rate of", budget::rate).await
    }

    async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        let burst = budget::burst(rate);
        self.permit_within(rate, burst, budget::share(burst)).await
    }
}

impl file::File {
    /// What a failure of SQLite means to the caller.
    fn explain(&self, action: &'static str, error: rusqlite::Error) -> Error {
        let queue = self.location();
        let file = self.path().to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::Full { file },
            Some(ErrorCode::NotADatabase) => Error::Location {
                location: queue,
                reason: "the file is not a SQLite database".to_owned(),
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Unreachable {
                queue,
                source: error.into(),
            },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::Denied {
                action,
                queue,
                hint: "the file, or its folder, may not be written by this user".into(),
                source: error.into(),
            },
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::FileLockingProtocolFailed,
            ) => Error::Io {
                file,
                source: error.into(),
            },
            _ => Error::Other {
                action,
                queue,
                source: error.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
