//! The planner by examples, and by properties over whole accounts that are cut short and made again.

mod titles;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::Key;
use crate::model::flickr::canonical::canonical;
use crate::model::flickr::library::{Library, Members, Photo};
use crate::model::flickr::set_title::{SetName, set_title};

fn photo(id: usize, path: &str) -> Photo {
    Photo {
        id: id.to_string(),
        origin: Some(Origin {
            version: "e".into(),
            ..Origin::from_key(Key::new(path).unwrap())
        }),
        uploaded: id as i64,
    }
}

fn set(id: usize, title: &str, members: &[&str]) -> Set {
    Set {
        id: id.to_string(),
        title: title.into(),
        created: id as i64,
        cover: members[0].to_owned(),
        count: members.len(),
        members: Some(Members {
            ids: members.iter().map(|id| (*id).to_owned()).collect(),
            whole: true,
        }),
    }
}

/// The ids of a set's members.
fn ids(set: &Set) -> &[String] {
    &set.members.as_ref().unwrap().ids
}

fn rules() -> Rules {
    Rules::default()
}

/// What a Flickr makes of the titles that sets are given.
const KEEPERS: [fn(&str) -> String; 4] = [
    str::to_owned,
    |title| canonical(title).chars().take(255).collect(),
    |title| title.replace('&', "&amp;"),
    // What nobody foresees.
    |title| title.chars().filter(char::is_ascii_lowercase).collect(),
];

/// An account that does what Flickr does with an edit.
#[derive(Debug, Clone, Default)]
struct Account {
    photos: Vec<Photo>,
    sets: Vec<Set>,
    next_set: usize,
    /// Which of [`KEEPERS`] it has.
    keeper: usize,
}

impl Account {
    /// What `assign-sets` would read of it: members only of the sets that the planner asks for.
    fn read_for_assign(&self) -> Library {
        let mut library = Library {
            photos: self.photos.clone(),
            sets: self
                .sets
                .iter()
                .map(|set| Set {
                    members: None,
                    ..set.clone()
                })
                .collect(),
            not_in_set: None,
        };
        if Assignment::of(&library, rules()).needs_not_in_set() {
            let held: BTreeSet<&String> = self.sets.iter().flat_map(ids).collect();
            let not_in_set = self.photos.iter().filter(|photo| !held.contains(&photo.id));
            library.not_in_set = Some(not_in_set.map(|photo| photo.id.clone()).collect());
        }
        loop {
            let unclear = Assignment::of(&library, rules()).unclear().to_vec();
            if unclear.is_empty() {
                break;
            }
            self.read(&mut library, &unclear);
        }
        let steps = Assignment::of(&library, rules()).steps();
        let looks = steps.into_iter().filter_map(|step| match step {
            Step::Look(set, _) => Some(set.id.clone()),
            Step::Create(_) => None,
        });
        let looks: Vec<String> = looks.collect();
        self.read(&mut library, &looks);
        library
    }

    fn read(&self, library: &mut Library, wanted: &[String]) {
        for (set, whole) in library.sets.iter_mut().zip(&self.sets) {
            if wanted.contains(&set.id) {
                set.members = whole.members.clone();
            }
        }
    }

    fn apply(&mut self, edit: &Edit, cut_after_create: bool) {
        match edit {
            Edit::Create { title, photos } => {
                self.next_set += 1;
                let held = if cut_after_create {
                    &photos[..1]
                } else {
                    &photos[..]
                };
                let held: Vec<&str> = held.iter().map(String::as_str).collect();
                let title = KEEPERS[self.keeper](title);
                let new = set(1000 + self.next_set, &title, &held);
                self.sets.insert(0, new);
            }
            Edit::Extend { set, photos, .. } => self.replace(set, photos),
            Edit::Append { set, photos, .. } => {
                let old = self.sets.iter().find(|old| old.id == *set).unwrap();
                let all = [ids(old), photos].concat();
                self.replace(set, &all);
            }
            Edit::Merge {
                keep,
                photos,
                delete,
                ..
            } => {
                if let Some(photos) = photos {
                    self.replace(keep, photos);
                }
                if !cut_after_create {
                    self.sets.retain(|set| !delete.contains(&set.id));
                }
            }
        }
    }

    fn replace(&mut self, id: &str, photos: &[String]) {
        let set = self.sets.iter_mut().find(|set| set.id == id).unwrap();
        set.count = photos.len();
        set.members = Some(Members {
            ids: photos.to_vec(),
            whole: true,
        });
    }

    fn assign(&mut self) -> Plan {
        let plan = plan_assign(&self.read_for_assign(), rules());
        plan.edits.iter().for_each(|edit| self.apply(edit, false));
        plan
    }

    fn merge(&mut self) -> Plan {
        let plan = plan_merge(&Library {
            photos: self.photos.clone(),
            sets: self.sets.clone(),
            not_in_set: None,
        });
        plan.edits.iter().for_each(|edit| self.apply(edit, false));
        plan
    }

    /// Title -> ids, over all sets of the title.
    fn membership(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for set in &self.sets {
            map.entry(set.title.clone())
                .or_default()
                .extend(ids(set).iter().cloned());
        }
        map
    }
}

#[test]
fn a_new_account_gets_one_set_a_folder_in_the_order_of_the_keys() {
    let mut account = Account {
        photos: vec![
            photo(1, "b/2.jpg"),
            photo(2, "a/x.jpg"),
            photo(3, "b/1.jpg"),
            photo(4, "root.jpg"),
        ],
        ..Account::default()
    };
    let plan = account.assign();
    let create = |title: &str, ids: &[&str]| Edit::Create {
        title: title.into(),
        photos: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    assert_eq!(plan.edits, [create("a", &["2"]), create("b", &["3", "1"])]);
    assert_eq!(plan.calls(), 3);
    assert!(account.assign().is_empty(), "a second run plans nothing");
}

#[test]
fn a_second_run_reads_no_set() {
    let mut account = Account {
        photos: vec![photo(1, "a/1.jpg"), photo(2, "b/1.jpg")],
        ..Account::default()
    };
    account.assign();
    let library = account.read_for_assign();
    assert!(library.sets.iter().all(|set| set.members.is_none()));
}

#[test]
fn what_a_hand_put_into_a_set_stays_there_in_its_order() {
    let mut account = Account {
        photos: vec![
            photo(1, "a/1.jpg"),
            photo(2, "a/2.jpg"),
            photo(3, "a/3.jpg"),
        ],
        sets: vec![set(7, "a", &["99", "3"])],
        ..Account::default()
    };
    let plan = account.assign();
    assert_eq!(ids(&account.sets[0]), ["99", "3", "1", "2"]);
    assert!(matches!(&plan.edits[..], [Edit::Extend { added: 2, .. }]));
}

#[test]
fn a_photo_that_came_later_finds_its_place() {
    let mut account = Account {
        photos: vec![photo(1, "a/1.jpg"), photo(3, "a/3.jpg")],
        ..Account::default()
    };
    account.assign();
    account.photos.push(photo(2, "a/2.jpg"));
    account.assign();
    assert_eq!(ids(&account.sets[0]), ["1", "2", "3"]);
}

#[test]
fn three_sets_of_one_name_become_the_oldest_and_nobody_is_lost() {
    let mut account = Account {
        photos: vec![
            photo(1, "a/1.jpg"),
            photo(2, "a/2.jpg"),
            photo(3, "a/3.jpg"),
        ],
        sets: vec![
            set(9, "a", &["3", "1"]),
            set(7, "a", &["2"]),
            set(8, "a", &["99"]),
            set(6, "other", &["1"]),
        ],
        ..Account::default()
    };
    let plan = account.merge();
    assert_eq!(account.sets.len(), 2);
    let kept = account.sets.iter().find(|set| set.title == "a").unwrap();
    assert_eq!(kept.id, "7");
    assert_eq!(ids(kept), ["2", "99", "3", "1"]);
    assert!(matches!(&plan.edits[..], [Edit::Merge { added: 3, .. }]));
    assert!(account.merge().is_empty());
}

#[test]
fn the_dry_run_is_a_table() {
    let plan = Plan {
        edits: vec![
            Edit::Create {
                title: "2013/Cats".into(),
                photos: vec!["1".into()],
            },
            Edit::Merge {
                keep: "1".into(),
                cover: "1".into(),
                title: "Oslo".into(),
                photos: None,
                added: 0,
                delete: vec!["2".into()],
            },
        ],
        order_calls: 2,
        ..Plan::default()
    };
    insta::assert_snapshot!(plan.lines().join("\n"), @r"
    action    photos     new  album
    create         1       1  2013/Cats
    merge       same       0  Oslo  (deletes 1 more of this title)
    order                     the albums by their names
    3 changes, 4 calls to Flickr
    ");
}

/// Photos in a few folders, some of them copies, and sets that a hand or a race made.
fn accounts() -> impl Strategy<Value = Account> {
    let photos = prop::collection::vec((0..4_u8, 0..6_u8), 0..24);
    let sets = prop::collection::vec(
        (0..4_u8, prop::collection::btree_set(0..30_usize, 1..8)),
        0..6,
    );
    (photos, sets).prop_map(|(photos, sets)| Account {
        photos: photos
            .iter()
            .enumerate()
            .map(|(n, (folder, name))| {
                photo(
                    n,
                    &format!("{}{name}.jpg", ["", "a/", "b/", "b/c/"][*folder as usize]),
                )
            })
            .collect(),
        sets: sets
            .into_iter()
            .enumerate()
            .map(|(n, (title, ids))| {
                let ids: Vec<String> = ids.iter().map(usize::to_string).collect();
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                set(100 + n, ["a", "b", "b/c", "mine"][title as usize], &ids)
            })
            .collect(),
        ..Account::default()
    })
}

/// Every file of ours that is in a folder has a copy in a set of that folder's name,
/// but for one that a hand moved into another set.
fn every_file_is_in_its_set_or_was_moved(account: &Account) -> bool {
    let membership = account.membership();
    let anywhere: BTreeSet<&String> = membership.values().flatten().collect();
    account.photos.iter().all(|photo| {
        let origin = photo.origin.as_ref().unwrap();
        let Some(title) = set_title(&origin.key, SetName::Path) else {
            return true;
        };
        let copies = account
            .photos
            .iter()
            .filter(|other| other.origin == photo.origin);
        let mut copies = copies.map(|copy| &copy.id);
        copies.any(|id| {
            membership.get(&title).is_some_and(|ids| ids.contains(id)) || anywhere.contains(id)
        })
    })
}

proptest! {
    #[test]
    fn assigning_loses_nobody_and_a_second_time_plans_nothing(mut account in accounts()) {
        let before = account.membership();
        let first = account.assign();
        let after = account.membership();
        for (title, ids) in &before {
            prop_assert!(ids.is_subset(&after[title]), "{title} lost someone");
        }
        prop_assert!(every_file_is_in_its_set_or_was_moved(&account));
        let second = account.assign();
        prop_assert!(second.is_empty(), "{second:?} after {first:?}");
    }

    #[test]
    fn a_plan_cut_short_anywhere_and_made_again_ends_in_the_same_place(
        account in accounts(), cut in 0..8_usize, in_create: bool,
    ) {
        let (mut whole, mut pieces) = (account.clone(), account);
        whole.assign();
        let plan = plan_assign(&pieces.read_for_assign(), rules());
        for (n, edit) in plan.edits.iter().take(cut).enumerate() {
            pieces.apply(edit, in_create && n + 1 == cut);
        }
        pieces.assign();
        prop_assert_eq!(whole.membership(), pieces.membership());
    }

    #[test]
    fn merging_keeps_every_member_under_its_title(mut account in accounts(), cut: bool) {
        let before = account.membership();
        if cut {
            let library = Library { photos: account.photos.clone(), sets: account.sets.clone(), not_in_set: None };
            if let Some(edit) = plan_merge(&library).edits.first() {
                account.apply(edit, true);
            }
        }
        account.merge();
        prop_assert_eq!(&before, &account.membership());
        let titles: BTreeSet<&String> = account.sets.iter().map(|set| &set.title).collect();
        prop_assert_eq!(titles.len(), account.sets.len());
        prop_assert!(account.merge().is_empty());
    }
}
