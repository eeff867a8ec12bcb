//! What the process ends with.

use std::process::{ExitCode, Termination};

/// The exit status; scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well.
    Well = 0,
    /// It could not be done.
    Failed = 1,
    /// Wrong usage: an option, a command, a config file.
    Usage = 2,
    /// Finished, but some photos failed.
    SomeFailed = 3,
    /// Stopped early by a signal; nothing is lost.
    Stopped = 4,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
