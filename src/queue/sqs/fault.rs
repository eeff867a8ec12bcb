//! What an error of the SDK means to the caller.

use std::error::Error as StdError;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::queue::Error;

const CREDENTIALS: &str = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log \
     in with `aws sso login`";
const RIGHTS: &str = "the credentials need the right to use SQS on this queue, its -failed queue \
     and its -calls.fifo queue; `aws sts get-caller-identity` tells whose they are";
const REGION: &str = "set AWS_REGION to the region that the queue is in";

/// Makes errors about one queue.
#[derive(Clone)]
pub(super) struct Faults {
    queue: String,
}

/// What the code of an answer means. Codes of the JSON protocol and of the older query protocol.
enum Meaning {
    Gone,
    LostHold,
    Denied,
    Later,
    Unknown,
}

fn meaning(code: &str) -> Meaning {
    match code.rsplit(['.', '#']).next().unwrap_or(code) {
        "QueueDoesNotExist" | "NonExistentQueue" => Meaning::Gone,
        "ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidIdFormat" => Meaning::LostHold,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "KmsAccessDenied"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Meaning::Denied,
        "InternalError"
        | "InternalFailure"
        | "KmsThrottled"
        | "OverLimit"
        | "RequestThrottled"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException" => Meaning::Later,
        _ => Meaning::Unknown,
    }
}

impl Faults {
    pub(super) fn of(name: &str) -> Faults {
        Faults {
            queue: format!("sqs://{name}"),
        }
    }

    /// An error of a call that has no receipt.
    pub(super) fn general<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let queue = self.queue.clone();
        let code = error.code().map_or(Meaning::Unknown, meaning);
        let broken = error
            .raw_response()
            .is_some_and(|response| response.status().as_u16() >= 500);
        match (&error, code) {
            (_, Meaning::Gone) => Error::Gone { queue },
            (_, Meaning::LostHold) => Error::LostHold { queue },
            (_, Meaning::Denied) => self.denied(action, RIGHTS, error),
            (SdkError::ServiceError(_), Meaning::Unknown) if !broken => Error::Other {
                action,
                queue,
                source: error.into(),
            },
            // The SDK reports missing credentials, and a missing region, as if nobody had
            // answered; only the words underneath tell.
            (SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_), _) => {
                let words = DisplayErrorContext(&error).to_string().to_lowercase();
                if words.contains("missing region") || words.contains("region must be set") {
                    self.denied(action, REGION, error)
                } else if words.contains("credential") || words.contains("sso token") {
                    self.denied(action, CREDENTIALS, error)
                } else {
                    self.unreachable(error)
                }
            }
            _ => self.unreachable(error),
        }
    }

    /// An error of a call with a receipt. Our numbers are in range, so a parameter that SQS does
    /// not take is the receipt, or a hold that is over its 12 hours in all.
    pub(super) fn held<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match error.code() {
            Some(code) if code.ends_with("InvalidParameterValue") => Error::LostHold {
                queue: self.queue.clone(),
            },
            _ => self.general(action, error),
        }
    }

    /// Messages of a batch were refused, though the call was answered.
    pub(super) fn refused(&self, code: &str, message: &str) -> Error {
        let queue = self.queue.clone();
        let source = format!("{code}: {message}").into();
        match meaning(code) {
            Meaning::Later => Error::Unreachable { queue, source },
            _ => Error::Other {
                action: "send to",
                queue,
                source,
            },
        }
    }

    fn denied<E>(&self, action: &'static str, hint: &'static str, error: SdkError<E>) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::Denied {
            action,
            queue: self.queue.clone(),
            hint,
            source: error.into(),
        }
    }

    fn unreachable<E>(&self, error: SdkError<E>) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::Unreachable {
            queue: self.queue.clone(),
            source: error.into(),
        }
    }
}
