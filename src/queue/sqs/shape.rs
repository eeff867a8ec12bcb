//! How a rate is cut into tokens.

use crate::queue::Rate;

/// So many tokens are enough for a hundred workers to take turns, and few to make.
const MOST_TOKENS: u64 = 50;
/// The longest that SQS hides a message, in seconds: 12 hours.
const LONGEST_HOLD: u64 = 43_200;

/// `tokens` tokens, each good for `calls` calls once in `hold` seconds.
///
/// A stretch of time `w` sees each token at most `w / hold + 1` times, so the fleet makes at most
/// `tokens * calls * (w / hold + 1)` calls in it, however the tokens come. With the rate's lead for a
/// hold that is 1.05 times its share in a tenth of the window, and twice its share in 12 seconds.
/// (That they come evenly is [`Turn`](super::turn::Turn)'s work.)
///
/// SQS counts holds in whole seconds, and calls and tokens are whole too, so not every budget can
/// be cut exactly: the hold is the first, from the lead upwards, for which the rate comes out at
/// 0.97 to 1.0 of the budget, with as many tokens as can be, as more tokens are finer turns. 3,600
/// an hour is 8 tokens of one call in 8 seconds: a request to SQS for each call, and no fewer with
/// longer holds. (A budget below two calls in a day cannot be had: SQS hides nothing for longer
/// than 12 hours.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) tokens: u32,
    pub(super) calls: u32,
    pub(super) hold_seconds: u32,
}

impl Shape {
    pub(super) fn of(rate: &Rate) -> Shape {
        let window_millis = u64::try_from(rate.per.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let lead_millis = u64::try_from(rate.lead().as_millis()).unwrap_or(u64::MAX);
        let shortest = lead_millis.div_ceil(1_000).clamp(1, LONGEST_HOLD);
        let cut = |hold: u64| {
            let millicalls = u64::from(rate.calls).saturating_mul(hold * 1_000_000);
            cut(millicalls / window_millis).map(|(tokens, calls)| (tokens, calls, hold))
        };
        let (tokens, calls, hold) =
            (shortest..=LONGEST_HOLD)
                .find_map(cut)
                .unwrap_or((1, 1, LONGEST_HOLD));
        // All far below: 50, a u32's share, 43,200.
        Shape {
            tokens: tokens as u32,
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
            hold_seconds: hold as u32,
        }
    }
}

/// Tokens and calls whose product is at most `millicalls` thousandths of a call, and at least
/// 0.97 of that.
fn cut(millicalls: u64) -> Option<(u64, u64)> {
    (1..=MOST_TOKENS).rev().find_map(|tokens| {
        let calls = millicalls / (tokens * 1_000);
        // One more, for what was cut off below a thousandth.
        let near = tokens * calls * 1_000 * 100 >= (millicalls + 1) * 97;
        (calls > 0 && near).then_some((tokens, calls))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_budget_is_cut_to_nearly_itself_and_never_more() {
        for calls in (1..5_000).chain([7_200, 36_000, 360_000, 3_599_999]) {
            let rate = Rate::per_hour(calls);
            let shape = Shape::of(&rate);
            let made = u64::from(shape.tokens * shape.calls) * 3_600;
            let due = u64::from(calls) * u64::from(shape.hold_seconds);
            assert!(made <= due && made * 100 >= due * 97, "{calls}: {shape:?}");
            assert!(shape.hold_seconds >= 8 && shape.tokens <= 50);
        }
    }

    #[test]
    fn a_usual_budget_is_spread_over_many_tokens_with_short_holds() {
        let shape = |calls, window| {
            let window = Duration::from_secs(window);
            let Shape {
                tokens,
                calls,
                hold_seconds,
            } = Shape::of(&Rate {
                calls: calls,
                per: window,
            });
            (tokens, calls, hold_seconds)
        };
        assert_eq!(shape(3_600, 3_600), (8, 1, 8));
        assert_eq!(shape(18_000, 3_600), (40, 1, 8));
        assert_eq!(shape(36_000, 3_600), (40, 2, 8));
        assert_eq!(shape(1_000, 3_600), (3, 1, 11));
        assert_eq!(shape(600, 600), (3, 1, 3));
        assert_eq!(shape(2_000, 100), (20, 1, 1));
        assert_eq!(shape(1, 3_600), (1, 1, 3_600));
    }
}
