//! The one thread of a process that uses the file, and how it groups what it is asked for.
//!
//! Writer are what is scarce in a file that many processes write. So what a worker's lanes ask for
//! while another has its turn is then done in one transaction; and one thread that goes from
//! group to group wakes fewer others than a blocking task for each request would.

use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

use super::file::{File, immediate};
use crate::queue::Error;

/// The most requests in one transaction, so that other processes do not wait for long.
const MOST: usize = 64;

/// The thread with the connection. Dropped, it finishes what it was asked for and closes the file.
pub(super) struct Writer {
    /// Gone only while it is dropped.
    requests: Option<mpsc::Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
}

/// Reads the file without a transaction; `None` where a change is needed.
pub(super) type Read<T> = Box<dyn Fn(&Connection) -> rusqlite::Result<Option<T>> + Send>;

/// Changes the file in a transaction. It may be rolled back and made again, so it must do the
/// same then.
pub(super) type Write<T> = Box<dyn Fn(&Transaction<'_>) -> rusqlite::Result<T> + Send>;

impl Writer {
    /// Starts the thread.
    pub(super) fn start(file: Arc<File>, mut connection: Connection) -> std::io::Result<Writer> {
        let (requests, submitted) = mpsc::channel::<Box<dyn Request>>();
        let serve = move || {
            while let Ok(first) = submitted.recv() {
                let others = submitted.try_iter().take(MOST - 1);
                let group = std::iter::once(first).chain(others).collect();
                answer_all(&file, &mut connection, group);
            }
        };
        let thread = thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(serve)?;
        Ok(Writer {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Submits a read, a change, or a read that may end in a change. The answer fails only if the
    /// thread died.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        action: &'static str,
        read: Option<Read<T>>,
        write: Option<Write<T>>,
    ) -> oneshot::Receiver<Result<T, Error>> {
        let (caller, answer) = oneshot::channel();
        let task = Task {
            action,
            read,
            write,
            made: None,
            caller,
        };
        if let Some(requests) = &self.requests {
            // Where the thread died, the channel is dropped, and the caller gets an error.
            let _ = requests.send(Box::new(task));
        }
        answer
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A clean close leaves one whole file behind, without a log beside it.
            let _ = thread.join();
        }
    }
}

/// Answers each: reads first, then one transaction for all that change something. Where one of
/// several fails, each is made alone: it is no fault of the others.
fn answer_all(file: &File, connection: &mut Connection, group: Vec<Box<dyn Request>>) {
    // A transaction that is needed anyway answers a read that may end in a change, too.
    let writes = group.iter().any(|request| !request.reads());
    let mut changes = Vec::new();
    for mut request in group {
        let read = request.reads() && !(writes && request.changes());
        if read && request.read(file, connection) {
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
    /// Whether it can begin with a read.
    fn reads(&self) -> bool;
    /// Whether it may change something.
    fn changes(&self) -> bool;
    /// Reads, if the file is still the one that was opened; tells whether that was all.
    fn read(&mut self, file: &File, db: &Connection) -> bool;
    /// Changes something in a transaction that others share.
    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()>;
    /// Changes something in a transaction of its own.
    fn run_alone(&mut self, file: &File, connection: &mut Connection);
    /// Sends the result; ignores a caller that has gone away.
    fn answer(self: Box<Self>);
}

struct Task<T> {
    action: &'static str,
    read: Option<Read<T>>,
    write: Option<Write<T>>,
    made: Option<Result<T, Error>>,
    caller: oneshot::Sender<Result<T, Error>>,
}

impl<T: Send> Request for Task<T> {
    fn reads(&self) -> bool {
        self.read.is_some()
    }

    fn changes(&self) -> bool {
        self.write.is_some()
    }

    fn read(&mut self, file: &File, db: &Connection) -> bool {
        let Some(read) = &self.read else {
            return false;
        };
        let seen = file
            .check()
            .and_then(|()| read(db).map_err(|error| file.explain(self.action, error)));
        self.made = seen.transpose();
        self.made.is_some()
    }

    fn run(&mut self, db: &Transaction<'_>) -> rusqlite::Result<()> {
        if let Some(write) = &self.write {
            self.made = Some(Ok(write(db)?));
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
            let _ = self.caller.send(made);
        }
    }
}
