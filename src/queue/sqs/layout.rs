//! How a rate is divided into tokens.

use crate::queue::Rate;

/// This many tokens are enough for a hundred workers to take turns, and few to make.
const MOST_TOKENS: u64 = 50;
/// The longest that SQS hides a message, in seconds: 12 hours.
const LONGEST_TIMEOUT: u64 = 43_200;

/// `tokens` tokens, each good for `calls` calls once in `timeout` seconds.
///
/// A stretch of time `w` sees each token at most `w / timeout + 1` times, so the fleet makes at most
/// `tokens * calls * (w / timeout + 1)` calls in it, however the tokens come. With the rate's lead for a
/// timeout that is 1.05 times its share in a tenth of the window, and twice its share in 12 seconds.
/// (That they come evenly is [`Turn`](super::turn::Turn)'s work.)
///
/// SQS counts timeouts in whole seconds, and calls and tokens are whole too, so not every budget can
/// be divided exactly: the timeout is the first, from the lead upwards, for which the rate comes out at
/// 0.97 to 1.0 of the budget, with as many tokens as can be, as more tokens are finer turns. 3,600
/// an hour is 8 tokens of one call in 8 seconds: a request to SQS for each call, and no fewer with
/// longer timeouts. (A budget below two calls in a day cannot be had: SQS hides nothing for longer
/// than 12 hours.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenLayout {
    pub(super) tokens: u32,
    pub(super) calls: u32,
    pub(super) timeout_seconds: u32,
}

impl TokenLayout {
    pub(super) fn of(rate: &Rate) -> TokenLayout {
        let window_millis = u64::try_from(rate.per.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let lead_millis = u64::try_from(rate.lead().as_millis()).unwrap_or(u64::MAX);
        let shortest = lead_millis.div_ceil(1_000).clamp(1, LONGEST_TIMEOUT);
        let tokens_in = |timeout: u64| {
            let millicalls = u64::from(rate.calls).saturating_mul(timeout * 1_000_000);
            divide(millicalls / window_millis).map(|(tokens, calls)| (tokens, calls, timeout))
        };
        let (tokens, calls, timeout) = (shortest..=LONGEST_TIMEOUT)
            .find_map(tokens_in)
            .unwrap_or((1, 1, LONGEST_TIMEOUT));
        // All far below: 50, a u32's share, 43,200.
        TokenLayout {
            tokens: tokens as u32,
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
            timeout_seconds: timeout as u32,
        }
    }
}

/// Tokens and calls whose product is at most `millicalls` thousandths of a call, and at least
/// 0.97 of that.
fn divide(millicalls: u64) -> Option<(u64, u64)> {
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
    fn every_budget_is_divided_to_nearly_itself_and_never_more() {
        for calls in (1..5_000).chain([7_200, 36_000, 360_000, 3_599_999]) {
            let rate = Rate::per_hour(calls);
            let layout = TokenLayout::of(&rate);
            let made = u64::from(layout.tokens * layout.calls) * 3_600;
            let due = u64::from(calls) * u64::from(layout.timeout_seconds);
            assert!(made <= due && made * 100 >= due * 97, "{calls}: {layout:?}");
            assert!(layout.timeout_seconds >= 8 && layout.tokens <= 50);
        }
    }

    #[test]
    fn a_usual_budget_is_spread_over_many_tokens_with_short_holds() {
        let layout = |calls, window| {
            let window = Duration::from_secs(window);
            let TokenLayout {
                tokens,
                calls,
                timeout_seconds,
            } = TokenLayout::of(&Rate { calls, per: window });
            (tokens, calls, timeout_seconds)
        };
        assert_eq!(layout(3_600, 3_600), (8, 1, 8));
        assert_eq!(layout(18_000, 3_600), (40, 1, 8));
        assert_eq!(layout(36_000, 3_600), (40, 2, 8));
        assert_eq!(layout(1_000, 3_600), (3, 1, 11));
        assert_eq!(layout(600, 600), (3, 1, 3));
        assert_eq!(layout(2_000, 100), (20, 1, 1));
        assert_eq!(layout(1, 3_600), (1, 1, 3_600));
    }
}
