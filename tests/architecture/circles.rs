//! No file imports in a circle.
//!
//! An arrow runs from a file to the file that *defines* what it names: a name that another file
//! only hands on (`pub use`) is followed to where it comes from. Two things are no arrows:
//! 1. A folder's `mod.rs` hands on what is below it. That uses nothing.
//! 2. What a file takes from the `mod.rs` above it. That is the folder's own face: a trait or a
//!    type there belongs to everything below, as an item belongs to all functions of one file.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, module_of, sources};
use crate::{keeps, root};

/// How many names one path may be handed on through.
const LONGEST_CHAIN: usize = 8;

/// From a file to the files that it takes something from.
type Arrows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Which file each module is, and which names it has from elsewhere.
struct Modules<'a> {
    files: BTreeMap<Vec<String>, &'a str>,
    imported: BTreeMap<&'a str, BTreeMap<String, Vec<String>>>,
}

impl<'a> Modules<'a> {
    fn of(sources: &'a [Source]) -> Modules<'a> {
        let files = sources
            .iter()
            .map(|source| (module_of(&source.path), source.path.as_str()))
            .collect();
        let mut modules = Modules {
            files,
            imported: BTreeMap::new(),
        };
        for source in sources {
            let mut names = BTreeMap::new();
            for import in source.imports() {
                let parts = modules.absolute(source, &import.parts);
                names.insert(import.name, parts);
            }
            modules.imported.insert(&source.path, names);
        }
        modules
    }

    /// A path from the crate's root, without `crate`; `None` where it leads out of the crate.
    fn path(&self, source: &Source, parts: &[String]) -> Option<Vec<String>> {
        let absolute = self.absolute(source, parts);
        let inside = absolute.first().is_some_and(|first| first == "crate");
        inside.then(|| absolute[1..].to_vec())
    }

    /// A path that begins with a module below this one, or with a name that was imported, from
    /// `crate` on.
    fn absolute(&self, source: &Source, parts: &[String]) -> Vec<String> {
        let crate_root = || vec!["crate".to_owned()];
        if parts[0] == "crate" {
            return parts.to_vec();
        }
        let mut child = module_of(&source.path);
        child.push(parts[0].clone());
        if self.files.contains_key(&child) {
            return [crate_root(), child, parts[1..].to_vec()].concat();
        }
        let names = self.imported.get(source.path.as_str());
        match names.and_then(|names| names.get(&parts[0])) {
            Some(whole) => [whole, &parts[1..]].concat(),
            None => parts.to_vec(),
        }
    }

    /// The file that defines what this path names.
    fn definer(&self, path: &[String]) -> Option<&'a str> {
        let mut path = path.to_vec();
        for _ in 0..LONGEST_CHAIN {
            let depth = (0..=path.len())
                .rev()
                .find(|depth| self.files.contains_key(&path[..*depth]))?;
            let file = self.files[&path[..depth]];
            let handed_on = path
                .get(depth)
                .and_then(|name| self.imported[file].get(name));
            match handed_on {
                Some(whole) if whole[0] == "crate" => {
                    path = [&whole[1..], &path[depth + 1..]].concat();
                }
                _ => return Some(file),
            }
        }
        None
    }
}

/// Whether `above` is the module of a folder that `file` is in.
fn is_face_of(above: &str, file: &str) -> bool {
    let (above, file) = (module_of(above), module_of(file));
    above.len() < file.len() && file.starts_with(&above)
}

fn arrows<'a>(sources: &'a [Source]) -> Arrows<'a> {
    let modules = Modules::of(sources);
    let mut arrows = Arrows::new();
    for source in sources {
        let used: Vec<Vec<String>> = source.mentions().into_iter().map(|m| m.parts).collect();
        let handed_on: Vec<Vec<String>> = source
            .imports()
            .into_iter()
            .filter(|import| import.is_public)
            .map(|import| import.parts)
            .collect();
        let own = source.path.as_str();
        for parts in used.iter().filter(|parts| !handed_on.contains(parts)) {
            let path = modules.path(source, parts);
            let Some(to) = path.and_then(|path| modules.definer(&path)) else {
                continue;
            };
            if to != own && !is_face_of(to, own) {
                arrows.entry(own).or_default().insert(to);
            }
        }
    }
    arrows
}

/// All that can be reached from here by one arrow or more.
fn reach<'a>(arrows: &Arrows<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(file) = open.pop() {
        for next in arrows.get(file).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

/// Each circle, with its arrows.
fn circles(arrows: &Arrows) -> Vec<String> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|file| (*file, reach(arrows, file)))
        .collect();
    let is_mutual = |a: &str, b: &str| {
        let leads = |from: &str, to: &str| reached.get(from).is_some_and(|all| all.contains(to));
        leads(a, b) && leads(b, a)
    };
    let mut found = Vec::new();
    for (from, all) in arrows {
        for to in all.iter().filter(|to| is_mutual(from, to)) {
            found.push(format!("{from} -> {to}"));
        }
    }
    found
}

/// The same arrows between the rooms: the files and folders directly in `src/`.
fn between_rooms<'a>(arrows: &Arrows<'a>) -> Arrows<'a> {
    let room = |path: &'a str| {
        let inside = path.find('/').map_or(0, |at| at + 1);
        let end = path[inside..].find(['/', '.']);
        &path[..end.map_or(path.len(), |end| inside + end)]
    };
    let mut rooms = Arrows::new();
    for (from, all) in arrows {
        for to in all.iter().filter(|to| room(from) != room(to)) {
            rooms.entry(room(from)).or_default().insert(room(to));
        }
    }
    rooms
}

#[test]
fn no_file_imports_in_a_circle() {
    let sources = sources(root(), "src");
    keeps("no circle of imports", circles(&arrows(&sources)));
}

#[test]
fn no_room_imports_in_a_circle() {
    let sources = sources(root(), "src");
    let rooms = between_rooms(&arrows(&sources));
    keeps("no circle among the folders of src/", circles(&rooms));
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    circles(&arrows(&sources))
}

#[test]
fn a_circle_is_noticed() {
    let circle = [
        ("src/ops/a.rs", "use super::b::X;"),
        ("src/ops/b.rs", "fn f() { crate::ops::c::g() }"),
        ("src/ops/c.rs", "use crate::ops::a;"),
        ("src/ops/d.rs", "use super::a;"),
    ];
    assert_eq!(found(&circle).len(), 3);
    assert_eq!(found(&circle[..2]), [""; 0]);
}

#[test]
fn a_circle_by_way_of_a_name_that_is_handed_on_is_noticed() {
    let circle = [
        ("src/ops/mod.rs", "mod a;\nmod b;\npub use a::X as Y;"),
        ("src/ops/a.rs", "use super::b;"),
        ("src/ops/b.rs", "use crate::ops::Y;"),
    ];
    let expected = [
        "src/ops/a.rs -> src/ops/b.rs",
        "src/ops/b.rs -> src/ops/a.rs",
    ];
    assert_eq!(found(&circle), expected);
}

#[test]
fn the_face_of_a_folder_belongs_to_what_is_below_it() {
    let folder = [
        (
            "src/queue/mod.rs",
            "mod a;\npub struct T;\nfn f() { a::g() }",
        ),
        ("src/queue/a.rs", "use super::T;"),
    ];
    assert_eq!(found(&folder), [""; 0]);
    // For a file of another folder it is one like all others.
    let circle = [
        folder[0],
        ("src/queue/a.rs", "use crate::store::S;"),
        ("src/store/mod.rs", "use crate::queue::T;\npub struct S;"),
    ];
    assert_eq!(found(&circle).len(), 3);
}

#[test]
fn a_circle_in_the_command_line_is_noticed() {
    let circle = [
        ("src/bin/s3flickr/a.rs", "use crate::b::X;"),
        (
            "src/bin/s3flickr/b.rs",
            "use crate::a;\nuse s3flickr::a::Y;",
        ),
        ("src/a.rs", "pub struct Y;"),
    ];
    assert_eq!(found(&circle).len(), 2);
}

#[test]
fn a_circle_among_folders_is_noticed_where_no_file_is_in_one() {
    let files = [
        ("src/queue/a.rs", "use crate::store::b;"),
        ("src/store/c.rs", "use crate::queue::d;"),
        ("src/store/b.rs", ""),
        ("src/queue/d.rs", ""),
    ];
    assert_eq!(found(&files), [""; 0]);
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    assert_eq!(circles(&between_rooms(&arrows(&sources))).len(), 2);
}
