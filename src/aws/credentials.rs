//! The credentials that the SDK finds: whose, from where; and why there are none, or none that AWS
//! takes, as a person mends it.

use std::error::Error;

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use crate::error_chain::innermost;

/// Which credentials requests to AWS are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The end of the access key's id, which is enough to tell it from others.
    pub key: String,
    /// Where they were found, as a person looks there.
    pub from: String,
    /// The region of requests; `None` where none is set.
    pub region: Option<String>,
}

/// Why there are no credentials, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoIdentity {
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub fix: String,
}

/// Finds the credentials and the region as the SDK does for each request.
pub async fn identity() -> Result<Identity, NoIdentity> {
    let config = super::config().await.map_err(|error| NoIdentity {
        detail: error.to_string(),
        fix: "correct the address that is named".to_owned(),
    })?;
    let none = || NoIdentity {
        detail: format!("none found{}", for_profile()),
        fix: ADVICE.to_owned(),
    };
    let provider = config.credentials_provider().ok_or_else(none)?;
    let found = provider.provide_credentials().await;
    let credentials = found.map_err(|error| {
        let detail = not_loaded(&error).unwrap_or_else(|| innermost(&error));
        let (detail, fix) = match detail.split_once(": ") {
            Some((detail, fix)) => (detail.to_owned(), fix.to_owned()),
            None => (detail, ADVICE.to_owned()),
        };
        NoIdentity { detail, fix }
    })?;
    Ok(Identity {
        key: masked(credentials.access_key_id()),
        from: found_in(&credentials),
        region: config.region().map(ToString::to_string),
    })
}

const ADVICE: &str = "set AWS_PROFILE, or run `aws configure` or `aws sso login`";

/// The last four characters of a key's id, as the AWS CLI shows it.
fn masked(key: &str) -> String {
    let start = key.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    format!("...{}", &key[start..])
}

/// Where credentials were found. The provider notes it for the statistics of AWS.
fn found_in(credentials: &Credentials) -> String {
    let profile = || profile().map_or_else(String::new, |profile| format!(" \"{profile}\""));
    let features = credentials.get_property::<Vec<Feature>>();
    match features.and_then(|features| features.last()) {
        Some(Feature::CredentialsEnvVars) => "the environment (AWS_ACCESS_KEY_ID)".to_owned(),
        Some(Feature::CredentialsEnvVarsStsWebIdToken | Feature::CredentialsStsAssumeRoleWebId) => {
            "a web identity token".to_owned()
        }
        Some(Feature::CredentialsStsAssumeRole) => format!("the role of the profile{}", profile()),
        Some(Feature::CredentialsSso | Feature::CredentialsProfileSso) => {
            format!("SSO, by the profile{}", profile())
        }
        Some(Feature::CredentialsProcess | Feature::CredentialsProfileProcess) => {
            format!("the credential_process of the profile{}", profile())
        }
        Some(Feature::CredentialsHttp) => "the metadata service of the container".to_owned(),
        Some(Feature::CredentialsImds) => "the metadata service of the machine".to_owned(),
        Some(
            Feature::CredentialsProfile
            | Feature::CredentialsProfileSourceProfile
            | Feature::CredentialsProfileNamedProvider,
        ) => format!("the shared credentials file, profile{}", profile()),
        _ => "the SDK's chain".to_owned(),
    }
}

/// What S3 says of credentials that no request can succeed with, and what to do.
pub(crate) fn refused(code: &str) -> Option<String> {
    let advice = match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            "have expired: log in again"
        }
        "InvalidAccessKeyId" => "are of no access key that AWS knows: set another AWS_PROFILE",
        "InvalidToken" | "InvalidSecurity" => {
            "have a session token that is not theirs: log in again"
        }
        "SignatureDoesNotMatch" => "have a secret that is not the access key's: check it",
        _ => return None,
    };
    Some(format!("the credentials{} {advice}", for_profile()))
}

/// Why there are no credentials or no region to ask with, and what to do; `None` where something
/// else is wrong, or where another attempt may find them.
pub(crate) fn not_loaded(error: &(dyn Error + 'static)) -> Option<String> {
    let causes = causes(error);
    let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
    if texts.iter().any(|text| text.contains("region must be set")) {
        return Some(format!(
            "no AWS region is set{}: set AWS_REGION, or a profile that has one",
            for_profile()
        ));
    }
    let found = causes
        .iter()
        .position(|cause| cause.is::<CredentialsError>())?;
    let has = |words: &[&str]| {
        let mut inside = texts[found..].iter();
        inside.any(|text| words.iter().any(|word| text.contains(word)))
    };
    match causes[found].downcast_ref()? {
        CredentialsError::CredentialsNotLoaded(_) => {
            return Some(format!(
                "no AWS credentials found{}: set AWS_PROFILE, or run `aws configure`",
                for_profile()
            ));
        }
        CredentialsError::ProviderTimedOut(_) => return None,
        _ if has(PASSING) => return None,
        _ => {}
    }
    let within = innermost(error);
    let is_of_a_file = causes.iter().any(|cause| cause.is::<std::io::Error>());
    Some(if has(&["SSO", "UnauthorizedException"]) {
        format!(
            "not logged in with SSO, or the login has expired: run `aws sso login{}` ({within})",
            profile().map_or_else(String::new, |profile| format!(" --profile {profile}"))
        )
    } else if has(&["external process"]) {
        format!("the `credential_process`{} failed: {within}", for_profile())
    } else if is_of_a_file {
        token_file_unread(&within)
    } else {
        let refusal = refusal(&within).unwrap_or(within);
        format!("no credentials{}: {refusal}", for_profile())
    })
}

fn token_file_unread(within: &str) -> String {
    let file = std::env::var("AWS_WEB_IDENTITY_TOKEN_FILE").unwrap_or_default();
    let file = if file.is_empty() {
        file
    } else {
        format!(" {file}")
    };
    format!(
        "the web identity token file{file}{} cannot be read: {within}",
        for_profile()
    )
}

/// What the chain of causes says where a service that gives credentials was merely not reached, or
/// is busy.
const PASSING: &[&str] = &[
    "dispatch failure",
    "InternalFailure",
    "InternalServerError",
    "request has timed out",
    "ServiceUnavailable",
    "Throttl",
    "timeout",
    "TooManyRequests",
];

/// An error and all that caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source()).collect()
}

/// What STS says of a role that may not be assumed, out of the SDK's
/// `Error { code: "...", message: "..." }`.
fn refusal(text: &str) -> Option<String> {
    let quoted = |name: &str| {
        let (_, rest) = text.split_once(&format!("{name}: \""))?;
        rest.split_once('"').map(|(text, _)| text.to_owned())
    };
    let (code, message) = (quoted("code")?, quoted("message")?);
    Some(format!(
        "{message} ({code}); check the role, and who may assume it"
    ))
}

fn profile() -> Option<String> {
    std::env::var("AWS_PROFILE")
        .ok()
        .filter(|profile| !profile.is_empty())
}

/// The profile in a sentence, where one is chosen.
fn for_profile() -> String {
    profile().map_or_else(String::new, |profile| {
        format!(" for the profile \"{profile}\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_by_its_end() {
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE"), "...MPLE");
        assert_eq!(masked("ké"), "...ké");
    }
}
