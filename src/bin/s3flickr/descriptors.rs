//! What this machine lets a process have: open files and connections, how many lanes those are
//! enough for, and room on the disk.

use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a lane has open at its busiest: the source's file or connection, Flickr's two (uploads
/// and calls), and the queue's two (waiting for a message and renewing a hold).
const OF_A_LANE: u64 = 5;
/// What the rest of the process has open: streams, the runtime's own, a database and its log.
const OF_THE_REST: u64 = 40;
/// What macOS allows where it says that there is no limit.
const USUAL_MOST: u64 = 10_240;

/// Raises the soft limit to the hard one, as every user may: the usual 256 or 1,024 is from a time
/// of other programs. That it cannot be raised is no error; [`lanes_that_fit`] counts with it.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = |current| Rlimit {
        current,
        maximum: limit.maximum,
    };
    if limit.current.is_some()
        && limit.current != limit.maximum
        && setrlimit(Resource::Nofile, raised(limit.maximum)).is_err()
        && limit.current < Some(USUAL_MOST)
    {
        let _ = setrlimit(Resource::Nofile, raised(Some(USUAL_MOST)));
    }
}

/// How many lanes may work at once, one at least; and how many files may be open, if that is
/// limited.
pub fn lanes_that_fit() -> (usize, Option<u64>) {
    let limit = getrlimit(Resource::Nofile).current;
    let lanes = limit.map_or(u64::MAX, lanes_within);
    (usize::try_from(lanes).unwrap_or(usize::MAX), limit)
}

/// How many bytes are free to this user on the disk of a folder, or of the first one above it that is
/// there; `None` where the system does not tell.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let found = folder.ancestors().find_map(|folder| statvfs(folder).ok())?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn lanes_within(files: u64) -> u64 {
    (files.saturating_sub(OF_THE_REST) / OF_A_LANE).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_shared_out_among_the_lanes() {
        for (files, lanes) in [(0, 1), (64, 4), (256, 43), (1_024, 196), (4_096, 811)] {
            assert_eq!(lanes_within(files), lanes, "{files}");
        }
    }
}
