//! The file of a SQLite queue: opened, made, recognised.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::turns::immediate;
use crate::queue::Error;

/// The schema's version, kept in `PRAGMA user_version`: how many of the `STEPS` were made.
const VERSION: i64 = STEPS.len() as i64;
/// What makes each version out of the one before it. One that was released is never changed.
const STEPS: [&str; 4] = [SCHEMA, ACCOUNT, FIRST_RECEIVED, FINISHED];
/// `s3fq`, kept in `PRAGMA application_id`, so that no other program's database is taken for ours.
const APPLICATION: i64 = 0x7333_6671;
/// How long a call waits for its turn to write. SQLite's turns are not fair: with four processes
/// that do nothing else, waits of seconds were seen, so it is well above that.
const TURN: Duration = Duration::from_secs(60);

/// `AUTOINCREMENT`: an id is never used again, so a receipt from before a delete fits nothing.
/// `receipt` is null unless a worker holds, or held, the message and nobody had it since; it is
/// the number of times that the message was handed out. Times are milliseconds since 1970.
const SCHEMA: &str = "
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        part TEXT NOT NULL CHECK (part IN ('main', 'failed')),
        body TEXT NOT NULL,
        visible_at INTEGER NOT NULL,
        receipt INTEGER,
        received INTEGER NOT NULL DEFAULT 0,
        sent_at INTEGER NOT NULL
    );
    CREATE INDEX messages_due ON messages (part, visible_at, id);
    CREATE TABLE ledger (key TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE records (
        id TEXT PRIMARY KEY,
        started INTEGER NOT NULL,
        total INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        store TEXT NOT NULL
    );
    CREATE TABLE budget (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        calls INTEGER NOT NULL,
        window_us INTEGER NOT NULL,
        next_us INTEGER NOT NULL
    );";

/// Which account the queue is bound to.
const ACCOUNT: &str = "
    CREATE TABLE account (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        nsid TEXT NOT NULL,
        name TEXT NOT NULL,
        had_photos INTEGER NOT NULL
    );";

/// When a message was handed out for the first time: since then, its photo may be on Flickr.
const FIRST_RECEIVED: &str = "ALTER TABLE messages ADD COLUMN first_received_at INTEGER;";

/// How many messages of each `populate` were finished, and when it ended. Of a file from before
/// that was counted, what is not there any more counts as finished, as it did then.
const FINISHED: &str = "
    CREATE TABLE finished (run TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO finished SELECT '', max(0, total - (SELECT count(*) FROM messages))
        FROM (SELECT sum(total) AS total FROM records) WHERE total > 0;
    ALTER TABLE records ADD COLUMN ended INTEGER;
    UPDATE records SET ended = started;";

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
    match stamp(&connection).map_err(|error| file.explain("open", error))? {
        Stamp::Ours => Ok((file, connection)),
        Stamp::Older => match immediate(&mut connection, |db| bring_up(db).map(drop)) {
            Ok(()) => Ok((file, connection)),
            Err(error) => Err(file.explain("renew", error)),
        },
        // Someone is just making it, or `touch` did.
        Stamp::Empty => Err(file.missing()),
        Stamp::Newer => Err(file.refuse(NEWER)),
        Stamp::Foreign => Err(file.refuse(FOREIGN)),
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
    let stamp = immediate(&mut connection, bring_up);
    match stamp.map_err(|error| file.explain("make", error))? {
        Stamp::Ours | Stamp::Older | Stamp::Empty => Ok((File::at(path), connection)),
        Stamp::Newer => Err(file.refuse(NEWER)),
        Stamp::Foreign => Err(file.refuse(FOREIGN)),
    }
}

/// Makes what is missing in a database that is ours or empty; says what it was before.
fn bring_up(db: &Transaction) -> rusqlite::Result<Stamp> {
    let stamp = stamp(db)?;
    if let Stamp::Older | Stamp::Empty = stamp {
        let made = version(db)?;
        for step in STEPS.iter().skip(usize::try_from(made).unwrap_or(0)) {
            db.execute_batch(step)?;
        }
        db.pragma_update(None, "application_id", APPLICATION)?;
        db.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(stamp)
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
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

/// Whose database it is.
enum Stamp {
    Ours,
    Older,
    Newer,
    Empty,
    Foreign,
}

fn stamp(connection: &Connection) -> rusqlite::Result<Stamp> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables = "SELECT count(*) FROM sqlite_schema";
    Ok(match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION, VERSION) => Stamp::Ours,
        (APPLICATION, older) if (1..VERSION).contains(&older) => Stamp::Older,
        (APPLICATION, _) => Stamp::Newer,
        (0, 0) if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 => {
            Stamp::Empty
        }
        _ => Stamp::Foreign,
    })
}

/// A file as the first version made it, with one message of two that were queued.
#[cfg(test)]
pub(super) fn make_first_version(path: &Path) -> rusqlite::Result<()> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", 1)?;
    db.execute_batch(
        "INSERT INTO records VALUES ('old', 1, 2, 9, 'file:/photos');
         INSERT INTO messages (part, body, visible_at, sent_at) VALUES ('main', '{}', 0, 0);",
    )
}
