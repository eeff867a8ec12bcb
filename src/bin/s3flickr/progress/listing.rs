//! How far a listing is.

use std::sync::Mutex;
use std::time::Instant;

use s3flickr::monitor::{Event, Monitor};

use crate::console::{Console, progress_interval};

/// Shows how far a listing is.
pub struct ListingProgress {
    console: Console,
    seen: Mutex<(u64, u64, Instant)>,
}

impl ListingProgress {
    /// Nothing is listed yet.
    pub fn new(console: &Console) -> ListingProgress {
        ListingProgress {
            console: console.clone(),
            seen: Mutex::new((0, 0, Instant::now())),
        }
    }
}

impl Monitor for ListingProgress {
    fn event(&self, event: Event) {
        if let Ok(mut seen) = self.seen.lock() {
            match &event {
                Event::Listed { files } => seen.0 += *files as u64,
                Event::Queued { jobs, .. } => seen.1 += *jobs as u64,
                _ => {}
            }
            if seen.2.elapsed() >= progress_interval(&self.console) {
                seen.2 = Instant::now();
                let text = format!("{} files listed, {} queued", seen.0, seen.1);
                self.console.progress(seen.1, None, &text);
            }
        }
        self.console.event(event);
    }
}
