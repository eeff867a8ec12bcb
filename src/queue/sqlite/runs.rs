//! The runs of `populate` in a SQLite file, what was finished of them, and the account.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::Sqlite;
use crate::queue::runs::Runs;
use crate::queue::{BoundAccount, Error, PopulateRun, RunHistory};

#[async_trait]
impl Runs for Sqlite {
    async fn run_history(&self) -> Result<RunHistory, Error> {
        self.read("read the runs of", read).await
    }

    async fn save_run(&self, run: &PopulateRun) -> Result<(), Error> {
        let (run, whole) = (run.clone(), run.ended.is_some());
        let save = move |db: &Transaction<'_>| save(db, &run);
        match whole {
            true => self.write_durably("save a run with", save).await,
            false => self.write("save a run with", save).await,
        }
    }

    async fn bind_account(&self, account: &BoundAccount) -> Result<BoundAccount, Error> {
        let asked = account.clone();
        let bind = move |db: &Transaction<'_>| bind(db, &asked);
        let bound = self.write_durably("bind an account to", bind).await?;
        Ok(bound.unwrap_or_else(|| account.clone()))
    }
}

/// All that is kept, from one moment.
fn read(db: &Connection) -> rusqlite::Result<RunHistory> {
    let _snapshot = db.unchecked_transaction()?;
    Ok(RunHistory {
        runs: runs(db)?,
        finished: finished(db)?,
        account: account(db)?,
    })
}

/// The runs, the oldest first.
fn runs(db: &Connection) -> rusqlite::Result<Vec<PopulateRun>> {
    let read = |row: &Row| {
        Ok(PopulateRun {
            id: row.get(0)?,
            started: row.get(1)?,
            ended: row.get(2)?,
            total: row.get::<_, i64>(3)?.unsigned_abs(),
            bytes: row.get::<_, i64>(4)?.unsigned_abs(),
            store: row.get(5)?,
        })
    };
    db.prepare_cached(
        "SELECT id, started, ended, total, bytes, store FROM records ORDER BY started, id",
    )?
    .query_map([], read)?
    .collect()
}

/// Writes a run down, in place of the one with its id if there is one.
fn save(db: &Transaction, run: &PopulateRun) -> rusqlite::Result<()> {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT OR REPLACE INTO records (id, started, ended, total, bytes, store)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        run.id,
        run.started,
        run.ended,
        whole(run.total),
        whole(run.bytes),
        run.store
    ])?;
    Ok(())
}

fn finished(db: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    db.prepare_cached("SELECT run, count FROM finished")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect()
}

/// Counts a message of a run as finished.
pub(super) fn finish(db: &Transaction, run: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO finished (run, count) VALUES (?1, 1)
         ON CONFLICT (run) DO UPDATE SET count = count + 1",
    )?
    .execute([run])?;
    Ok(())
}

/// The account, once there is one.
fn account(db: &Connection) -> rusqlite::Result<Option<BoundAccount>> {
    db.prepare_cached("SELECT nsid, name, had_photos FROM account")?
        .query_row([], |row| {
            Ok(BoundAccount {
                nsid: row.get(0)?,
                name: row.get(1)?,
                had_photos: row.get(2)?,
            })
        })
        .optional()
}

/// Binds the queue, unless it is bound; returns the account that it is bound to then.
fn bind(db: &Transaction, asked: &BoundAccount) -> rusqlite::Result<Option<BoundAccount>> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO account (one, nsid, name, had_photos) VALUES (1, ?1, ?2, ?3)",
    )?
    .execute(params![asked.nsid, asked.name, asked.had_photos])?;
    account(db)
}
