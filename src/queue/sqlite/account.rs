//! The account that the queue is bound to, as the one row of a table.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::queue::AccountRecord;

/// The account, once there is one.
pub(super) fn read(db: &Connection) -> rusqlite::Result<Option<AccountRecord>> {
    db.prepare_cached("SELECT nsid, name, had_photos FROM account")?
        .query_row([], |row| {
            Ok(AccountRecord {
                nsid: row.get(0)?,
                name: row.get(1)?,
                had_photos: row.get(2)?,
            })
        })
        .optional()
}

/// Binds the queue, unless it is bound.
pub(super) fn bind(db: &Transaction, account: &AccountRecord) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO account (one, nsid, name, had_photos) VALUES (1, ?1, ?2, ?3)",
    )?
    .execute(params![account.nsid, account.name, account.had_photos])?;
    Ok(())
}
