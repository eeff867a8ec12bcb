//! The fleet's rate as one row: what the calls so far leave in a bucket that leaks at that rate.
//! `next_us` is when it will be empty: when the next call would be due if all came evenly. Calls
//! may run ahead of that by the burst: what is due in the rate's lead.
//!
//! So any stretch of time `w` sees at most `w / interval + burst` calls, whichever worker starts or dies: 5 %
//! more than its share in a tenth of the rate's time, which leaves the other 5 % of what is promised
//! to calls that are made a little after they were granted.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use tokio::time::{Instant, sleep};

use super::Sqlite;
use crate::clock;
use crate::queue::pacer::Pacer;
use crate::queue::{Error, Rate};
use crate::rate::LeakyBucket;

/// One worker gets at most this part of the burst at a time: calls that it then does not make are
/// lost to the others.
const PARTS_OF_A_BURST: u32 = 10;

/// How many calls are granted at once.
#[derive(Clone, Copy)]
pub(in crate::queue) struct Limits {
    /// To all together, after a rest.
    pub(in crate::queue) burst: u32,
    /// To one worker at a time.
    pub(in crate::queue) most: u32,
}

impl Limits {
    /// Those of a fleet: what is due in the rate's lead, and a part of that for one worker.
    fn of(rate: &Rate) -> Limits {
        let calls = rate.lead().as_micros() / rate.interval().as_micros().max(1);
        let burst = u32::try_from(calls).unwrap_or(u32::MAX).max(1);
        let most = burst.div_ceil(PARTS_OF_A_BURST);
        Limits { burst, most }
    }
}

/// What came of asking for calls.
enum Grant {
    /// This many may be made now.
    Calls(u32),
    /// None; ask again after this.
    Wait(Duration),
}

#[async_trait]
impl Pacer for Sqlite {
    async fn permit(&self, rate: &Rate) -> Result<u32, Error> {
        self.permit_within(rate, Limits::of(rate)).await
    }

    fn next_permit(&self) -> Option<Duration> {
        let next = *self.next_permit.lock();
        next.and_then(|next| next.checked_duration_since(Instant::now()))
    }

    async fn rate(&self) -> Result<Option<Rate>, Error> {
        let rate = |db: &Connection| Ok(row(db)?.map(|(rate, _)| rate));
        self.read("read the rate of", rate).await
    }

    async fn is_there(&self) -> Result<bool, Error> {
        Ok(true)
    }
}

impl Sqlite {
    /// Waits until some calls may be made within `limits`, and returns how many.
    pub(in crate::queue) async fn permit_within(
        &self,
        rate: &Rate,
        limits: Limits,
    ) -> Result<u32, Error> {
        let rate = *rate;
        let news = {
            let mut asked = self.asked.lock();
            asked.replace(rate) != Some(rate)
        };
        if news {
            self.write("set the rate of", move |db| set(db, &rate))
                .await?;
        }
        loop {
            let take = move |db: &Transaction<'_>| take(db, &rate, limits, since_1970());
            match self.write("take calls from", take).await? {
                Grant::Calls(calls) => return Ok(calls),
                Grant::Wait(pause) => {
                    *self.next_permit.lock() = Some(Instant::now() + pause);
                    sleep(pause).await;
                }
            }
        }
    }
}

/// The time that all processes of a machine share, in whole microseconds, as the row has it.
fn since_1970() -> Duration {
    Duration::from_micros(clock::unix_micros().unsigned_abs())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Makes `rate` the fleet's rate; what was granted so far still counts.
fn set(db: &Transaction, rate: &Rate) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO budget (one, calls, window_us, next_us) VALUES (1, ?1, ?2, 0)
         ON CONFLICT (one) DO UPDATE SET calls = excluded.calls, window_us = excluded.window_us",
    )?
    .execute(params![rate.calls, micros(rate.per)])?;
    Ok(())
}

/// The rate, and when the bucket will be empty; `None` where no worker set a rate yet.
fn row(db: &Connection) -> rusqlite::Result<Option<(Rate, Duration)>> {
    let time = |micros: i64| Duration::from_micros(micros.max(0).unsigned_abs());
    let read = |row: &Row| {
        let (calls, per) = (row.get(0)?, time(row.get(1)?));
        Ok((Rate { calls, per }, time(row.get(2)?)))
    };
    db.prepare_cached("SELECT calls, window_us, next_us FROM budget")?
        .query_row([], read)
        .optional()
}

/// Takes what there is, at the rate that the row says: `asked` only stands in for a missing row.
fn take(db: &Transaction, asked: &Rate, limits: Limits, now: Duration) -> rusqlite::Result<Grant> {
    let (rate, empty_at) = match row(db)? {
        Some(known) => known,
        None => {
            set(db, asked)?;
            (*asked, Duration::ZERO)
        }
    };
    let (granted, empty_at) = grant(&rate, limits, empty_at, now);
    db.prepare_cached("UPDATE budget SET next_us = ?1")?
        .execute([micros(empty_at)])?;
    Ok(granted)
}

/// What may be had at `now`, and when the bucket will be empty after that.
fn grant(rate: &Rate, limits: Limits, empty_at: Duration, now: Duration) -> (Grant, Duration) {
    let interval = rate.interval();
    let depth = interval.saturating_mul(limits.burst);
    let mut bucket = LeakyBucket::restore(depth, empty_at, now);
    let room = bucket.room(interval, now).min(limits.most.into());
    // At most a u32.
    let calls = room as u32;
    if calls == 0 {
        let pause = bucket.wait(interval, now).max(Duration::from_micros(1));
        return (Grant::Wait(pause), bucket.empty_at());
    }
    bucket.pour(interval * calls, now);
    (Grant::Calls(calls), bucket.empty_at())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks every `step` for `span`, and counts what is granted.
    fn granted(
        rate: &Rate,
        empty_at: &mut Duration,
        (from, span): (Duration, Duration),
        step: Duration,
    ) -> u32 {
        let (mut calls, mut now) = (0, from);
        while now < from + span {
            loop {
                let (granted, after) = grant(rate, Limits::of(rate), *empty_at, now);
                *empty_at = after;
                match granted {
                    Grant::Calls(more) => calls += more,
                    Grant::Wait(_) => break,
                }
            }
            now += step;
        }
        calls
    }

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn an_hour_grants_the_budget_and_at_most_one_percent_more() {
        for calls in [1_u32, 7, 60, 100, 3_600, 36_000, 1_000_000] {
            let rate = Rate::per_hour(calls);
            let (step, mut empty_at) = (Duration::from_millis(50), Duration::ZERO);
            let first = granted(&rate, &mut empty_at, (HOUR, HOUR), step);
            assert!(first <= calls + calls.div_ceil(100), "{calls}: {first}");
            let second = granted(&rate, &mut empty_at, (2 * HOUR, HOUR), step);
            assert!(second <= calls + 1, "{calls}: {second}");
            assert!(second >= calls - calls / 100, "{calls}: {second}");
        }
    }

    #[test]
    fn twelve_seconds_after_any_rest_see_less_than_twice_their_share() {
        for calls in [3_600, 18_000, 360_000] {
            let rate = Rate::per_hour(calls);
            let (step, mut empty_at) = (Duration::from_millis(10), Duration::ZERO);
            let twelve = granted(&rate, &mut empty_at, (HOUR, 12 * SECOND), step);
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
        let mut empty_at = 2 * HOUR;
        let (span, step) = (10 * SECOND, Duration::from_millis(100));
        assert!(granted(&rate, &mut empty_at, (HOUR, span), step) >= 9);
    }
}
