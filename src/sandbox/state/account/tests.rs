//! Changes and snapshots of the account.

use super::*;
use crate::sandbox::state::file_types::Kind;
use crate::sandbox::state::tags::Tag;

fn photo(id: u64) -> Change {
    Change::Photo(Box::new(Photo {
        id,
        secret: "0123456789".into(),
        original_secret: "9876543210".into(),
        title: "t".into(),
        description: String::new(),
        tags: vec![Tag::new("a:b=c")],
        privacy: Privacy::default(),
        posted: 5,
        updated: 5,
        taken: None,
        kind: Kind::Jpeg,
        width: 1,
        height: 1,
        bytes: 9,
        sha1: "same".into(),
    }))
}

fn set(id: u64, photos: &[u64]) -> Change {
    Change::Set(Set {
        id,
        title: "s".into(),
        description: String::new(),
        primary: photos[0],
        photos: photos.to_vec(),
        created: 1,
        updated: 1,
    })
}

#[test]
fn a_snapshot_makes_the_same_account() {
    let mut account = Account::default();
    for change in [
        photo(7),
        photo(8),
        set(1, &[7]),
        set(2, &[8]),
        Change::Member(1, 8, 9),
        Change::PhotoGone(7),
    ] {
        account.commit(change);
    }
    let mut again = Account::default();
    account
        .snapshot()
        .into_iter()
        .for_each(|change| again.apply(change));
    let shape = |a: &Account| {
        a.sets()
            .map(|s| (s.id, s.primary, s.photos.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(shape(&again), [(2, 8, vec![8]), (1, 8, vec![8])]);
    assert_eq!(shape(&again), shape(&account));
    assert_eq!(again.reserve_photo_id(), account.reserve_photo_id());
    assert_eq!(again.oldest_with("same").unwrap().id, 8);
    assert_eq!(again.non_public, 1);
}

#[test]
fn a_set_goes_with_its_last_photo() {
    let mut account = Account::default();
    for change in [photo(7), set(1, &[7]), Change::PhotoGone(7)] {
        account.commit(change);
    }
    assert_eq!(account.sets().count(), 0);
    assert_eq!(account.sets_of(7).count(), 0);
}
