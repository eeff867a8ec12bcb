//! What `merge-sets` has to do: one set of all sets of one title that belong to one folder.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Edit, Left, Plan, cover, union};
use crate::model::flickr::canonical::canonical;
use crate::model::flickr::library::{Library, Members, Set};
use crate::model::flickr::set_title;
use crate::model::flickr::set_title::{SetName, set_name};
use crate::model::flickr::tags::Origin;

/// The ids of the sets of each title that several sets share, oldest first: [`plan_merge`] must know their
/// members.
pub fn shared_titles(library: &Library) -> Vec<Vec<String>> {
    let shared = by_title(library).into_values();
    shared
        .filter(|sets| sets.len() > 1)
        .map(|sets| sets.iter().map(|set| set.id.clone()).collect())
        .collect()
}

fn by_title(library: &Library) -> BTreeMap<&str, Vec<&Set>> {
    let mut titles: BTreeMap<&str, Vec<&Set>> = BTreeMap::new();
    for set in &library.sets {
        titles.entry(&set.title).or_default().push(set);
    }
    for sets in titles.values_mut() {
        sets.sort_by_key(|set| set.age());
    }
    titles
}

/// Makes one set of all sets of one title: the oldest stays and gets the union. Sets of two folders whose
/// titles Flickr made equal stay apart. A title of which some set was not read, or not as a whole, is left
/// alone.
pub fn plan_merge(library: &Library) -> Plan {
    let origins = library.origins();
    let mut plan = Plan::default();
    for (title, sets) in by_title(library) {
        let read: Option<Vec<_>> = sets
            .iter()
            .map(|set| Some((*set, set.members.as_ref()?)))
            .collect();
        let Some(read) = read.filter(|read| read.len() > 1) else {
            continue;
        };
        if let Some((set, members)) = read.iter().find(|(_, members)| !members.whole) {
            plan.left.push(Left {
                title: title.to_owned(),
                why: format!(
                    "Flickr lists {} of the {} photos in one of its albums, so none was changed; run merge-sets again later",
                    members.ids.len(),
                    set.count.max(members.ids.len()),
                ),
            });
            continue;
        }
        merge_title(title, &read, &origins, &mut plan);
    }
    plan
}

type Read<'a> = (&'a Set, &'a Members);

fn merge_title(title: &str, sets: &[Read<'_>], origins: &HashMap<&str, &Origin>, plan: &mut Plan) {
    let mut folders: BTreeMap<Option<&str>, Vec<Read<'_>>> = BTreeMap::new();
    for (set, members) in sets {
        let folder = folder(title, &members.ids, origins);
        folders.entry(folder).or_default().push((set, members));
    }
    let named = folders.keys().flatten().count();
    if named > 1 {
        plan.kept_apart.push(title.to_owned());
        folders.remove(&None);
        for sets in folders.values().filter(|sets| sets.len() > 1) {
            plan.edits.push(merge(title, sets, origins));
        }
    } else {
        plan.edits.push(merge(title, sets, origins));
    }
}

/// The folder, of those that may have this title, that most of a set's photos are of.
fn folder<'a>(
    title: &str,
    members: &[String],
    origins: &HashMap<&str, &'a Origin>,
) -> Option<&'a str> {
    let plain = canonical(title);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut may = HashMap::new();
    for origin in members.iter().filter_map(|id| origins.get(id.as_str())) {
        let names = [SetName::Path, SetName::Leaf].map(|naming| set_name(&origin.key, naming));
        for name in names.into_iter().flatten() {
            let fits = *may.entry(name).or_insert_with(|| {
                set_title::requested(name) == plain || set_title::may_have_become(name, title)
            });
            if fits {
                *counts.entry(name).or_default() += 1;
            }
        }
    }
    let most = counts
        .into_iter()
        .max_by_key(|(name, n)| (*n, std::cmp::Reverse(*name)));
    most.map(|(name, _)| name)
}

fn merge(title: &str, sets: &[Read<'_>], origins: &HashMap<&str, &Origin>) -> Edit {
    let (oldest, kept) = sets[0];
    let mut seen: HashSet<&str> = kept.ids.iter().map(String::as_str).collect();
    let others = sets[1..].iter().flat_map(|(_, members)| &members.ids);
    let new: Vec<&str> = others
        .map(String::as_str)
        .filter(|id| seen.insert(id))
        .collect();
    Edit::Merge {
        keep: oldest.id.clone(),
        cover: cover(oldest, &kept.ids),
        title: title.to_owned(),
        photos: (!new.is_empty()).then(|| union(&kept.ids, &new, origins)),
        added: new.len(),
        delete: sets[1..].iter().map(|(set, _)| set.id.clone()).collect(),
    }
}
