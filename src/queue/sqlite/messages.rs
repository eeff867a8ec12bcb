//! The statements on messages. Those that change something run inside a transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::queue::{Counts, Delivery, MOST_RECEIVES, Outgoing, Part, Receipt, Sent};

/// How a part is written in the table.
fn name(part: Part) -> &'static str {
    match part {
        Part::Main => "main",
        Part::Failed => "failed",
    }
}

/// Inserts each message whose `unique` the ledger does not have, and says which those were.
pub(super) fn send(db: &Transaction, batch: &[Outgoing], now: i64) -> rusqlite::Result<Vec<Sent>> {
    let mut ledger = db.prepare_cached("INSERT OR IGNORE INTO ledger (key) VALUES (?1)")?;
    let mut send = |message: &Outgoing| {
        if let Some(unique) = &message.unique
            && ledger.execute([unique])? == 0
        {
            return Ok(Sent::Known);
        }
        let visible_at = now + super::millis(message.delay);
        insert(db, Part::Main, &message.body, visible_at, now)?;
        Ok(Sent::Taken)
    };
    batch.iter().map(&mut send).collect()
}

/// Inserts one message.
pub(super) fn insert(
    db: &Transaction,
    part: Part,
    body: &str,
    visible_at: i64,
    now: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO messages (part, body, visible_at, sent_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![name(part), body, visible_at, now])?;
    Ok(())
}

/// Whether a message may be received now. Takes no lock.
pub(super) fn any_due(db: &Connection, part: Part, now: i64) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM messages WHERE part = ?1 AND visible_at <= ?2 LIMIT 1")?
        .exists(params![name(part), now])
}

/// Hands out the message that has been due longest, and moves those that were handed out too
/// often to the failed ones on the way.
pub(super) fn take(
    db: &Transaction,
    part: Part,
    now: i64,
    hold: i64,
) -> rusqlite::Result<Option<Delivery>> {
    while let Some((id, received)) = first_due(db, part, now)? {
        if part == Part::Main && received >= MOST_RECEIVES {
            db.prepare_cached(
                "UPDATE messages SET part = 'failed', receipt = NULL, visible_at = ?2 WHERE id = ?1",
            )?
            .execute(params![id, now])?;
            continue;
        }
        return hand_out(db, part, id, (now, now + hold)).map(Some);
    }
    Ok(None)
}

fn first_due(db: &Transaction, part: Part, now: i64) -> rusqlite::Result<Option<(i64, u32)>> {
    db.prepare_cached(
        "SELECT id, received FROM messages WHERE part = ?1 AND visible_at <= ?2
         ORDER BY visible_at, id LIMIT 1",
    )?
    .query_row(params![name(part), now], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
}

fn hand_out(
    db: &Transaction,
    part: Part,
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
                part,
                id: row.get::<_, i64>(0)?.to_string(),
                handle: row.get::<_, i64>(1)?.to_string(),
            },
            body: row.get(2)?,
            received: row.get(3)?,
            sent_at: Some(row.get(4)?),
            first_received_at: row.get(5)?,
        })
    })
}

/// Hides a message until `visible_at`. False: the receipt is stale.
pub(super) fn hide(db: &Transaction, held: &Receipt, visible_at: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached("UPDATE messages SET visible_at = ?3 WHERE id = ?1 AND receipt = ?2")?
        .execute(params![held.id, held.handle, visible_at])?;
    Ok(changed == 1)
}

/// Ends a hold. False: the receipt is stale.
pub(super) fn release(db: &Transaction, held: &Receipt, now: i64) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE messages SET visible_at = ?3, receipt = NULL WHERE id = ?1 AND receipt = ?2",
        )?
        .execute(params![held.id, held.handle, now])?;
    Ok(changed == 1)
}

/// Deletes a message. False: the receipt is stale.
pub(super) fn delete(db: &Transaction, held: &Receipt) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached("DELETE FROM messages WHERE id = ?1 AND receipt = ?2")?
        .execute(params![held.id, held.handle])?;
    Ok(changed == 1)
}

/// Counts from the index alone, but for the few that are hidden.
pub(super) fn counts(db: &Connection, now: i64) -> rusqlite::Result<Counts> {
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
pub(super) fn failed(db: &Connection, limit: usize) -> rusqlite::Result<Vec<String>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached("SELECT body FROM messages WHERE part = 'failed' ORDER BY id LIMIT ?1")?
        .query_map([limit], |row| row.get(0))?
        .collect()
}
