//! The fleet's rate as one row: the generic cell rate algorithm (GCRA), a token bucket that needs
//! no clock of its own. `next_us` is when the next call would be due if all came evenly; calls
//! may run ahead of it by the burst: what is due in the rate's lead.
//!
//! So any stretch of time `w` sees at most `w / interval + burst` calls, whoever starts or dies: 5 %
//! more than its share in a tenth of the window, which leaves the other 5 % of what is promised
//! to calls that are made a little after they were granted.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::queue::Rate;

/// One worker gets at most this part of the burst at a time: calls that it then does not make are
/// lost to the others.
const GRANT: u32 = 10;

/// What came of asking for calls.
pub(super) enum Answer {
    /// So many may be made now.
    Calls(u32),
    /// None; ask again after this.
    Wait(Duration),
}

/// Makes `rate` the fleet's rate; what was granted so far still counts.
pub(super) fn set(db: &Transaction, rate: &Rate) -> rusqlite::Result<()> {
    let window = i64::try_from(rate.per.as_micros()).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO budget (one, calls, window_us, next_us) VALUES (1, ?1, ?2, 0)
         ON CONFLICT (one) DO UPDATE SET calls = excluded.calls, window_us = excluded.window_us",
    )?
    .execute(params![rate.calls, window])?;
    Ok(())
}

/// The fleet's rate, if one is set.
pub(super) fn rate(db: &Connection) -> rusqlite::Result<Option<Rate>> {
    Ok(row(db)?.map(|(rate, _)| rate))
}

/// The rate, and when the next call is due.
fn row(db: &Connection) -> rusqlite::Result<Option<(Rate, i64)>> {
    let read = |row: &Row| {
        let window = Duration::from_micros(i64::unsigned_abs(row.get(1)?));
        let calls = row.get(0)?;
        let rate = Rate { calls, per: window };
        Ok((rate, row.get(2)?))
    };
    db.prepare_cached("SELECT calls, window_us, next_us FROM budget")?
        .query_row([], read)
        .optional()
}

/// How many calls may come at once after a rest: those of the rate's lead.
pub(super) fn burst(rate: &Rate) -> u32 {
    let window = rate.per.as_micros().max(1);
    let calls = u128::from(rate.calls) * rate.lead().as_micros() / window;
    u32::try_from(calls).unwrap_or(u32::MAX).max(1)
}

/// What one worker gets of a burst at a time.
pub(super) fn share(burst: u32) -> u32 {
    burst.div_ceil(GRANT)
}

/// Takes what there is, at the rate that the row says: `asked` only stands in for a missing row.
/// `limits` are the burst, and the most that is granted at a time.
pub(super) fn take(
    db: &Transaction,
    asked: &Rate,
    limits: (u32, u32),
    now: i64,
) -> rusqlite::Result<Answer> {
    let (rate, next) = match row(db)? {
        Some(known) => known,
        None => {
            set(db, asked)?;
            (*asked, 0)
        }
    };
    let (answer, next) = grant(&rate, limits, next, now);
    db.prepare_cached("UPDATE budget SET next_us = ?1")?
        .execute([next])?;
    Ok(answer)
}

/// What may be had at `now`, and when the next call is due after that.
fn grant(rate: &Rate, (burst, most): (u32, u32), next: i64, now: i64) -> (Answer, i64) {
    let interval = rate.interval_micros();
    let ahead = interval.saturating_mul(i64::from(burst));
    // Never further ahead than the burst, or a clock that was set back would stop the fleet.
    let next = next.clamp(now, now.saturating_add(ahead));
    let free = (now + ahead - next) / interval;
    if free < 1 {
        let pause = next + interval - now - ahead;
        let pause = Duration::from_micros(pause.max(1).unsigned_abs());
        return (Answer::Wait(pause), next);
    }
    let calls = free.min(i64::from(most));
    // `most` is at most a u32.
    (Answer::Calls(calls as u32), next + calls * interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks every `step` microseconds for `span`, and counts what is granted.
    fn granted(rate: &Rate, next: &mut i64, from: i64, span: i64, step: usize) -> u32 {
        let mut calls = 0;
        for now in (from..from + span).step_by(step) {
            loop {
                let burst = burst(rate);
                let (answer, after) = grant(rate, (burst, share(burst)), *next, now);
                *next = after;
                match answer {
                    Answer::Calls(more) => calls += more,
                    Answer::Wait(_) => break,
                }
            }
        }
        calls
    }

    #[test]
    fn an_hour_grants_the_budget_and_at_most_one_percent_more() {
        for calls in [1, 7, 60, 100, 3_600, 36_000, 1_000_000] {
            let rate = Rate::per_hour(calls);
            let (hour, mut next) = (3_600_000_000, 0);
            let first = granted(&rate, &mut next, hour, hour, 50_000);
            assert!(first <= calls + calls.div_ceil(100), "{calls}: {first}");
            let second = granted(&rate, &mut next, 2 * hour, hour, 50_000);
            assert!(second <= calls + 1, "{calls}: {second}");
            assert!(second >= calls - calls / 100, "{calls}: {second}");
        }
    }

    #[test]
    fn twelve_seconds_after_any_rest_see_less_than_twice_their_share() {
        for calls in [3_600, 18_000, 360_000] {
            let rate = Rate::per_hour(calls);
            let (second, mut next) = (1_000_000, 0);
            let twelve = granted(&rate, &mut next, 3_600 * second, 12 * second, 10_000);
            let even = calls / 300;
            assert!(
                (even..2 * even).contains(&twelve),
                "{calls}: {twelve} of {even}"
            );
        }
    }

    #[test]
    fn a_clock_set_back_does_not_stop_the_fleet() {
        let rate = Rate::per_hour(3_600);
        let (mut next, now) = (7_200_000_000, 3_600_000_000);
        assert!(granted(&rate, &mut next, now, 10_000_000, 100_000) >= 9);
    }
}
