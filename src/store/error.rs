//! Why a source could not be listed, or a file not be read or written: [`Error`].

use crate::aws::BadConfig;
use crate::model::location::InvalidLocation;
use crate::model::outage::Service;

/// The cause of an error, as `source()` hands it on.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a source could not be listed, or a file not be read or written.
///
/// The variants are what a caller does differently. One type serves both sides, because a file
/// that is being written can fail for what its source does.
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
    Endpoint(#[from] BadConfig),
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
    /// The target asks everyone to wait. No file is to blame.
    #[error("the target asks for fewer calls; try again later")]
    Throttled {
        /// When the file was sent, if the target may have it all the same: seconds since 1970 by
        /// the target's clock. Look before sending it again.
        since: Option<i64>,
    },
    /// The target may have the file: it was sent, and no clear answer came.
    /// Look before sending it again.
    #[error("{reason}")]
    Ambiguous {
        /// When the file was sent: seconds since 1970 by the target's clock.
        since: Option<i64>,
        /// The service that may be to blame, as it may fail for every file.
        service: Option<Service>,
        /// What was seen, in a few words, such as `HTTP 503`.
        way: String,
        /// The whole message.
        reason: String,
    },
    /// The target, or the source on the way to it, failed as it may fail for every file. Nothing
    /// was written.
    #[error("{reason}")]
    Away {
        /// The service that failed.
        service: Service,
        /// What was seen, in a few words, such as `HTTP 503`.
        way: String,
        /// The whole message.
        reason: String,
    },
    /// The target will never take this file.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
        /// Whether the file was sent, so that the target itself refused it.
        was_sent: bool,
    },
    /// The target did not take this file this time, and no service is to blame.
    #[error("{0}")]
    NotNow(String),
    /// The target takes no file until a person has put something right: what, and how.
    #[error("{0}")]
    Stop(String),
    /// The run is ending, and a call to the target would have had to be waited for.
    #[error("the run is ending, so no further call is waited for")]
    Draining,
    /// The place that shares out the fleet's calls could not be asked.
    #[error("the shared call budget cannot be asked")]
    Budget {
        /// The cause.
        source: Cause,
    },
}

impl Error {
    /// When the file was sent, if the target may have it: seconds since 1970 by its clock.
    pub fn sent_at(&self) -> Option<i64> {
        match self {
            Error::Throttled { since } | Error::Ambiguous { since, .. } => *since,
            _ => None,
        }
    }

    /// Whether no file can be copied, whichever is tried and however often, before a person has
    /// put something right.
    pub fn strikes_every_file(&self) -> bool {
        matches!(
            self,
            Error::NoStore(_)
                | Error::RootGone { .. }
                | Error::Unusable { .. }
                | Error::Credentials { .. }
                | Error::Endpoint(_)
                | Error::Stop(_)
        )
    }
}
