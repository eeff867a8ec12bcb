//! What goes wrong with Flickr, by what the caller does about it.

use std::time::Duration;

/// The cause of an error, as `source()` hands it on. Addresses and headers have been taken out of it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call to Flickr, or an upload, did not end well.
///
/// The variants are what a caller does differently, not where the error came up.
/// No message holds a secret, a token or an `Authorization` header.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many calls (HTTP 429, code 105, or upload code 14). Nothing was done. Slow down, then try again.
    #[error("Flickr asked for fewer calls{}", seconds(wait))]
    Throttled {
        /// How long Flickr asks to wait, where it says so.
        wait: Option<Duration>,
        /// Whether all of an upload had been sent by then, so that the photo may be there all the
        /// same (code 105): look before trying again.
        may_be_done: bool,
    },

    /// Flickr cannot be reached or is out of order, and nothing was done (or doing it again is harmless).
    #[error("{doing}: Flickr is unavailable ({why})")]
    Unavailable {
        /// The method or the upload that was under way.
        doing: String,
        /// What was seen.
        why: String,
        /// The cause, where there is one.
        source: Option<Cause>,
    },

    /// The whole request was sent and no clear answer came: Flickr may have done it, or not.
    /// Look before doing it again.
    #[error("{doing}: Flickr gave no clear answer ({why}), so it may have been done")]
    Ambiguous {
        /// The method or the upload that was under way.
        doing: String,
        /// What was seen.
        why: String,
        /// The cause, where there is one.
        source: Option<Cause>,
    },

    /// A page with HTTP 403 in place of an answer. Nothing was done, and no photo is to blame: every call gets it.
    #[error(
        "{doing}: Flickr refuses to answer this machine (HTTP 403): it may block the address for a while after too many calls, or a proxy may be in the way; wait, then try again"
    )]
    Blocked {
        /// The method or the upload that was under way.
        doing: String,
    },

    /// The run was ended at once, so the answer to a call was not waited for. It may have been done.
    #[error("stopped before Flickr answered")]
    Aborted,

    /// The bytes to upload could not be had, or were not as many as announced. Nothing was created.
    #[error("the file could not be read completely ({why}); nothing was uploaded")]
    Source {
        /// What was seen.
        why: String,
        /// The cause, where there is one.
        source: Option<Cause>,
    },

    /// Flickr will never take this file: empty, of a wrong type, too large.
    #[error("Flickr refuses the file: {message} (code {code})")]
    Refused {
        /// Flickr's upload error code.
        code: i64,
        /// Flickr's own words.
        message: String,
    },

    /// The account has a photo of the same bytes already. Only said where `dedup_check` was asked for.
    #[error("the account already has this file{}", named(photo_id))]
    Duplicate {
        /// The photo that is there, where Flickr names it.
        photo_id: Option<String>,
        /// Whether that one was deleted: Flickr refuses its bytes all the same.
        deleted: bool,
    },

    /// There is no such photo or set, or it is not ours, or Flickr does not know it yet.
    #[error("{doing}: {message}")]
    NotFound {
        /// The method that was called.
        doing: String,
        /// Flickr's own words.
        message: String,
    },

    /// The account takes no more photos. Stop the whole run.
    #[error(
        "the Flickr account is full: {message}; delete photos, or upgrade the account at https://www.flickr.com/account/upgrade/pro, then start again"
    )]
    AccountFull {
        /// Flickr's own words.
        message: String,
    },

    /// A free account may only hold content marked as safe.
    #[error(
        "Flickr refuses the file: the account may only hold safe content; set the default safety level to \"safe\" at https://www.flickr.com/account/privacy"
    )]
    NotSafe,

    /// The API key is unknown, malformed, expired or switched off. Stop the whole run.
    #[error(
        "Flickr refuses the API key ({message}): create one at https://www.flickr.com/services/apps/create/ and set FLICKR_API_KEY and FLICKR_API_SECRET"
    )]
    KeyDisabled {
        /// Flickr's own words.
        message: String,
    },

    /// The user's permission was taken back, or never was one. Stop the whole run.
    #[error(
        "Flickr refuses the OAuth token ({message}): run `s3flickr login` again, or correct FLICKR_OAUTH_TOKEN"
    )]
    TokenRevoked {
        /// Flickr's own words.
        message: String,
    },

    /// The token may not do this: it was given for reading only, say. Stop the whole run.
    #[error(
        "the OAuth token does not allow this ({message}): run `s3flickr login` again and allow it"
    )]
    Rights {
        /// Flickr's own words.
        message: String,
    },

    /// The signature is wrong: a secret does not belong to its key. Stop the whole run.
    #[error(
        "Flickr refuses the signature: check FLICKR_API_SECRET and FLICKR_OAUTH_TOKEN_SECRET, or run `s3flickr login` again"
    )]
    Signature,

    /// Flickr refuses the time in the signature, and its own clock does not explain why.
    #[error(
        "Flickr refuses the time of the request: set this machine's clock, and make sure that no upload takes longer than half an hour"
    )]
    ClockSkew,

    /// Login only: the code that the user typed is not the one that Flickr gave, or is too old.
    #[error(
        "Flickr refuses the code: it is wrong or was used already; run `s3flickr login` again and copy the new code as it is shown"
    )]
    WrongCode,

    /// The address of Flickr cannot be used.
    #[error("FLICKR_ENDPOINT_URL={value:?} {problem}")]
    Endpoint {
        /// The variable's value.
        value: String,
        /// What is wrong with it, and what would be right.
        problem: &'static str,
    },

    /// A key, token or name cannot be put into a request, or the HTTP client cannot be made.
    #[error("cannot make a request to Flickr ({why})")]
    Setup {
        /// What is wrong.
        why: String,
        /// The cause, where there is one.
        source: Option<Cause>,
    },

    /// The run is ending, and a call would have had to be waited for. Nothing was sent.
    #[error("stopping, so no further calls to Flickr are made")]
    Draining,

    /// The place that shares out the fleet's calls could not be asked.
    #[error("cannot reach the shared call budget")]
    Budget {
        /// The cause.
        source: Cause,
    },

    /// Flickr said something that no caller can act on.
    #[error("{doing}: Flickr answered {message:?} (code {code})")]
    Unexpected {
        /// The method or the upload that was under way.
        doing: String,
        /// Flickr's error code, or the HTTP status.
        code: i64,
        /// Flickr's own words.
        message: String,
    },
}

impl Error {
    /// Whether the same call may do better later, with nothing to look up first.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Unavailable { .. })
    }

    /// Whether Flickr is there and is away for a while: it refuses or drops connections, or answers
    /// with HTTP 5xx. Not where its name is unknown, or something else answers in its place.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable { why, source, .. } | Self::Ambiguous { why, source, .. } => {
                let cause = source.as_deref();
                why.starts_with("HTTP 5")
                    || cause.is_some_and(|cause| crate::error_chain::is_outage(cause))
            }
            _ => false,
        }
    }

    /// Whether every other photo would meet the same error, so that the run had better end.
    pub fn stops_everything(&self) -> bool {
        matches!(
            self,
            Self::AccountFull { .. }
                | Self::KeyDisabled { .. }
                | Self::TokenRevoked { .. }
                | Self::Rights { .. }
                | Self::Signature
                | Self::WrongCode
                | Self::Endpoint { .. }
                | Self::Setup { .. }
        )
    }

    pub(super) fn unavailable(doing: &str, why: impl Into<String>) -> Self {
        Self::Unavailable {
            doing: doing.into(),
            why: why.into(),
            source: None,
        }
    }

    pub(super) fn ambiguous(doing: &str, why: impl Into<String>) -> Self {
        Self::Ambiguous {
            doing: doing.into(),
            why: why.into(),
            source: None,
        }
    }

    pub(super) fn setup(why: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::Setup {
            why: why.into(),
            source: Some(cause.into()),
        }
    }

    /// The same error with its cause.
    pub(super) fn because(mut self, cause: reqwest::Error) -> Self {
        if let Self::Unavailable { source, .. } | Self::Ambiguous { source, .. } = &mut self {
            // An address holds the parameters of the call, for `checkToken` even the token.
            *source = Some(Box::new(cause.without_url()));
        }
        self
    }
}

fn seconds(wait: &Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(" (for {} s)", wait.as_secs()))
}

fn named(photo_id: &Option<String>) -> String {
    photo_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" as photo {id}"))
}
