//! The file of a SQLite queue: opened, made, recognised.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::schema::{SchemaVersion, bring_up};
use crate::queue::Error;

/// How long a call waits for its turn to write. SQLite is not fair: with four processes that do
/// nothing else, waits of seconds were seen, so it is well above that.
const TURN: Duration = Duration::from_secs(60);

/// A file, and which one it was when it was opened.
pub(super) struct File {
    path: PathBuf,
    identity: Option<u64>,
}

impl File {
    fn at(path: PathBuf) -> File {
        let identity = identity(&path);
        File { path, identity }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn location(&self) -> String {
        location(&self.path)
    }

    /// Fails when the file was deleted, or another was put in its place: SQLite would go on with
    /// a file that has no name, and all that is done there would be lost.
    pub(super) fn check(&self) -> Result<(), Error> {
        match identity(&self.path) {
            Some(identity) if Some(identity) == self.identity => Ok(()),
            _ => Err(Error::Gone {
                queue: self.location(),
            }),
        }
    }

    fn refuse(&self, reason: &str) -> Error {
        Error::Location {
            location: self.location(),
            reason: reason.to_owned(),
        }
    }

    fn missing(&self) -> Error {
        Error::NotFound {
            queue: self.location(),
            base: self.location(),
        }
    }
}

/// `sqlite:PATH`.
pub(super) fn location(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// The inode, where there are such; otherwise only whether the file is there.
fn identity(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::ino(&metadata));
    #[cfg(not(unix))]
    return metadata.is_file().then_some(0);
}

/// Opens a queue that must be there.
pub(super) fn open(path: PathBuf) -> Result<(File, Connection), Error> {
    let file = File::at(path);
    if file.identity.is_none() {
        return Err(file.missing());
    }
    let mut connection = connect(&file, OpenFlags::empty())?;
    match SchemaVersion::of(&connection).map_err(|error| file.explain("open", error))? {
        SchemaVersion::Ours => Ok((file, connection)),
        SchemaVersion::Older => match immediate(&mut connection, |db| bring_up(db).map(drop)) {
            Ok(()) => Ok((file, connection)),
            Err(error) => Err(file.explain("renew", error)),
        },
        // Someone is just making it, or `touch` did.
        SchemaVersion::Empty => Err(file.missing()),
        SchemaVersion::Newer => Err(file.refuse(NEWER)),
        SchemaVersion::Foreign => Err(file.refuse(FOREIGN)),
    }
}

/// Opens a queue, and makes it first if it is not there.
pub(super) fn create(path: PathBuf) -> Result<(File, Connection), Error> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| Error::Io {
            file: folder.to_owned(),
            source: error.into(),
        })?;
    }
    let file = File::at(path.clone());
    let mut connection = connect(&file, OpenFlags::SQLITE_OPEN_CREATE)?;
    let found = immediate(&mut connection, bring_up);
    match found.map_err(|error| file.explain("make", error))? {
        SchemaVersion::Ours | SchemaVersion::Older | SchemaVersion::Empty => {
            Ok((File::at(path), connection))
        }
        SchemaVersion::Newer => Err(file.refuse(NEWER)),
        SchemaVersion::Foreign => Err(file.refuse(FOREIGN)),
    }
}

const NEWER: &str = "a newer version of s3flickr made it; use that one";
const FOREIGN: &str = "it is the database of another program";

/// A connection with the settings that every one of ours has.
fn connect(file: &File, more: OpenFlags) -> Result<Connection, Error> {
    if file.path.is_dir() {
        return Err(file.refuse("it is a folder; give the path of a file in it"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(&file.path, flags)
        .and_then(configure)
        .map_err(|error| file.explain("open", error))?;
    match connection.is_readonly("main") {
        Ok(false) => Ok(connection),
        Ok(true) => Err(Error::Denied {
            action: "write to",
            queue: file.location(),
            hint: "the file is read-only for this user".into(),
            source: "read-only file".into(),
        }),
        Err(error) => Err(file.explain("open", error)),
    }
}

fn configure(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(TURN)?;
    write_ahead(&connection)?;
    // With a write-ahead log, NORMAL keeps the file whole through a crash of the machine, and
    // everything through a crash of the process. What the last moments before a power cut did may
    // be undone, whole transactions of them: then a message is handed out again, and is counted as
    // finished again; that is harmless, as Flickr is asked first. What must last is made
    // `durably`.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// A transaction that no power cut undoes once it is made, nor what was committed before it:
/// under FULL the log is synced with each commit.
pub(super) fn durably<T>(
    connection: &Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let made = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).and_then(
        |transaction| {
            let answer = work(&transaction)?;
            transaction.commit().map(|()| answer)
        },
    );
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    made
}

/// Switches to the write-ahead log. While another process does the same, SQLite says "busy" at
/// once instead of waiting, so the waiting is done here.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let until = Instant::now() + TURN;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < until =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            // A file that we may only read stays as it is, and is reported as that.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => return Ok(()),
            result => return result,
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
