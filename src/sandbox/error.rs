//! Why a sandbox did not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sandbox trusts every caller, so only this machine may reach it.
    #[error("the sandbox listens on loopback only, not on {address}")]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Usually the port is taken.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// Two sandboxes on one folder would spoil each other's journal.
    #[error("the folder \"{}\" is in use by another sandbox", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be made, read or written.
    #[error("cannot use \"{}\"", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A line of the journal that this version does not understand.
    #[error("line {line} of \"{}\" is not the sandbox's", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Why the line cannot be read.
        source: serde_json::Error,
    },
}
