//! What is in the file of a SQLite queue, and how a file of an earlier version becomes one of ours.

use rusqlite::{Connection, Transaction};

/// The schema's version, kept in `PRAGMA user_version`: how many of the `STEPS` were made.
const VERSION: i64 = STEPS.len() as i64;
/// What makes each version out of the one before it. One that was released is never changed.
const STEPS: [&str; 4] = [SCHEMA, ACCOUNT, FIRST_RECEIVED, FINISHED];
/// `s3fq`, kept in `PRAGMA application_id`, so that no other program's database is taken for ours.
const APPLICATION: i64 = 0x7333_6671;
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

/// Whose database it is.
pub(super) enum SchemaVersion {
    Ours,
    Older,
    Newer,
    Empty,
    Foreign,
}

impl SchemaVersion {
    /// What a database says of itself.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<SchemaVersion> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let tables = "SELECT count(*) FROM sqlite_schema";
        Ok(match (pragma("application_id")?, pragma("user_version")?) {
            (APPLICATION, VERSION) => SchemaVersion::Ours,
            (APPLICATION, older) if (1..VERSION).contains(&older) => SchemaVersion::Older,
            (APPLICATION, _) => SchemaVersion::Newer,
            (0, 0) if connection.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 => {
                SchemaVersion::Empty
            }
            _ => SchemaVersion::Foreign,
        })
    }
}

/// Makes what is missing in a database that is ours or empty; says what it was before.
pub(super) fn bring_up(db: &Transaction) -> rusqlite::Result<SchemaVersion> {
    let found = SchemaVersion::of(db)?;
    if let SchemaVersion::Older | SchemaVersion::Empty = found {
        let made = version(db)?;
        for step in STEPS.iter().skip(usize::try_from(made).unwrap_or(0)) {
            db.execute_batch(step)?;
        }
        db.pragma_update(None, "application_id", APPLICATION)?;
        db.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(found)
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// A file as the first version made it, with one message of two that were queued.
#[cfg(test)]
pub(super) fn make_first_version(path: &std::path::Path) -> rusqlite::Result<()> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    db.pragma_update(None, "user_version", 1)?;
    db.execute_batch(
        "INSERT INTO records VALUES ('old', 1, 2, 9, 'file:/photos');
         INSERT INTO messages (part, body, visible_at, sent_at) VALUES ('main', '{}', 0, 0);",
    )
}
