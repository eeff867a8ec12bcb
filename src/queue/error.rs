//! What goes wrong with a queue, by what the caller does about it.

use std::borrow::Cow;
use std::path::PathBuf;

/// The error underneath, as its library gave it.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call to a queue failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such queue: `populate` makes it, nothing else does.
    #[error("queue {queue} not found; {}", how_to_get_it(base))]
    NotFound {
        /// The queue that is missing: the one asked for, or the failed queue beside it.
        queue: String,
        /// What was asked for.
        base: String,
    },
    /// The queue was there and is gone: stop, there is nothing left to do.
    #[error("queue {queue} was deleted while it was in use")]
    Gone {
        /// Its location.
        queue: String,
    },
    /// No clear answer came, or the service asks to slow down: try again later.
    #[error("queue {queue} cannot be reached")]
    Unreachable {
        /// Its location.
        queue: String,
        /// What the network, the service or the file's lock said.
        source: Cause,
    },
    /// The credentials, or the rights on the file, do not allow it: the user has to act.
    #[error("not allowed to {action} queue {queue}: {hint}")]
    Denied {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// Its location.
        queue: String,
        /// What to do.
        hint: Cow<'static, str>,
        /// The refusal.
        source: Cause,
    },
    /// The lease of the message is over: another worker may have it. Leave the job alone.
    #[error("the lease of a message of queue {queue} was lost; another worker may have it")]
    LeaseLost {
        /// The queue's location.
        queue: String,
    },
    /// The service does not take what is to become of this message, whatever becomes of others.
    /// The message stays, and is handed out again.
    #[error("queue {queue} does not take a message: {reason}")]
    Refused {
        /// Its location.
        queue: String,
        /// What the service said.
        reason: String,
    },
    /// As it is set up, the queue would lose messages: the user has to act.
    #[error("queue {queue} {reason}")]
    Unfit {
        /// Its location.
        queue: String,
        /// What is wrong and what to do, as a verb phrase.
        reason: String,
    },
    /// This is not the location of a queue, or not of one that this version can use.
    #[error("{location} is not a queue: {reason}")]
    Location {
        /// What was given.
        location: String,
        /// Why not.
        reason: String,
    },
    /// The endpoint of AWS must not be used: the user has to set another.
    #[error(transparent)]
    Endpoint(#[from] crate::aws::BadConfig),
    /// The disk under a SQLite queue is full: make room and start again, nothing is lost.
    #[error("no room left on the disk for {}; make room and start again", file.display())]
    Full {
        /// The database.
        file: PathBuf,
    },
    /// The file of a SQLite queue cannot be read or written.
    #[error("the file of the queue, {}, cannot be used", file.display())]
    Io {
        /// The database, or a folder above it.
        file: PathBuf,
        /// What the system said.
        source: Cause,
    },
    /// Anything else; the cause tells.
    #[error("could not {action} queue {queue}")]
    Other {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// Its location.
        queue: String,
        /// What went wrong.
        source: Cause,
    },
}

/// What to do about a queue that is missing.
fn how_to_get_it(base: &str) -> String {
    match base.starts_with("http") {
        true => {
            "a URL is used as it is: its name, region or account is another; `--queue sqs://NAME` \
                 stands for a queue of your own, which `s3flickr populate` makes"
                .to_owned()
        }
        false => format!(
            "`s3flickr populate ... --queue {base}` makes it (or the name, the region or the account \
             is another)"
        ),
    }
}
