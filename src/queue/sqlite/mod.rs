//! A queue in a SQLite file, for one machine: any number of processes may use it at once.
//!
//! Every change is one `BEGIN IMMEDIATE` transaction, so a process that is killed in the middle
//! leaves nothing half done. The table `messages` has what is to be done, `budget` the fleet's rate.

mod errors;
mod file;
mod messages;
mod pacer;
mod runs;
mod schema;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction};
use tokio::time::Instant;

use self::writer::{Read, Writer};
use super::error::Cause;
use super::{Error, IfMissing, Rate};

pub(super) use self::pacer::Limits;

/// The queue in one file.
pub(super) struct Sqlite {
    location: String,
    /// One connection is enough: SQLite lets one write at a time anyway.
    writer: Writer,
    /// The rate that this handle last asked for.
    asked: Mutex<Option<Rate>>,
    /// When a caller that waits for calls asks again.
    next_permit: Mutex<Option<Instant>>,
}

impl Sqlite {
    /// The queue in the file at `path`: it must be there, or it is made with the folders above it.
    pub(super) async fn open(path: PathBuf, if_missing: IfMissing) -> Result<Sqlite, Error> {
        let location = file::location(&path);
        let open = match if_missing {
            IfMissing::Fail => file::open,
            IfMissing::Create => file::create,
        };
        let opened = tokio::task::spawn_blocking(move || open(path)).await;
        let (file, connection) = opened.map_err(|panic| no_answer(&location, panic))??;
        let writer = Writer::start(Arc::new(file), connection);
        Ok(Sqlite {
            writer: writer.map_err(|error| no_answer(&location, error))?,
            location,
            asked: Mutex::new(None),
            next_permit: Mutex::new(None),
        })
    }

    /// What `read` finds in the file.
    async fn read<T, F>(&self, action: &'static str, read: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let read: Read<T> = Box::new(move |db| read(db).map(Some));
        let answer = self.writer.submit(action, Some(read), None);
        answer
            .await
            .map_err(|gone| no_answer(&self.location, gone))?
    }

    /// Runs `write` in a transaction.
    async fn write<T, F>(&self, action: &'static str, write: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = self.writer.submit(action, None, Some(Box::new(write)));
        answer
            .await
            .map_err(|gone| no_answer(&self.location, gone))?
    }

    /// [`Sqlite::write`], and all before it, so that no power cut undoes it any more: for what a
    /// person is told is done, and for what other promises rest on.
    async fn write_durably<T, F>(&self, action: &'static str, write: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.read(action, move |db| file::durably(db, &write)).await
    }
}

/// The thread that uses the file did not answer: a bug, or the runtime is going down.
fn no_answer(location: &str, cause: impl Into<Cause>) -> Error {
    Error::Other {
        action: "use",
        queue: location.to_owned(),
        source: cause.into(),
    }
}

/// In milliseconds, as the file has times and spans.
fn millis(duration: Duration) -> i64 {
    // A century: no sum of two of these overflows.
    duration.as_millis().min(3_155_760_000_000) as i64
}

#[cfg(test)]
mod tests;
