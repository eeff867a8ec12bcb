//! What an operation ends with when it could not be done.

use crate::{config, flickr, queue, store};

/// Why an operation could not be done. The cause says which thing, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// Flickr.
    #[error(transparent)]
    Flickr(#[from] flickr::Error),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The user asked for something that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The queue is bound to another account.
    #[error(
        "queue {queue} belongs to the Flickr account {bound}, and this is {asked}: nothing was \
         taken; use that account's token (`s3flickr login`), or a queue of its own for this one"
    )]
    OtherAccount {
        /// Which queue.
        queue: String,
        /// Whose it is: name and id.
        bound: String,
        /// Whose token was given: name and id.
        asked: String,
    },
    /// It was begun, and broke off; what was done stays done.
    #[error("{done}; then")]
    Midway {
        /// How far it came, and what to do next.
        done: String,
        /// What ended it.
        #[source]
        cause: Box<Error>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_chain::whole;

    #[test]
    fn what_broke_off_tells_all_its_causes_each_once() {
        let queue = queue::Error::Unreachable {
            queue: "sqs://photos".to_owned(),
            source: "connection refused".into(),
        };
        let midway = Error::Midway {
            done: "12 photos were queued".to_owned(),
            cause: Box::new(queue.into()),
        };
        assert_eq!(
            whole(&midway),
            "12 photos were queued; then: queue sqs://photos cannot be reached: connection refused"
        );
    }
}
