//! What a worker says first: from where, to whose account, and how.

use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::ops::work::Transfers;

use super::number;

/// The run that is about to begin.
pub struct Intro<'a> {
    /// The queue's location.
    pub queue: &'a str,
    /// How many photos wait there.
    pub waiting: u64,
    /// The account's name and id; both may be empty where Flickr was not asked.
    pub account: (&'a str, &'a str),
    /// The address in place of Flickr's own, where one is set.
    pub endpoint: Option<&'a str>,
    /// Who may see the photos.
    pub privacy: Privacy,
    /// How many are under way at once.
    pub transfers: Transfers,
    /// Calls an hour of the fleet; 0 for no limit.
    pub calls_per_hour: u32,
}

impl Intro<'_> {
    /// The clauses of the sentence, to be joined by commas.
    pub fn clauses(&self) -> Vec<String> {
        let photos = match self.waiting {
            1 => "1 photo waits".to_owned(),
            n => format!("{} photos wait", number(n)),
        };
        let account = match self.account {
            ("", id) => id.to_owned(),
            (name, id) => format!("{name} ({id})"),
        };
        let place = match self.endpoint {
            Some(address) => format!("at SANDBOX {address}"),
            None => "at flickr.com".to_owned(),
        };
        let transfers = match self.transfers {
            Transfers::Fixed(lanes) => format!("{} at once", number(lanes as u64)),
            Transfers::Auto => "as many at once as increase the speed".to_owned(),
        };
        let budget = match self.calls_per_hour {
            0 => "no limit of calls".to_owned(),
            n => format!("{} calls an hour", number(n.into())),
        };
        vec![
            format!("copying from {} ({photos})", self.queue),
            format!("to {account}"),
            place,
            seen_by(self.privacy).to_owned(),
            transfers,
            budget,
        ]
    }
}

/// Who may see the photos.
fn seen_by(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Private => "private",
        Privacy::Friends => "visible to friends",
        Privacy::Family => "visible to family",
        Privacy::FriendsFamily => "visible to friends and family",
        Privacy::Public => "PUBLIC",
    }
}
