//! The one thread of a process that uses the file, and how it groups what it is asked for.
//!
//! Turns are what is scarce in a file that many processes write. So what a worker's lanes ask for
//! while another has its turn is then done in one transaction; and one thread that goes from
//! group to group wakes fewer others than a blocking task for each request would.

use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::file::File;
use crate::queue::Error;

/// The most requests in one transaction, so that other processes do not wait for long.
const MOST: usize = 64;

/// The thread with the connection. Dropped, it finishes what it was asked for and closes the file.
pub(super) struct Turns {
    /// Gone only while it is dropped.
    requests: Option<mpsc::Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
}

/// A look into the file without a transaction; `None` where a change is needed.
pub(super) type Look<T> = Box<dyn Fn(&Connection) -> rusqlite::Result<Option<T>> + Send>;

/// A change in a transaction. It may be rolled back and made again, so it must do the same then.
pub(super) type Work<T> = Box<dyn Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send>;

impl Turns {
    /// Starts the thread.
    pub(super) fn start(file: Arc<File>, mut connection: Connection) -> std::io::Result<Turns> {
        let (requests, asked) = mpsc::channel::<Box<dyn Request>>();
        let serve = move || {
            while let Ok(first) = asked.recv() {
                let others = asked.try_iter().take(MOST - 1);
                let group = std::iter::once(first).chain(others).collect();
                answer_all(&file, &mut connection, group);
            }
        };
        let thread = thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(serve)?;
        Ok(Turns {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Asks for a look, a change, or a look that may end in a change. The answer fails only if
    /// the thread died.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        look: Option<Look<T>>,
        work: Option<Work<T>>,
    ) -> oneshot::Receiver<Result<T, Error>> {
        let (asker, answer) = oneshot::channel();
        let asked = Asked {
            action,
            look,
            work,
            made: None,
            asker,
        };
        if let Some(requests) = &self.requests {
            // Where the thread died the asker is dropped, which whoever waits sees.
            let _ = requests.send(Box::new(asked));
        }
        answer
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A clean close leaves one whole file behind, without a log beside it.
            let _ = thread.join();
        }
    }
}

/// Answers each: looks first, then one transaction for all that change something. Where one of
/// several fails, each is made alone: it is no fault of the others.
fn answer_all(file: &File, connection: &mut Connection, group: Vec<Box<dyn Request>>) {
    // A transaction that is needed anyway answers a look that may end in a change, too.
    let writes = group.iter().any(|request| !request.looks());
    let mut changes = Vec::new();
    for mut request in group {
        let look = request.looks() && !(writes && request.changes());
        if look && request.look(file, connection) {
            request.answer();
        } else {
            changes.push(request);
        }
    }
    let together = changes.len() > 1
        && file.check().is_ok()
        && immediate(connection, |db| {
            changes.iter_mut().try_for_each(|change| change.run(db))
        })
        .is_ok();
    for mut change in changes {
        if !together {
            change.run_alone(file, connection);
        }
        change.answer();
    }
}

/// A request whose kind of answer is nobody else's business.
trait Request: Send {
    /// Whether it can begin with a look.
    fn looks(&self) -> bool;
    /// Whether it may change something.
    fn changes(&self) -> bool;
    /// Looks, if the file is still the one that was opened; tells whether that was all.
    fn look(&mut self, file: &File, db: &Connection) -> bool;
    /// Changes something in a transaction that others share.
    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()>;
    /// Changes something in a transaction of its own.
    fn run_alone(&mut self, file: &File, connection: &mut Connection);
    /// Tells whoever waits. One that does not wait any more gave up on its own account.
    fn answer(self: Box<Self>);
}

struct Asked<T> {
    action: &'static str,
    look: Option<Look<T>>,
    work: Option<Work<T>>,
    made: Option<Result<T, Error>>,
    asker: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send> Request for Asked<T> {
    fn looks(&self) -> bool {
        self.look.is_some()
    }

    fn changes(&self) -> bool {
        self.work.is_some()
    }

    fn look(&mut self, file: &File, db: &Connection) -> bool {
        let Some(look) = &self.look else {
            return false;
        };
        let seen = file
            .check()
            .and_then(|()| look(db).map_err(|error| file.explain(self.action, error)));
        self.made = seen.transpose();
        self.made.is_some()
    }

    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()> {
        if let Some(work) = &self.work {
            self.made = Some(Ok(work(db)?));
        }
        Ok(())
    }

    fn run_alone(&mut self, file: &File, connection: &mut Connection) {
        let made = file.check().and_then(|()| {
            immediate(connection, |db| self.run(db))
                .map_err(|error| file.explain(self.action, error))
        });
        if let Err(error) = made {
            self.made = Some(Err(error));
        }
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
