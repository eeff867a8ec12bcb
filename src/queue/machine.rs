//! A pace for the processes of one machine that work on no queue.

use std::path::PathBuf;
use std::sync::Arc;

use super::sqlite::Sqlite;
use super::{Error, Pace};

/// A budget of calls that all processes of a machine share, in a file of their user's. Cheap to
/// clone.
///
/// It is the budget of a SQLite queue without the queue: a command that reads an account once
/// needs no message, and a dozen of them at the same time are still one key's calls.
#[derive(Clone)]
pub struct MachinePace {
    file: Arc<Sqlite>,
}

impl MachinePace {
    /// The budget in the file at `path`, which is made, with the folders above it, if it is not
    /// there.
    pub async fn at(path: PathBuf) -> Result<MachinePace, Error> {
        Ok(MachinePace {
            file: Arc::new(Sqlite::create(path).await?),
        })
    }

    /// Waits until one call may be made at `pace`, `burst` of them at once after a rest. A pace of
    /// 0 calls is no limit.
    pub async fn permit(&self, pace: &Pace, burst: u32) -> Result<u32, Error> {
        if pace.calls_per_hour == 0 {
            return Ok(u32::MAX);
        }
        self.file.permit_within(pace, burst, 1).await
    }
}
