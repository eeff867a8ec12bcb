//! The keys of one Flickr account, and whose they are.

use std::fmt;

use secrecy::SecretString;

/// The keys, as the file and the environment call them.
pub(super) const KEYS: [(&str, &str); 4] = [
    ("api_key", "FLICKR_API_KEY"),
    ("api_secret", "FLICKR_API_SECRET"),
    ("oauth_token", "FLICKR_OAUTH_TOKEN"),
    ("oauth_token_secret", "FLICKR_OAUTH_TOKEN_SECRET"),
];

/// Where Flickr is, as people read it.
pub(super) const FLICKR: &str = "Flickr itself";

/// The keys of one Flickr account; any of them may be missing yet. Prints no secret.
#[derive(Clone, Default)]
pub struct Account {
    /// The application's key.
    pub api_key: Option<String>,
    /// The application's secret.
    pub api_secret: Option<SecretString>,
    /// The account's token; as good as a secret.
    pub token: Option<SecretString>,
    /// The token's secret.
    pub token_secret: Option<SecretString>,
    /// Why what the file holds is not used, where it holds any that is not.
    pub unused: Option<String>,
}

/// Whose keys are saved, and where they were got from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The account's id at Flickr; none in a file of an earlier version.
    pub nsid: Option<String>,
    /// The account's name.
    pub name: Option<String>,
    /// The value of `FLICKR_ENDPOINT_URL` then; none for Flickr itself.
    pub endpoint: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.nsid) {
            (Some(name), Some(nsid)) => write!(f, "{name} ({nsid})")?,
            _ => f.write_str("an account whose name was not saved")?,
        }
        write!(f, " at {}", self.endpoint.as_deref().unwrap_or(FLICKR))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// The names of the variables that are still missing, or nothing.
    pub fn missing(&self) -> Option<String> {
        let there = [
            self.api_key.is_some(),
            self.api_secret.is_some(),
            self.token.is_some(),
            self.token_secret.is_some(),
        ];
        let missing: Vec<&str> = KEYS
            .iter()
            .zip(there)
            .filter(|(_, there)| !there)
            .map(|((_, variable), _)| *variable)
            .collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}
