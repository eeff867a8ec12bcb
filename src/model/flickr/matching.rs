//! [`Matching`]: which set belongs to which album, whatever became of the set's title.
//!
//! A title proves it where it is, in its canonical form, the one that we ask for. Else the photos do: the cover,
//! which the list of sets tells for nothing, or the members, which are read only where it matters.

use std::collections::{HashMap, HashSet};

use super::albums::{Album, Albums};
use super::canonical::{canonical, skeleton};
use super::library::{Library, Members, Set};
use super::set_title;

/// Which set belongs to which album.
#[derive(Debug, Default)]
pub struct Matching<'a> {
    /// The sets of each album, in the order of the albums: the one to use first.
    pub sets: Vec<Vec<&'a Set>>,
    /// The ids of sets of which the members must be read to tell whose they are.
    pub unclear: Vec<String>,
}

impl<'a> Matching<'a> {
    /// Finds the sets of all albums, as far as what was read tells.
    pub fn of(library: &'a Library, albums: &Albums<'a>) -> Matching<'a> {
        let mut matching = Matching {
            sets: vec![Vec::new(); albums.albums.len()],
            unclear: Vec::new(),
        };
        let titles = Titles::of(albums);
        let mut sets: Vec<&Set> = library.sets.iter().collect();
        sets.sort_by_key(|set| set.age());
        let mut unmatched = Vec::new();
        for set in sets {
            match titles.owner(set, albums) {
                Owner::Album(place) => matching.sets[place].push(set),
                Owner::Nobody => unmatched.push(set),
                Owner::Unclear => matching.unclear.push(set.id.clone()),
            }
        }
        for (sets, album) in matching.sets.iter_mut().zip(&albums.albums) {
            // The title that we ask for comes before one that merely may be it.
            let title = canonical(&album.title);
            sets.sort_by_key(|set| canonical(&set.title) != title);
        }
        if matching.unclear.is_empty() {
            matching.adopt(&unmatched, library, albums);
        }
        matching
    }

    /// Finds the sets that a hand renamed, or Flickr in a way that nobody knows of, for albums without a set.
    fn adopt(&mut self, unmatched: &[&'a Set], library: &Library, albums: &Albums<'a>) {
        if unmatched.is_empty() {
            return;
        }
        let in_sets = in_sets(library, albums);
        let setless: Vec<SetlessAlbum<'_>> = albums
            .albums
            .iter()
            .enumerate()
            .filter(|(place, _)| self.sets[*place].is_empty())
            .map(|(place, album)| SetlessAlbum::of(place, album, &in_sets))
            .filter(|album| album.placed > 0)
            .collect();
        let mut found: Vec<(usize, usize, &'a Set)> = Vec::new();
        for &set in unmatched {
            match claim(set, &setless, albums) {
                Claim::By(place, inside) => found.push((place, inside, set)),
                Claim::Unread => self.unclear.push(set.id.clone()),
                Claim::Nobody => {}
            }
        }
        // The one with most of the album's photos, then the oldest.
        found.sort_by_key(|(_, inside, _)| std::cmp::Reverse(*inside));
        for (place, _, set) in found {
            self.sets[place].push(set);
        }
    }
}

/// Which album's a set is whose title is no album's.
enum Claim {
    /// The album at this place, of which so many photos are in the set.
    By(usize, usize),
    /// Its members must be read to tell.
    Unread,
    Nobody,
}

fn claim(set: &Set, setless: &[SetlessAlbum<'_>], albums: &Albums<'_>) -> Claim {
    if let Some(members) = &set.members {
        let inside = inside(&members.ids, albums);
        let owners = setless.iter().filter_map(|album| {
            let ids = inside.get(&album.place)?;
            album
                .owns(set, members, ids, albums)
                .then_some((album.place, ids.len()))
        });
        return match owners.max_by_key(|owner| owner.1) {
            Some((place, inside)) => Claim::By(place, inside),
            None => Claim::Nobody,
        };
    }
    let cover = albums.of_photo(&set.cover);
    let by_cover = setless.iter().find(|album| Some(album.place) == cover);
    match by_cover.filter(|album| album.is_all_of(set)) {
        Some(album) => Claim::By(album.place, set.count),
        None if setless.iter().any(|album| album.may_own(set)) => Claim::Unread,
        None => Claim::Nobody,
    }
}

/// Whether it matters which photos are in no set: some album has no set of its title, and some set is of no
/// album's title.
pub(super) fn needs_not_in_set(matching: &Matching<'_>, library: &Library) -> bool {
    let claimed = matching.sets.iter().map(Vec::len).sum::<usize>();
    matching.sets.iter().any(Vec::is_empty) && claimed < library.sets.len()
}

/// The photos of ours of which a copy is in some set, as far as is known.
fn in_sets<'b>(library: &'b Library, albums: &'b Albums<'_>) -> HashSet<&'b str> {
    let not_in_set = library.not_in_set.as_ref();
    let placed = library
        .photos
        .iter()
        .map(|photo| photo.id.as_str())
        .filter(|id| !not_in_set.is_some_and(|not_in_set| not_in_set.contains(*id)));
    placed.map(|id| albums.kept(id)).collect()
}

/// The photos of each album among these.
fn inside<'b>(ids: &'b [String], albums: &Albums<'_>) -> HashMap<usize, Vec<&'b str>> {
    let mut inside: HashMap<usize, Vec<&str>> = HashMap::new();
    for id in ids {
        if let Some(place) = albums.of_photo(id) {
            inside.entry(place).or_default().push(id);
        }
    }
    inside
}

enum Owner {
    Album(usize),
    Nobody,
    Unclear,
}

/// The albums by the titles that their sets may have.
struct Titles<'a> {
    asked: HashMap<&'a str, usize>,
    /// Albums whose titles others may have too, or had, by the skeletons of their names.
    odd: HashMap<String, Vec<usize>>,
    /// Those of them that are long enough to be cut.
    long: Vec<usize>,
}

impl<'a> Titles<'a> {
    fn of(albums: &'a Albums<'_>) -> Titles<'a> {
        let mut titles = Titles {
            asked: HashMap::new(),
            odd: HashMap::new(),
            long: Vec::new(),
        };
        for (place, album) in albums.albums.iter().enumerate() {
            titles.asked.insert(&album.title, place);
            if set_title::is_unique(album.name) {
                continue;
            }
            let skeleton = skeleton(album.name);
            if skeleton.len() >= set_title::MAY_BE_CUT {
                titles.long.push(place);
            }
            titles.odd.entry(skeleton).or_default().push(place);
        }
        titles
    }

    /// Whose set this is by its title, and where several albums may have that title, by its photos.
    fn owner(&self, set: &Set, albums: &Albums<'_>) -> Owner {
        let asked = self.asked.get(canonical(&set.title).as_str()).copied();
        let mut others: Vec<usize> = match self.odd.get(&skeleton(&set.title)) {
            Some(places) => places.clone(),
            None => Vec::new(),
        };
        let cut =
            |place: &&usize| set_title::may_have_become(albums.albums[**place].name, &set.title);
        if set.title.len() >= set_title::MAY_BE_CUT {
            others.extend(self.long.iter().filter(cut));
        }
        if others.is_empty() {
            return asked.map_or(Owner::Nobody, Owner::Album);
        }
        let may = |place: &usize| Some(*place) == asked || others.contains(place);
        if let Some(place) = albums.of_photo(&set.cover).filter(may) {
            return Owner::Album(place);
        }
        let Some(members) = &set.members else {
            return Owner::Unclear;
        };
        let inside = inside(&members.ids, albums);
        let mut owners: Vec<_> = inside.iter().filter(|(place, _)| may(place)).collect();
        owners.sort_by_key(|(place, ids)| (std::cmp::Reverse(ids.len()), **place));
        let owner = owners.first().map(|(place, _)| **place).or(asked);
        owner.map_or(Owner::Nobody, Owner::Album)
    }
}

/// An album without a set of its title.
struct SetlessAlbum<'a> {
    place: usize,
    /// How many photos it has.
    photos: usize,
    /// How many of them are in some set.
    placed: usize,
    /// When its photos were uploaded, in order.
    uploaded: Vec<i64>,
    when: HashMap<&'a str, i64>,
}

impl<'a> SetlessAlbum<'a> {
    fn of(place: usize, album: &Album<'a>, in_sets: &HashSet<&str>) -> SetlessAlbum<'a> {
        let mut uploaded: Vec<i64> = album.photos.iter().map(|photo| photo.uploaded).collect();
        uploaded.sort_unstable();
        let ids = album.photos.iter().map(|photo| photo.id.as_str());
        let placed = ids.filter(|id| in_sets.contains(id)).count();
        let photos = album.photos.len();
        SetlessAlbum {
            place,
            photos,
            placed,
            uploaded,
            when: album
                .photos
                .iter()
                .map(|photo| (photo.id.as_str(), photo.uploaded))
                .collect(),
        }
    }

    /// How many photos it had when the set was made. Our sets held all of those when they were new, which
    /// tells them from what a hand picked.
    fn had(&self, set: &Set) -> usize {
        if set.created == 0 {
            return self.photos;
        }
        self.uploaded
            .partition_point(|uploaded| *uploaded <= set.created)
    }

    /// Whether the set holds at least half of what the album had when the set was made.
    fn has_most(&self, set: &Set, ids: &[&str]) -> bool {
        let is_old = |id: &&&str| {
            let uploaded = self.when.get(**id);
            uploaded.is_some_and(|uploaded| set.created == 0 || *uploaded <= set.created)
        };
        let old: HashSet<&&str> = ids.iter().filter(is_old).collect();
        !old.is_empty() && old.len() * 2 >= self.had(set)
    }

    /// Whether the set, whose cover is one of the album's photos, holds all of them and nothing else, as far
    /// as counts tell.
    fn is_all_of(&self, set: &Set) -> bool {
        set.count == self.photos && self.placed == self.photos && self.had(set) > 0
    }

    /// Whether the set with these members, `ids` of the album's own among them, is the album's.
    fn owns(&self, set: &Set, members: &Members, ids: &[&str], albums: &Albums<'_>) -> bool {
        // What another album had read must not decide: the next run may not read it.
        let kept: HashSet<&str> = ids.iter().map(|id| albums.kept(id)).collect();
        let filled = members.ids.len() + self.photos - kept.len();
        self.may_own(set)
            // It must still be the album's once it holds all of that.
            && filled <= self.photos * 2
            && ids.len() * 2 >= members.ids.len()
            && self.has_most(set, ids)
    }

    /// Whether the members could show that the set is the album's.
    fn may_own(&self, set: &Set) -> bool {
        let had = self.had(set);
        had > 0 && set.count <= self.placed * 2 && set.count * 2 >= had
    }
}
