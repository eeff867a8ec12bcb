//! Why a store could not be listed or a file not read: [`Error`].

use crate::aws::BadEndpoint;
use crate::model::location::InvalidLocation;

/// Why a store could not be listed or a file not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text names no store.
    #[error(transparent)]
    Location(#[from] InvalidLocation),
    /// The bucket or folder is not there.
    #[error("{0} is not there: check the name")]
    NoStore(String),
    /// The folder that the files were in is gone, with all of them.
    #[error("the folder {what} is gone ({detail}): mount or plug it in again, then start again")]
    RootGone {
        /// The folder.
        what: String,
        /// How that shows.
        detail: String,
    },
    /// No file can be read until something else is put right: the region, the clock, the account.
    #[error("{what} cannot be read, nor any other file: {detail}")]
    Unusable {
        /// The store or file.
        what: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The file is not there.
    #[error("{0} is not there any more")]
    NotFound(String),
    /// The file is another version than the one asked for.
    #[error("{0} changed while it was being read")]
    Changed(String),
    /// The file is in an archive class.
    #[error("{0} is archived: restore it from Glacier first")]
    Archived(String),
    /// The file lies outside the folder that may be read, or a link leads out of it.
    #[error("{0} is outside the folder that may be read")]
    Outside(String),
    /// A pipe, a socket, a device or a folder is in the place of a file.
    #[error("{0} is no regular file")]
    NotAFile(String),
    /// The answers of a store contradict each other or themselves: a listing made of them could
    /// leave photos out.
    #[error("{what} cannot be listed: {detail}")]
    Listing {
        /// The store.
        what: String,
        /// What is wrong.
        detail: String,
    },
    /// The endpoint of AWS must not be used.
    #[error(transparent)]
    Endpoint(#[from] BadEndpoint),
    /// An S3 Inventory report is not as S3 writes it, or not in a format that is read here.
    #[error("{what} is no inventory that can be read: {detail}")]
    Inventory {
        /// The manifest, or a data file that it names.
        what: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The credentials are missing, wrong or expired: no file can be read with them.
    #[error("{what}: {detail}")]
    Credentials {
        /// The store or file.
        what: String,
        /// What is wrong, and what to do.
        detail: String,
    },
    /// The credentials do not allow it. S3 also says so of a file that is not there, to those who
    /// may not list the bucket.
    #[error("{what}: access denied; check the policy of the bucket and of the user ({detail})")]
    Denied {
        /// The store or file.
        what: String,
        /// What the service said.
        detail: String,
    },
    /// The service or the disk did not answer; another attempt may succeed.
    #[error("{what} cannot be read: {detail}")]
    Unavailable {
        /// The store or file.
        what: String,
        /// What happened.
        detail: String,
    },
}

impl Error {
    /// Whether no file of the store can be read, whichever is tried and however often, before a
    /// person has put something right.
    pub fn strikes_every_file(&self) -> bool {
        matches!(
            self,
            Error::NoStore(_)
                | Error::RootGone { .. }
                | Error::Unusable { .. }
                | Error::Credentials { .. }
                | Error::Endpoint(_)
        )
    }
}
