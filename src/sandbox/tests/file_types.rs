//! The client's and the sandbox's lists of file types are two readings of one rule.

use std::collections::BTreeSet;

use crate::model::flickr::accepts;
use crate::sandbox::state::file_types;

fn set<'a>(list: &[&'a str]) -> BTreeSet<&'a str> {
    let set: BTreeSet<_> = list.iter().copied().collect();
    assert_eq!(set.len(), list.len(), "a type is listed twice in {list:?}");
    set
}

#[test]
fn the_client_sends_what_the_sandbox_takes_and_nothing_else() {
    assert_eq!(set(accepts::PHOTOS), set(file_types::PHOTOS));
    assert_eq!(set(accepts::VIDEOS), set(file_types::VIDEOS));
}
