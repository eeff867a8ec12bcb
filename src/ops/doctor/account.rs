//! The Flickr account: its key, its token, what they may do, and how far the clocks are apart.

use super::Check;
use crate::error_chain;
use crate::flickr::{Client, Error, Rights, UploadStatus};

const KEY: &str = "Flickr key";
const TOKEN: &str = "Flickr token";
const RIGHTS: &str = "Flickr rights";
const LIMITS: &str = "Flickr limits";
const CLOCK: &str = "clock";
const REACHED: &str = "Flickr";

const AWAY: &str = "check the network, a proxy (HTTPS_PROXY) and FLICKR_ENDPOINT_URL, or wait until Flickr is back";
const LOGIN: &str = "run `s3flickr login`";
/// Signatures are refused when a clock is minutes off, by AWS after five.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// The account cannot be asked, because keys of it are missing.
pub fn missing_keys(names: &str) -> Vec<Check> {
    let fix = format!("{LOGIN}, or set them in the environment");
    vec![Check::bad(KEY, format!("not set: {names}"), fix)]
}

/// The account cannot be asked: its keys, or the address of Flickr, cannot be used.
pub fn unusable_keys(why: &str) -> Vec<Check> {
    vec![Check::bad(KEY, why, "correct what is named")]
}

/// Asks Flickr for the account. Three calls at most; what cannot be told after a refusal is left out.
pub async fn account(flickr: &Client) -> Vec<Check> {
    let mut checks = Vec::new();
    match flickr.whoami().await {
        Ok(user) => {
            checks.push(Check::good(KEY, "Flickr takes it"));
            let whose = format!("it is of {} ({})", user.name, user.nsid);
            checks.push(Check::good(TOKEN, whose));
            checks.push(rights(flickr.rights().await));
            checks.push(limits(flickr.upload_status().await));
        }
        Err(error) => {
            checks.extend(refused(&error));
            // Nobody answered, so nothing told the time.
            if checks.iter().any(|check| check.name == REACHED) {
                return checks;
            }
        }
    }
    checks.push(clock(flickr.seconds_ahead()));
    checks
}

/// What a refused `flickr.test.login` says of key and token.
fn refused(error: &Error) -> Vec<Check> {
    let whole = error_chain::whole(error);
    match error {
        Error::KeyDisabled { message } => vec![Check::bad(
            KEY,
            format!("Flickr refuses it ({message})"),
            format!(
                "make a key at https://www.flickr.com/services/apps/create/, set FLICKR_API_KEY and \
                 FLICKR_API_SECRET, and {LOGIN}"
            ),
        )],
        Error::Signature => vec![Check::bad(
            KEY,
            "Flickr refuses the signature: a secret does not belong to its key or token",
            format!(
                "check FLICKR_API_SECRET and FLICKR_OAUTH_TOKEN_SECRET for a missing character, or {LOGIN}"
            ),
        )],
        Error::TokenRevoked { message } | Error::Rights { message } => vec![
            Check::good(KEY, "Flickr takes it"),
            Check::bad(
                TOKEN,
                format!("Flickr refuses it ({message})"),
                format!("{LOGIN} again, or correct FLICKR_OAUTH_TOKEN"),
            ),
        ],
        Error::ClockSkew => Vec::new(),
        Error::Endpoint { .. } | Error::Setup { .. } => {
            vec![Check::bad(KEY, whole, "correct what is named")]
        }
        Error::Throttled { .. } | Error::Blocked { .. } => vec![Check::bad(
            REACHED,
            whole,
            "wait, and use fewer calls an hour (`--calls-per-hour`)",
        )],
        Error::Unavailable { why, .. } => vec![Check::bad(
            REACHED,
            format!(
                "it does not answer ({why}): {}",
                error_chain::innermost(error)
            ),
            AWAY,
        )],
        _ => vec![Check::bad(REACHED, whole, AWAY)],
    }
}

fn rights(answer: Result<Rights, Error>) -> Check {
    match answer {
        Ok(rights) if rights >= Rights::Write => {
            Check::good(RIGHTS, format!("it may {}", rights.as_str()))
        }
        Ok(rights) => Check::bad(
            RIGHTS,
            format!(
                "it may only {}, so no photo can be uploaded",
                rights.as_str()
            ),
            format!("{LOGIN} again, which asks for the right to write"),
        ),
        Err(error) => Check::bad(RIGHTS, error_chain::whole(&error), format!("{LOGIN} again")),
    }
}

fn limits(answer: Result<UploadStatus, Error>) -> Check {
    let status = match answer {
        Ok(status) => status,
        Err(error) => {
            let fix = "run `s3flickr doctor` again later";
            return Check::bad(LIMITS, error_chain::whole(&error), fix);
        }
    };
    let upgrade =
        "delete photos, or upgrade the account at https://www.flickr.com/account/upgrade/pro";
    let held = status
        .photos
        .map_or_else(String::new, |photos| format!("; it holds {photos} photos"));
    match (status.pro, status.photos_left()) {
        (true, _) => Check::good(LIMITS, format!("a Pro account, without a limit{held}")),
        (false, Some(0)) => Check::bad(LIMITS, format!("the account is full{held}"), upgrade),
        (false, Some(left)) => Check::good(
            LIMITS,
            format!("a free account: it takes {left} more photos{held}"),
        ),
        (false, None) => Check::good(
            LIMITS,
            format!("a free account: it takes 1,000 photos in all{held}"),
        ),
    }
}

/// By the `Date` of Flickr's answers; requests to Flickr are signed with its time, those to AWS with
/// this machine's.
fn clock(seconds_ahead: i64) -> Check {
    let off = seconds_ahead.unsigned_abs();
    if seconds_ahead.abs() < CLOCK_TOLERANCE_SECONDS {
        return Check::good(CLOCK, "right, by Flickr's");
    }
    let way = if seconds_ahead > 0 { "slow" } else { "fast" };
    Check::bad(
        CLOCK,
        format!(
            "this machine's clock is {off} seconds {way}, by Flickr's; AWS refuses requests that are five minutes off"
        ),
        "set the clock, such as by `sudo timedatectl set-ntp true`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(pro: bool, photos: Option<u64>, photos_limit: Option<u64>) -> UploadStatus {
        UploadStatus {
            name: "me".into(),
            pro,
            remaining_bytes: None,
            photo_limit_bytes: None,
            video_limit_bytes: None,
            photos,
            photos_limit,
            limit_status: String::new(),
        }
    }

    #[test]
    fn a_clock_is_wrong_from_a_minute_on_and_says_which_way() {
        assert!(clock(0).ok && clock(-59).ok && clock(59).ok);
        assert!(clock(7_200).detail.contains("7200 seconds slow"));
        assert!(clock(-7_200).detail.contains("7200 seconds fast"));
        assert!(clock(60).fix.is_some());
    }

    #[test]
    fn a_full_account_is_no_good_and_a_free_one_says_what_it_takes() {
        let found = |status| limits(Ok(status));
        assert!(found(status(true, Some(5_000), Some(1_000))).ok);
        assert!(
            found(status(false, Some(10), Some(1_000)))
                .detail
                .contains("990 more")
        );
        assert!(!found(status(false, Some(1_000), Some(1_000))).ok);
        assert!(found(status(false, None, None)).detail.contains("1,000"));
    }

    #[test]
    fn a_token_that_may_only_read_cannot_upload() {
        assert!(!rights(Ok(Rights::Read)).ok);
        assert!(rights(Ok(Rights::Write)).ok && rights(Ok(Rights::Delete)).ok);
    }
}
