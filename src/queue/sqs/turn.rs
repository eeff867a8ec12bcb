//! When a token's turn is, so that the tokens of a fleet do not all come back at once.
//!
//! Tokens that were taken together come back together: a fleet that starts, or that has rested,
//! would make all its calls in one second and none in the next seven. So each token has a second
//! of its own in the timeout, by its number, and is worth something only then: one that is received
//! at another time is hidden again until its next turn, unspent. All workers must mean the same
//! second, and their own clocks may be hours apart, so time is what SQS says in its answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use aws_sdk_sqs::primitives::{DateTime, DateTimeFormat};
use parking_lot::Mutex;

use super::layout::TokenLayout;

/// How many seconds after its turn a token is still good: the `Date` of an answer has no parts of
/// a second, and a receiver may be a moment late.
const LATE: u64 = 2;
/// Shorter timeouts are even enough by themselves.
const SHORTEST: u32 = 3;
/// Machines' clocks drift, and sleep with them; SQS is asked again after this.
const DRIFT: Duration = Duration::from_secs(60);

/// What a token that was just received is good for now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// Whether it may be spent.
    pub(super) spend: bool,
    /// For how long it is to be hidden, in seconds, either way: until its next turn.
    pub(super) hide: u32,
}

impl Turn {
    /// The turn of token `number` of a layout, received at `now` (seconds since any fixed moment).
    /// Where that is not known, it may be spent at once.
    pub(super) fn of(number: u32, layout: &TokenLayout, now: Option<u64>) -> Turn {
        let timeout = u64::from(layout.timeout_seconds);
        let (Some(now), true) = (now, layout.timeout_seconds >= SHORTEST) else {
            return Turn {
                spend: true,
                hide: layout.timeout_seconds,
            };
        };
        let own = u64::from(number) * timeout / u64::from(layout.tokens.max(1)) % timeout;
        let late = (now + timeout - own) % timeout;
        Turn {
            spend: late < LATE,
            // At least 1, and at most the timeout.
            hide: (timeout - late) as u32,
        }
    }
}

/// The time by SQS, read off its answers. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock {
    read: Arc<Mutex<Option<(u64, Instant)>>>,
}

impl ServerClock {
    /// Seconds since 1970; `None` where no answer had a date.
    pub(super) fn now(&self) -> Option<u64> {
        let read = self.read.lock();
        read.map(|(seconds, at)| seconds + at.elapsed().as_secs())
    }

    /// Sets the clock by the `Date` of an answer, unless that was done a moment ago.
    fn set(&self, date: &str) {
        let mut read = self.read.lock();
        if read.is_some_and(|(_, at)| at.elapsed() < DRIFT) {
            return;
        }
        let parsed = DateTime::from_str(date, DateTimeFormat::HttpDate);
        let seconds = parsed.ok().and_then(|date| u64::try_from(date.secs()).ok());
        if let Some(seconds) = seconds {
            *read = Some((seconds, Instant::now()));
        }
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.set(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Rate;

    /// How many calls a fleet that takes every token as soon as it is there makes in each second,
    /// when all tokens lie there at the beginning.
    fn spent(layout: &TokenLayout, seconds: u64, clock: impl Fn(u64) -> Option<u64>) -> Vec<u32> {
        let mut back = vec![0; layout.tokens as usize];
        let mut calls = vec![0; seconds as usize];
        for now in 0..seconds {
            for (number, back) in (0..).zip(&mut back) {
                if *back <= now {
                    let turn = Turn::of(number, layout, clock(now));
                    *back = now + u64::from(turn.hide);
                    calls[now as usize] += if turn.spend { layout.calls } else { 0 };
                }
            }
        }
        calls
    }

    #[test]
    fn tokens_that_all_lie_there_are_spent_evenly_and_none_is_lost() {
        for calls in [900, 3_600, 18_000, 36_000] {
            let layout = TokenLayout::of(&Rate::per_hour(calls));
            let each = spent(&layout, 3_600, |now| Some(1_795_000_003 + now));
            let even = f64::from(calls) * 12.0 / 3_600.0;
            for twelve in each.windows(12) {
                let made = f64::from(twelve.iter().sum::<u32>());
                assert!(made <= 1.5 * even, "{calls}: {made} of {even}");
            }
            let made = f64::from(each.iter().sum::<u32>());
            assert!(made >= 0.97 * f64::from(calls) - 1.0, "{calls}: {made}");
        }
    }

    #[test]
    fn without_a_clock_every_token_is_spent_and_hidden_for_its_hold() {
        let layout = TokenLayout::of(&Rate::per_hour(18_000));
        let each = spent(&layout, 12, |_| None);
        assert_eq!((each[0], each[8]), (40, 40));
        assert_eq!(each.iter().sum::<u32>(), 80);
    }

    #[test]
    fn a_token_out_of_its_turn_waits_for_the_next_one() {
        let layout = TokenLayout {
            tokens: 8,
            calls: 1,
            timeout_seconds: 8,
        };
        for (number, now, spend, hide) in [
            (0, 800, true, 8),
            (0, 801, true, 7),
            (0, 802, false, 6),
            (0, 807, false, 1),
            (3, 800, false, 3),
            (3, 803, true, 8),
            (9, 801, true, 8),
        ] {
            let turn = Turn { spend, hide };
            assert_eq!(
                Turn::of(number, &layout, Some(now)),
                turn,
                "{number} at {now}"
            );
        }
    }

    #[test]
    fn the_clock_goes_on_from_what_an_answer_said() {
        let clock = ServerClock::default();
        assert_eq!(clock.now(), None);
        clock.set("yesterday");
        assert_eq!(clock.now(), None);
        clock.set("Tue, 29 Nov 2033 12:00:00 GMT");
        clock.set("Tue, 29 Nov 2033 18:00:00 GMT");
        let off = clock.now().unwrap().abs_diff(2_016_878_400);
        assert!(off < 60, "{off} s off");
    }
}
