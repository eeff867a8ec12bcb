//! The changes that a process's lanes wait for, made together: one transaction for all that have
//! gathered while others had their turn. Turns are what is scarce in a file that many write.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::file::File;
use crate::queue::Error;

/// The most changes in one transaction, so that other processes do not wait for long.
const MOST: usize = 64;

/// What waits for the next transaction, in the order in which it came.
#[derive(Default)]
pub(super) struct Changes(Mutex<Vec<Box<dyn Change>>>);

impl Changes {
    /// Lets `work` wait until [`Changes::make`] is called. It is run again if a transaction
    /// fails, so it must do the same each time.
    pub(super) fn add<T, F>(
        &self,
        action: &'static str,
        work: F,
    ) -> oneshot::Receiver<Result<T, Error>>
    where
        T: Send + 'static,
        F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let made = None;
        self.waiting().push(Box::new(Waiting {
            action,
            work,
            made,
            asker,
        }));
        answer
    }

    /// Makes what waits, and answers each. Where one of several fails, each is made alone: it is
    /// no fault of the others.
    pub(super) fn make(&self, file: &File, connection: &mut Connection) {
        let mut group = self.next();
        let together = group.len() > 1
            && file.check().is_ok()
            && immediate(connection, |db| {
                group.iter_mut().try_for_each(|change| change.run(db))
            })
            .is_ok();
        for mut change in group {
            if !together {
                change.run_alone(file, connection);
            }
            change.answer();
        }
    }

    fn next(&self) -> Vec<Box<dyn Change>> {
        let mut waiting = self.waiting();
        let most = waiting.len().min(MOST);
        waiting.drain(..most).collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Change>>> {
        // A list has no invariant that a panic elsewhere could break.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change whose kind of answer is nobody else's business.
trait Change: Send {
    /// Makes it in a transaction that others share.
    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()>;
    /// Makes it in a transaction of its own, if the file is still the one that was opened.
    fn run_alone(&mut self, file: &File, connection: &mut Connection);
    /// Tells whoever waits. One that does not wait any more gave up on its own account.
    fn answer(self: Box<Self>);
}

struct Waiting<T, F> {
    action: &'static str,
    work: F,
    made: Option<Result<T, Error>>,
    asker: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Change for Waiting<T, F>
where
    T: Send,
    F: Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()> {
        self.made = Some(Ok((self.work)(db)?));
        Ok(())
    }

    fn run_alone(&mut self, file: &File, connection: &mut Connection) {
        let made = file.check().and_then(|()| {
            immediate(connection, &self.work).map_err(|error| file.explain(self.action, error))
        });
        self.made = Some(made);
    }

    fn answer(self: Box<Self>) {
        if let Some(made) = self.made {
            let _ = self.asker.send(made);
        }
    }
}

/// A transaction that takes the lock at its beginning: one that upgrades later fails at once,
/// without waiting its turn, when another has written meanwhile. Undone when `work` fails.
pub(super) fn immediate<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = work(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}
