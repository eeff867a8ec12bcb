//! What the process ends with.

use std::process::{ExitCode, Termination};

use s3flickr::{ops, queue, store};

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

/// A command that cannot be carried out as it was typed: what to type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUsage(pub String);

impl Exit {
    /// What a command that ended with this error exits with: what was typed is wrong where it can
    /// be no queue and no store, else it could not be done.
    pub fn of(error: &anyhow::Error) -> Exit {
        let is_usage = error.chain().any(|cause| {
            cause.is::<WrongUsage>()
                || cause.downcast_ref().is_some_and(names_no_queue)
                || cause.downcast_ref().is_some_and(names_no_store)
                || match cause.downcast_ref() {
                    Some(ops::Error::Queue(error)) => names_no_queue(error),
                    Some(ops::Error::Store(error)) => names_no_store(error),
                    _ => false,
                }
        });
        if is_usage { Exit::Usage } else { Exit::Failed }
    }
}

fn names_no_queue(error: &queue::Error) -> bool {
    matches!(error, queue::Error::Location { .. })
}

fn names_no_store(error: &store::Error) -> bool {
    matches!(error, store::Error::Location(_))
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
