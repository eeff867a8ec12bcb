//! The order of the account's sets: ours by their titles, the user's own where they are.

use std::collections::{HashMap, HashSet};

use super::canonical::canonical;

/// One set in the account's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed<'a> {
    /// The set's id.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
}

/// The ids of all sets in the order that they should have; `None` where they have it.
///
/// Ours are in the order of their titles, character by character as keys are. The user's own keep
/// their order among themselves: those before all of ours stay first, those after all of ours stay
/// last, and any other stays before the set of ours that it stands before now, as far as that order
/// allows. Flickr puts a new set first, so `new` ones say nothing of where the user's own should be.
pub fn sorted(
    sets: &[Placed<'_>],
    ours: &HashSet<&str>,
    new: &HashSet<&str>,
) -> Option<Vec<String>> {
    let (mut titled, own): (Vec<Placed<'_>>, Vec<_>) =
        sets.iter().copied().partition(|set| ours.contains(set.id));
    // Sets of one title stay as they are.
    titled.sort_by_cached_key(|set| canonical(set.title));
    let index: HashMap<&str, usize> = titled
        .iter()
        .enumerate()
        .map(|(index, set)| (set.id, index))
        .collect();
    let mut before = own_places(sets, &index, new)
        .into_iter()
        .zip(own)
        .peekable();
    let mut order = Vec::with_capacity(sets.len());
    for index in 0..=titled.len() {
        while let Some((_, own)) = before.next_if(|(place, _)| *place == index) {
            order.push(own.id);
        }
        order.extend(titled.get(index).map(|set| set.id));
    }
    let is_right = sets.iter().map(|set| set.id).eq(order.iter().copied());
    (!is_right).then(|| order.into_iter().map(str::to_owned).collect())
}

/// For each of the user's own sets the index of the set of ours that it shall stand before; never
/// less than that of the one before it.
fn own_places(
    sets: &[Placed<'_>],
    index: &HashMap<&str, usize>,
    new: &HashSet<&str>,
) -> Vec<usize> {
    let is_placed = |set: &&Placed<'_>| index.contains_key(set.id) && !new.contains(set.id);
    let mut places = Vec::new();
    let mut least = 0;
    let mut is_first = true;
    for (n, set) in sets.iter().enumerate() {
        is_first &= !is_placed(&set);
        if index.contains_key(set.id) {
            continue;
        }
        if !is_first {
            let next = sets[n..].iter().find(is_placed);
            least = least.max(next.map_or(index.len(), |next| index[next.id]));
        }
        places.push(least);
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sorts sets whose titles are their ids: ours are lower-case letters, new ones follow a `+`.
    fn order(sets: &str) -> Option<String> {
        let named: Vec<&str> = sets.split(' ').collect();
        let new = named.iter().filter_map(|name| name.strip_prefix('+'));
        let new: HashSet<&str> = new.collect();
        let ids = named.iter().map(|name| name.trim_start_matches('+'));
        let ours: HashSet<&str> = ids.clone().filter(|id| *id == id.to_lowercase()).collect();
        let placed: Vec<Placed<'_>> = ids.map(|id| Placed { id, title: id }).collect();
        sorted(&placed, &ours, &new).map(|order| order.join(" "))
    }

    #[test]
    fn ours_come_in_the_order_of_their_titles() {
        assert_eq!(order("+c +b +a").unwrap(), "a b c");
        assert_eq!(order("b a").unwrap(), "a b");
        assert_eq!(order("a b c"), None);
        assert_eq!(order("X Y"), None);
    }

    #[test]
    fn the_users_own_stay_where_they_are() {
        // First and last places are kept, whatever is new.
        assert_eq!(order("+b +a X Y").unwrap(), "X Y a b");
        assert_eq!(order("+a +z X b c Y").unwrap(), "X a b c z Y");
        assert_eq!(order("+b X a c Y").unwrap(), "X a b c Y");
        // One in the middle stays before the same set.
        assert_eq!(order("c X a b").unwrap(), "X a b c");
        assert_eq!(order("b c X a d").unwrap(), "X a b c d");
        // Their own order comes first.
        assert_eq!(order("a X c Y b").unwrap(), "a b X Y c");
        assert_eq!(order("a X b Y"), None);
    }

    #[test]
    fn titles_are_compared_as_flickr_shows_them() {
        let ours = HashSet::from(["1", "2"]);
        let sets = [
            Placed {
                id: "1",
                title: "AT&amp;T",
            },
            Placed {
                id: "2",
                title: "AT&S",
            },
        ];
        let order = sorted(&sets, &ours, &HashSet::new());
        assert_eq!(order.unwrap(), ["2", "1"]);
    }

    proptest! {
        #[test]
        fn an_order_that_was_made_is_right(kinds in prop::collection::vec((0..3_u8, "[a-c]{0,2}"), 0..12)) {
            let ids: Vec<String> = (0..kinds.len()).map(|n| n.to_string()).collect();
            let placed: Vec<Placed<'_>> = ids.iter().zip(&kinds)
                .map(|(id, (_, title))| Placed { id, title }).collect();
            let of = |wanted: &[u8]| -> HashSet<&str> {
                let found = ids.iter().zip(&kinds).filter(|(_, kind)| wanted.contains(&kind.0));
                found.map(|(id, _)| id.as_str()).collect()
            };
            let (ours, new) = (of(&[1, 2]), of(&[2]));
            if let Some(order) = sorted(&placed, &ours, &new) {
                let place = |id: &String| placed.iter().find(|set| set.id == id).copied();
                let now: Vec<Placed<'_>> = order.iter().filter_map(place).collect();
                prop_assert_eq!(now.len(), placed.len());
                prop_assert_eq!(sorted(&now, &ours, &HashSet::new()), None);
                let own = |sets: &[Placed<'_>]| -> Vec<String> {
                    let own = sets.iter().filter(|set| !ours.contains(set.id));
                    own.map(|set| set.id.to_owned()).collect()
                };
                prop_assert_eq!(own(&now), own(&placed));
            }
        }
    }
}
