//! An outage in whatever order photos begin and end.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What happens next in a worker of some lanes.
#[derive(Clone, Debug)]
enum Turn {
    /// A lane takes the next job.
    Take,
    /// The attempt that is this far on in the list ends.
    End(usize),
    /// Seconds pass.
    Pass(u64),
    /// The undecided failures run out of patience.
    Patience,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => Just(Turn::Take),
        4 => (0..8_usize).prop_map(Turn::End),
        2 => (1..40_u64).prop_map(Turn::Pass),
        1 => Just(Turn::Patience),
    ];
    proptest::collection::vec(turn, 1..400)
}

/// An attempt ends; gives the ruling where it failed.
fn end(breaker: &mut Breaker, number: u64, is_failure: bool, now: u64) -> Option<Ruling> {
    if is_failure {
        let job = number.to_string();
        let outage = uploads();
        return Some(breaker.failed(number, failure(&job, &outage, false), seconds(now)));
    }
    breaker.passed(number, &[Service::Uploads], seconds(now));
    None
}

proptest! {
    /// Flickr is well, goes away for ten minutes at some moment, and comes back. Whatever the
    /// order in which photos begin and end: no failure of the outage is ever charged, and after it
    /// the lanes go on.
    #[test]
    fn an_outage_of_ten_minutes_is_never_charged(away_at in 0..300_u64, turns in turns()) {
        let mut breaker = breaker();
        let is_away = |now: u64| (away_at..away_at + 600).contains(&now);
        let mut now = 0;
        let mut under_way: Vec<(u64, bool)> = Vec::new();
        let mut undecided = BTreeMap::new();
        for turn in turns {
            match turn {
                Turn::Take if under_way.len() < 8 => {
                    if let Entry::Pass(number) = breaker.enter(seconds(now)) {
                        breaker.begin(number, seconds(now));
                        under_way.push((number, is_away(now)));
                    }
                }
                Turn::Take => {}
                Turn::End(at) if !under_way.is_empty() => {
                    let (number, began_away) = under_way.remove(at % under_way.len());
                    let is_failure = began_away || is_away(now);
                    let ruling = end(&mut breaker, number, is_failure, now);
                    prop_assert_ne!(ruling, Some(Ruling::Charge));
                    if ruling == Some(Ruling::Undecided) {
                        undecided.insert(number, now);
                    }
                }
                Turn::End(_) => {}
                Turn::Pass(n) => now += n,
                Turn::Patience => for number in undecided.keys() {
                    breaker.ran_out_of_patience(*number, seconds(now));
                },
            }
            // A failure may be charged when Flickr was seen to be well after it: never within
            // the outage, and after it only for one that a success followed.
            let rulings: Vec<_> = undecided.keys().copied().collect();
            for number in rulings {
                let ruling = breaker.take_ruling(number);
                if ruling != Ruling::Undecided {
                    let at = undecided.remove(&number);
                    let in_outage = at.is_some_and(is_away) && is_away(now);
                    prop_assert!(!in_outage || ruling != Ruling::Charge);
                }
            }
        }
        // It always goes on in the end.
        for (number, _) in under_way {
            breaker.leave(number);
        }
        let later = breaker.waiting().map_or(seconds(now), |waiting| waiting.try_at);
        prop_assert!(matches!(breaker.enter(later), Entry::Pass(_)));
    }
}
