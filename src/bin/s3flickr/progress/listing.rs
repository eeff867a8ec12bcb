//! How far a listing is.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use s3flickr::monitor::{Event, Monitor};

use super::units::{self, bytes, number, span};
use super::{Measure, Progress, Rate};
use crate::console::Console;

/// Passes on what a listing says, and knows how far it is.
pub struct ListingProgress {
    console: Console,
    seen: Mutex<Seen>,
}

/// A page that takes longer is said to be waited for.
const LONG: Duration = Duration::from_secs(5);

/// What was seen so far.
struct Seen {
    /// When the last page came.
    last: Instant,
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
            seen: Mutex::new(Seen {
                last: Instant::now(),
                files: 0,
                jobs: 0,
                bytes: 0,
                rate: Rate::default(),
            }),
        }
    }
}

impl Measure for ListingProgress {
    fn progress(&self) -> Option<Progress> {
        let mut seen = self.seen.lock();
        let files = seen.files;
        seen.rate.note(Instant::now(), files);
        let silence = seen.last.elapsed();
        let waiting =
            (silence >= LONG).then(|| format!("waiting for the next page for {}", span(silence)));
        if files == 0 && waiting.is_none() {
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
            waiting,
            parts,
            ..Progress::default()
        })
    }
}

impl Monitor for ListingProgress {
    fn event(&self, event: Event) {
        match &event {
            Event::Listed { files } => {
                let mut seen = self.seen.lock();
                seen.files += *files as u64;
                seen.last = Instant::now();
            }
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
