//! What a client signs with.

/// The well-known credentials of the sandbox's one user; they protect nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// 32 hex digits.
    pub api_key: String,
    /// 16 hex digits.
    pub api_secret: String,
    /// An access token with all rights.
    pub token: String,
    /// 16 hex digits.
    pub token_secret: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Credentials {
            api_key: "5a0db0c5a0db0c5a0db0c5a0db0c5a0d".to_owned(),
            api_secret: "5ec2e75a0db0c001".to_owned(),
            token: "72157720000000001-5a0db0c5a0db0c01".to_owned(),
            token_secret: "5ec2e75a0db0c002".to_owned(),
        }
    }
}
