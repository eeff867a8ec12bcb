//! The photos before and after one photo.

use maud::{Markup, html};

use crate::sandbox::pages::stream::newest_first;
use crate::sandbox::pages::tiles::address;
use crate::sandbox::params::Params;
use crate::sandbox::state::account::Account;

/// Where the arrow keys lead to.
pub struct Neighbours {
    album: Option<(u64, String)>,
    previous: Option<u64>,
    next: Option<u64>,
}

impl Neighbours {
    /// The neighbours of a photo in the album that the query names, or else in the photostream.
    pub fn find(account: &Account, photo: u64, query: Option<String>) -> Neighbours {
        let params = Params::parse(&query.unwrap_or_default());
        let album = params
            .get("album")
            .and_then(|id| account.set(id.parse().ok()?));
        let album = album.filter(|set| set.photos.contains(&photo));
        let order: Vec<u64> = match album {
            Some(set) => set.photos.clone(),
            None => newest_first(account).iter().map(|photo| photo.id).collect(),
        };
        let place = order.iter().position(|&id| id == photo);
        let at = |place: Option<usize>| place.and_then(|place| order.get(place)).copied();
        Neighbours {
            album: album.map(|set| (set.id, set.title.clone())),
            previous: at(place.and_then(|place| place.checked_sub(1))),
            next: at(place.map(|place| place + 1)),
        }
    }

    /// The links.
    pub fn links(&self) -> Markup {
        let album = self.album.as_ref().map(|(id, _)| *id);
        let link = |photo: Option<u64>, rel: &str, name: &str| {
            html! {
                @match photo {
                    Some(photo) => a.button rel=(rel) href=(address(photo, album)) { (name) },
                    None => span {},
                }
            }
        };
        html! {
            nav.pager aria-label="Neighbours" data-live="neighbours" {
                (link(self.previous, "prev", "Previous"))
                @match &self.album {
                    Some((id, title)) => a href={ "/sets/" (id) } { (title) },
                    None => a href="/" { "Photostream" },
                }
                (link(self.next, "next", "Next"))
            }
        }
    }
}
