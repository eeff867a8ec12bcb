//! This machine: room on its disk, and how many files it may open.

use super::Check;

const DISK: &str = "disk";
const FILES: &str = "open files";

/// A queue of a million photos takes 400 MB, and SQLite as much again while it works.
const ROOM_BYTES: u64 = 1 << 30;
/// `work` copies this many photos at once, unless told otherwise.
const USUAL_LANES: usize = 16;

/// What was found of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The folder that queues and budgets are kept in.
    pub folder: String,
    /// How many bytes are free there; `None` where the system does not tell.
    pub free_bytes: Option<u64>,
    /// How many files a process may open; `None` for no limit.
    pub open_files: Option<u64>,
    /// How many photos can be under way at once with those.
    pub lanes: usize,
}

/// Judges what was found.
pub fn machine(machine: &Machine) -> Vec<Check> {
    vec![disk(machine), open_files(machine)]
}

fn disk(machine: &Machine) -> Check {
    let folder = &machine.folder;
    match machine.free_bytes {
        None => Check::good(DISK, format!("how much is free in {folder} is not known")),
        Some(bytes) if bytes < ROOM_BYTES => Check::bad(
            DISK,
            format!("only {} MB are free in {folder}", bytes / 1_000_000),
            "make room, or keep the queue on another disk (`--queue sqlite:PATH`)",
        ),
        Some(bytes) => Check::good(
            DISK,
            format!("{} GB are free in {folder}", bytes / 1_000_000_000),
        ),
    }
}

fn open_files(machine: &Machine) -> Check {
    let lanes = machine.lanes;
    match machine.open_files {
        None => Check::good(FILES, "no limit"),
        Some(files) if lanes < USUAL_LANES => Check::bad(
            FILES,
            format!("this process may open only {files}, enough for {lanes} photos at once"),
            "raise the limit (`ulimit -Hn 4096`, or LimitNOFILE= of a service)",
        ),
        Some(files) => Check::good(FILES, format!("{files}, enough for {lanes} photos at once")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(free_bytes: Option<u64>, open_files: Option<u64>, lanes: usize) -> [bool; 2] {
        let folder = "/home/me/.local/share/s3flickr".to_owned();
        let checks = machine(&Machine {
            folder,
            free_bytes,
            open_files,
            lanes,
        });
        assert!(checks.iter().all(|check| check.ok == check.fix.is_none()));
        [checks[0].ok, checks[1].ok]
    }

    #[test]
    fn a_disk_that_is_nearly_full_and_few_files_are_told() {
        assert_eq!(found(Some(1 << 40), Some(4_096), 811), [true, true]);
        assert_eq!(found(Some(ROOM_BYTES - 1), Some(64), 4), [false, false]);
        assert_eq!(found(None, None, usize::MAX), [true, true]);
    }
}
