//! How far a listing is.

use std::time::Instant;

use parking_lot::Mutex;
use s3flickr::monitor::{Event, Monitor};

use super::units::{self, bytes, number};
use super::{Measure, Progress, Rate};
use crate::console::Console;

/// Passes on what a listing says, and knows how far it is.
pub struct ListingProgress {
    console: Console,
    seen: Mutex<Seen>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    files: u64,
    jobs: u64,
    bytes: u64,
    rate: Rate,
}

impl ListingProgress {
    /// Nothing is listed yet.
    pub fn new(console: &Console) -> ListingProgress {
        ListingProgress {
            console: console.clone(),
            seen: Mutex::default(),
        }
    }
}

impl Measure for ListingProgress {
    fn progress(&self) -> Option<Progress> {
        let mut seen = self.seen.lock();
        let files = seen.files;
        seen.rate.note(Instant::now(), files);
        if files == 0 {
            return None;
        }
        let mut parts = vec![
            format!("{} photos queued", number(seen.jobs)),
            bytes(seen.bytes),
        ];
        let rate = seen.rate.per_second();
        parts.extend(rate.map(|rate| units::per_second(rate, "files")));
        Some(Progress {
            count: format!("{} files listed", number(files)),
            parts,
            ..Progress::default()
        })
    }
}

impl Monitor for ListingProgress {
    fn event(&self, event: Event) {
        match &event {
            Event::Listed { files } => self.seen.lock().files += *files as u64,
            Event::Queued { jobs, bytes } => {
                let mut seen = self.seen.lock();
                seen.jobs += *jobs as u64;
                seen.bytes += bytes;
            }
            _ => {}
        }
        self.console.event(event);
    }
}
