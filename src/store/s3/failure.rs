//! What an error of the S3 client means.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::super::Error;

/// The error codes that say that no request with these credentials can succeed.
const REFUSED_CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// What an SDK error means: `store` is the bucket's URL, `file` that of the object asked for.
pub(super) fn failure<E>(error: &SdkError<E>, store: String, file: Option<&str>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let what = file.map_or_else(|| store.clone(), str::to_owned);
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match (
        error
            .as_service_error()
            .and_then(ProvideErrorMetadata::code),
        status,
    ) {
        (Some("NoSuchBucket"), _) => Error::NoStore(store),
        (Some("NoSuchKey"), _) => Error::NotFound(what),
        (Some("InvalidObjectState"), _) => Error::Archived(what),
        (Some("PreconditionFailed"), _) | (_, Some(412)) => Error::Changed(what),
        (Some("InvalidRange"), _) | (_, Some(416)) => Error::Changed(what),
        (Some(code), _) if REFUSED_CREDENTIALS.contains(&code) => Error::Credentials {
            what,
            detail: format!(
                "AWS refuses the credentials ({code}): set AWS_PROFILE, or log in again"
            ),
        },
        (Some(code), Some(401 | 403)) => Error::Denied {
            what,
            detail: code.to_owned(),
        },
        (_, Some(404)) if file.is_some() => Error::NotFound(what),
        (_, Some(404)) => Error::NoStore(store),
        _ => unreached(error, what),
    }
}

fn unreached<E>(error: &SdkError<E>, what: String) -> Error
where
    E: std::error::Error + 'static,
{
    let detail = DisplayErrorContext(error).to_string();
    if detail.contains("CredentialsNotLoaded") || detail.contains("no providers in chain") {
        let detail = "no AWS credentials found: set AWS_PROFILE, or run `aws configure`".to_owned();
        return Error::Credentials { what, detail };
    }
    if detail.contains("region must be set") {
        let detail = "no AWS region is set: set AWS_REGION, or a profile that has one".to_owned();
        return Error::Credentials { what, detail };
    }
    tracing::debug!(%what, %detail, "s3 request failed");
    Error::Unavailable {
        what,
        detail: innermost(error),
    }
}

/// The last cause: what a person can act on ("connection refused"), without the SDK's layers.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
