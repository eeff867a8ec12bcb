//! What an error of the SDK means to the caller.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::SystemTime;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::primitives::{DateTime, DateTimeFormat as Format};

use crate::queue::Error;

const CREDENTIALS: &str = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log \
     in with `aws sso login`";
const RIGHTS: &str = "the credentials need the right to use SQS on this queue, its -failed queue \
     and its -calls.fifo queue; `aws sts get-caller-identity` tells whose they are";
const REGION: &str = "set AWS_REGION to the region that the queue is in";

/// Makes errors about one queue.
#[derive(Clone)]
pub(super) struct Errors {
    queue: String,
}

/// What an answer means: by its code, and where that says "the signature" alone, by its words
/// ("Signature expired: 20261125T101010Z is now earlier than ...").
fn meaning_of(error: &(impl ProvideErrorMetadata + ?Sized)) -> Meaning {
    let words = error.message().unwrap_or_default().to_lowercase();
    match error.code().map_or(Meaning::Unknown, meaning) {
        Meaning::Denied if words.contains("signature expired") => Meaning::Clock,
        Meaning::Denied if words.contains("signature not yet current") => Meaning::Clock,
        Meaning::Denied if words.contains("scoped to a valid region") => Meaning::Region,
        meaning => meaning,
    }
}

/// What to do about a clock that is wrong, with how wrong it is where the answer tells the time.
fn clock_hint(answer: Option<&HttpResponse>) -> String {
    let date = answer.and_then(|answer| answer.headers().get("date"));
    let theirs = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let off = theirs.map(|theirs| DateTime::from(SystemTime::now()).secs() - theirs.secs());
    match off {
        Some(off) if off > 0 => format!("the clock of this machine is {off} seconds ahead; set it"),
        Some(off) if off < 0 => format!(
            "the clock of this machine is {} seconds behind; set it",
            -off
        ),
        _ => "the clock of this machine is wrong; set it".to_owned(),
    }
}

/// What the code of an answer means. Codes of the JSON protocol and of the older query protocol.
enum Meaning {
    Gone,
    LeaseLost,
    /// What one message says, or how long it is.
    Message,
    Denied,
    /// The time of the request is not now.
    Clock,
    /// The region of the request is not that of the address.
    Region,
    Later,
    Unknown,
}

fn meaning(code: &str) -> Meaning {
    match code.rsplit(['.', '#']).next().unwrap_or(code) {
        "QueueDoesNotExist" | "NonExistentQueue" => Meaning::Gone,
        "ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidIdFormat" => Meaning::LeaseLost,
        "BatchRequestTooLong"
        | "InvalidMessageContents"
        | "InvalidParameterValue"
        | "MessageTooLong" => Meaning::Message,
        "RequestExpired" | "RequestTimeTooSkewed" => Meaning::Clock,
        "AuthorizationHeaderMalformed" | "InvalidRegion" => Meaning::Region,
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
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
        | "QueueDeletedRecently"
        | "RequestThrottled"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException" => Meaning::Later,
        _ => Meaning::Unknown,
    }
}

impl Errors {
    /// Errors about the queue at this location.
    pub(super) fn new(queue: String) -> Errors {
        Errors { queue }
    }

    /// An error of a call that has no receipt.
    pub(super) fn of_sdk<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let queue = self.queue.clone();
        let code = meaning_of(&error);
        let broken = error
            .raw_response()
            .is_some_and(|response| response.status().as_u16() >= 500);
        match (&error, code) {
            (_, Meaning::Gone) => Error::Gone { queue },
            (_, Meaning::LeaseLost) => Error::LeaseLost { queue },
            (_, Meaning::Message) => self.refused(DisplayErrorContext(&error).to_string()),
            (_, Meaning::Denied) => self.denied(action, RIGHTS, error),
            (_, Meaning::Region) => self.denied(action, REGION, error),
            (_, Meaning::Clock) => self.denied(action, clock_hint(error.raw_response()), error),
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
    /// not take is the receipt, or a timeout that is over its 12 hours in all.
    pub(super) fn of_receipt<E>(
        &self,
        action: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match error.code() {
            Some(code) if code.ends_with("InvalidParameterValue") => Error::LeaseLost {
                queue: self.queue.clone(),
            },
            _ => self.of_sdk(action, error),
        }
    }

    /// SQS does not take a message, whatever becomes of others.
    pub(super) fn refused(&self, reason: String) -> Error {
        let queue = self.queue.clone();
        Error::Refused { queue, reason }
    }

    /// SQS answered, and did not take some messages, through no fault of theirs.
    pub(super) fn not_taken(&self, messages: usize, why: &str) -> Error {
        Error::Unreachable {
            queue: self.queue.clone(),
            source: format!("it did not take {messages} messages: {why}").into(),
        }
    }

    /// The queue is set up so that messages would be lost.
    pub(super) fn unfit(&self, reason: String) -> Error {
        let queue = self.queue.clone();
        Error::Unfit { queue, reason }
    }

    /// The queue's location.
    pub(super) fn queue(&self) -> &str {
        &self.queue
    }

    fn denied<E>(
        &self,
        action: &'static str,
        hint: impl Into<Cow<'static, str>>,
        error: SdkError<E>,
    ) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::Denied {
            action,
            queue: self.queue.clone(),
            hint: hint.into(),
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
