//! A budget of calls for the processes of one machine that work on no queue.

use std::path::PathBuf;
use std::sync::Arc;

use super::sqlite::{Limits, Sqlite};
use super::{Error, IfMissing, Rate};

/// A budget of calls that all processes of a machine share, in a file of their user's. Cheap to
/// clone.
///
/// It is the budget of a SQLite queue without the queue: a command that reads an account once
/// needs no message, and a dozen of them at the same time are still one key's calls.
#[derive(Clone)]
pub struct MachineBudget {
    file: Arc<Sqlite>,
}

impl MachineBudget {
    /// The budget in the file at `path`, which is made, with the folders above it, if it is not
    /// there.
    pub async fn at(path: PathBuf) -> Result<MachineBudget, Error> {
        Ok(MachineBudget {
            file: Arc::new(Sqlite::open(path, IfMissing::Create).await?),
        })
    }

    /// Waits until one call may be made at `rate`, `burst` of them at once after a rest. A rate of
    /// 0 calls is no limit.
    pub async fn permit(&self, rate: &Rate, burst: u32) -> Result<u32, Error> {
        if rate.calls == 0 {
            return Ok(u32::MAX);
        }
        self.file
            .permit_within(rate, Limits { burst, most: 1 })
            .await
    }
}
