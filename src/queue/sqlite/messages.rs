//! The messages in a SQLite file. Statements that change something run inside a transaction.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::time::{Instant, sleep};

use super::writer::{Read, Write};
use super::{Sqlite, millis, no_answer};
use crate::clock::unix_millis;
use crate::queue::messages::{Delivery, Messages, QueueKind, Receipt, Settlement};
use crate::queue::{Counts, Error, MOST_RECEIVES, Outgoing, Sent};

/// How many rows make a good transaction: more gain nothing and keep others waiting.
const BATCH: usize = 1_000;
/// How often a receiver that waits reads the file. A read that finds nothing takes microseconds
/// and no lock.
const READ_EVERY: Duration = Duration::from_millis(100);

impl Sqlite {
    /// The message that has been due longest. Where there is none, that takes no lock.
    async fn take(
        &self,
        queue: QueueKind,
        visibility_timeout: Duration,
    ) -> Result<Option<Delivery>, Error> {
        let none = move |db: &Connection| {
            let due = any_due(db, queue, unix_millis())?;
            Ok((!due).then_some(None))
        };
        let take =
            move |db: &Transaction<'_>| take(db, queue, unix_millis(), millis(visibility_timeout));
        let (none, take): (Read<_>, Write<_>) = (Box::new(none), Box::new(take));
        let answer = self.writer.submit("receive from", Some(none), Some(take));
        answer
            .await
            .map_err(|lost| no_answer(&self.location, lost))?
    }

    fn lease_lost(&self) -> Error {
        Error::LeaseLost {
            queue: self.location.clone(),
        }
    }
}

#[async_trait]
impl Messages for Sqlite {
    fn location(&self) -> &str {
        &self.location
    }

    fn is_local(&self) -> bool {
        true
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    async fn send(&self, batch: &[Outgoing]) -> Result<Vec<Sent>, Error> {
        let batch = batch.to_vec();
        self.write("send to", move |db| send(db, &batch, unix_millis()))
            .await
    }

    async fn known(&self, batch: &[Outgoing]) -> Result<Vec<bool>, Error> {
        let keys: Vec<_> = batch.iter().map(|message| message.unique.clone()).collect();
        self.read("look into", move |db| known(db, &keys)).await
    }

    async fn receive(
        &self,
        queue: QueueKind,
        visibility_timeout: Duration,
        wait: Duration,
    ) -> Result<Option<Delivery>, Error> {
        let until = Instant::now() + wait;
        loop {
            let taken = self.take(queue, visibility_timeout).await?;
            let left = until.saturating_duration_since(Instant::now());
            if taken.is_some() || left.is_zero() {
                return Ok(taken);
            }
            sleep(READ_EVERY.min(left)).await;
        }
    }

    async fn extend(
        &self,
        receipt: &Receipt,
        visibility_timeout: Duration,
    ) -> Result<Receipt, Error> {
        let held = receipt.clone();
        let extend =
            move |db: &Transaction<'_>| hide(db, &held, unix_millis() + millis(visibility_timeout));
        match self.write("extend a lease on", extend).await? {
            true => Ok(receipt.clone()),
            false => Err(self.lease_lost()),
        }
    }

    async fn settle(&self, receipt: &Receipt, settlement: Settlement) -> Result<(), Error> {
        let held = receipt.clone();
        let settle = move |db: &Transaction<'_>| match &settlement {
            Settlement::Release => release(db, &held, unix_millis()),
            Settlement::Delete => delete(db, &held),
            Settlement::Finish { run, .. } => {
                let good = delete(db, &held)?;
                if good {
                    super::runs::finish(db, run)?;
                }
                Ok(good)
            }
            // In one transaction, so which comes first does not matter here.
            Settlement::Requeue { to, body, delay } => {
                let good = delete(db, &held)?;
                if good {
                    let now = unix_millis();
                    insert(db, *to, body, now + millis(*delay), now)?;
                }
                Ok(good)
            }
        };
        match self.write("settle a message of", settle).await? {
            true => Ok(()),
            false => Err(self.lease_lost()),
        }
    }

    async fn counts(&self) -> Result<Counts, Error> {
        self.read("count", |db| counts(db, unix_millis())).await
    }

    async fn peek_failed(&self, limit: usize) -> Result<Vec<String>, Error> {
        self.read("list", move |db| failed(db, limit)).await
    }

    async fn check(&self, _repair: bool) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

/// How the column `part` names a queue.
fn name(queue: QueueKind) -> &'static str {
    match queue {
        QueueKind::Main => "main",
        QueueKind::Failed => "failed",
    }
}

/// Inserts each message whose `unique` the ledger does not have, and says which those were.
fn send(db: &Transaction, batch: &[Outgoing], now: i64) -> rusqlite::Result<Vec<Sent>> {
    let mut ledger = db.prepare_cached("INSERT OR IGNORE INTO ledger (key) VALUES (?1)")?;
    let mut send = |message: &Outgoing| {
        if let Some(unique) = &message.unique
            && ledger.execute([unique])? == 0
        {
            return Ok(Sent::Known);
        }
        let visible_at = now + millis(message.delay);
        insert(db, QueueKind::Main, &message.body, visible_at, now)?;
        Ok(Sent::Taken)
    };
    batch.iter().map(&mut send).collect()
}

/// Which of these keys the ledger has.
fn known(db: &Connection, keys: &[Option<String>]) -> rusqlite::Result<Vec<bool>> {
    let mut ledger = db.prepare_cached("SELECT 1 FROM ledger WHERE key = ?1")?;
    let mut known = |key: &Option<String>| match key {
        Some(key) => ledger.exists([key]),
        None => Ok(false),
    };
    keys.iter().map(&mut known).collect()
}

/// Inserts one message.
fn insert(
    db: &Transaction,
    queue: QueueKind,
    body: &str,
    visible_at: i64,
    now: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO messages (part, body, visible_at, sent_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![name(queue), body, visible_at, now])?;
    Ok(())
}

/// Whether a message may be received now. Takes no lock.
fn any_due(db: &Connection, queue: QueueKind, now: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM messages WHERE part = ?1 AND visible_at <= ?2 LIMIT 1")?
        .exists(params![name(queue), now])
}

/// Hands out the message that has been due longest, and moves those that were handed out too
/// often to the failed ones on the way.
fn take(
    db: &Transaction,
    queue: QueueKind,
    now: i64,
    visibility_timeout: i64,
) -> rusqlite::Result<Option<Delivery>> {
    while let Some((id, received)) = first_due(db, queue, now)? {
        if queue == QueueKind::Main && received >= MOST_RECEIVES {
            db.prepare_cached(
                "UPDATE messages SET part = 'failed', receipt = NULL, visible_at = ?2 WHERE id = ?1",
            )?
            .execute(params![id, now])?;
            continue;
        }
        return hand_out(db, queue, id, (now, now + visibility_timeout)).map(Some);
    }
    Ok(None)
}

fn first_due(db: &Transaction, queue: QueueKind, now: i64) -> rusqlite::Result<Option<(i64, u32)>> {
    db.prepare_cached(
        "SELECT id, received FROM messages WHERE part = ?1 AND visible_at <= ?2
         ORDER BY visible_at, id LIMIT 1",
    )?
    .query_row(params![name(queue), now], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
}

fn hand_out(
    db: &Transaction,
    queue: QueueKind,
    id: i64,
    (now, visible_at): (i64, i64),
) -> rusqlite::Result<Delivery> {
    db.prepare_cached(
        "UPDATE messages SET received = received + 1, receipt = received + 1, visible_at = ?2,
         first_received_at = coalesce(first_received_at, ?3)
         WHERE id = ?1 RETURNING id, receipt, body, received, sent_at, first_received_at",
    )?
    .query_row(params![id, visible_at, now], |row| {
        Ok(Delivery {
            receipt: Receipt {
                queue,
                id: row.get::<_, i64>(0)?.to_string(),
                handle: row.get::<_, i64>(1)?.to_string(),
            },
            body: row.get(2)?,
            receive_count: row.get(3)?,
            sent_at: Some(row.get(4)?),
            first_received_at: row.get(5)?,
        })
    })
}

/// Hides a message until `visible_at`. False: the receipt is stale.
fn hide(db: &Transaction, held: &Receipt, visible_at: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached("UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND receipt = ?2")?
        .execute(params![held.id, held.handle, visible_at])?;
    Ok(changed == 1)
}

/// Ends a lease. False: the receipt is stale.
fn release(db: &Transaction, held: &Receipt, now: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3, receipt = NULL WHERE id = ?1 AND receipt = ?2",
        )?
        .execute(params![held.id, held.handle, now])?;
    Ok(changed == 1)
}

/// Deletes a message. False: the receipt is stale.
fn delete(db: &Transaction, held: &Receipt) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached("DELETE FROM messages WHERE id = ?1 AND receipt = ?2")?
        .execute(params![held.id, held.handle])?;
    Ok(changed == 1)
}

/// Counts from the index alone, but for the few that are hidden.
fn counts(db: &Connection, now: i64) -> rusqlite::Result<Counts> {
    let count = |query: &str| -> rusqlite::Result<u64> {
        let count: i64 = db
            .prepare_cached(query)?
            .query_row(params![now], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    // One read transaction, so that the four fit together.
    let _snapshot = db.unchecked_transaction()?;
    Ok(Counts {
        waiting: count("SELECT count(*) FROM messages WHERE part = 'main' AND visible_at <= ?1")?,
        in_flight: count(
            "SELECT count(receipt) FROM messages WHERE part = 'main' AND visible_at > ?1",
        )?,
        delayed: count(
            "SELECT count(*) FROM messages
             WHERE part = 'main' AND visible_at > ?1 AND receipt IS NULL",
        )?,
        failed: count("SELECT count(*) FROM messages WHERE part = 'failed' AND ?1 = ?1")?,
    })
}

/// The bodies of failed messages, in the order in which they were sent.
fn failed(db: &Connection, limit: usize) -> rusqlite::Result<Vec<String>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT body FROM messages WHERE part = 'failed' ORDER BY id LIMIT ?1")?
        .query_map([limit], |row| row.get(0))?
        .collect()
}
