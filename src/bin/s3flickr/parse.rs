//! Values that a person types: `--transfers 16|auto`, `--bwlimit 10M|off`, `--privacy friends`.

use std::num::NonZeroU64;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime};
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::flickr::set_title::SetName;
use s3flickr::model::outcome::FailureClass;
use s3flickr::ops::work::Transfers;
use s3flickr::store::Throttle;

/// The most lanes: each needs two connections.
const MOST_TRANSFERS: usize = 4096;

/// With less, a worker's many connections would be taken for dead.
const LEAST_RATE: u64 = 1024;

/// Reads `--privacy`.
pub fn privacy() -> impl TypedValueParser<Value = Privacy> {
    one_of(Privacy::ALL.map(|kind| {
        let help = match kind {
            Privacy::Private => "The owner alone",
            Privacy::Friends => "Friends",
            Privacy::Family => "Family",
            Privacy::FriendsFamily => "Friends and family",
            Privacy::Public => "Everybody",
        };
        (kind.as_str(), help)
    }))
}

/// Reads `--set-name`.
pub fn set_name() -> impl TypedValueParser<Value = SetName> {
    one_of(SetName::ALL.map(|way| {
        let help = match way {
            SetName::Path => "`2012/Paris`",
            SetName::Leaf => "`Paris`",
        };
        (way.as_str(), help)
    }))
}

/// Reads `--class`.
pub fn failure_class() -> impl TypedValueParser<Value = FailureClass> {
    one_of(FailureClass::ALL.map(|class| {
        let help = match class {
            FailureClass::Transient => "Nothing reached Flickr; another round may well succeed",
            FailureClass::Ambiguous => "Flickr may have the photo; it is looked for first",
            FailureClass::Refused => "Flickr refuses the file",
            FailureClass::Gone => "The file is not in the store any more",
            FailureClass::Forbidden => "The file is outside the stores that workers may read",
            FailureClass::Crashed => "Each worker that took it died",
            FailureClass::Unreadable => "The message is no job; it cannot be put back",
        };
        (class.name(), help)
    }))
}

/// One of these words, each with its help. The library's enums cannot have clap's `ValueEnum`.
fn one_of<T, const N: usize>(
    words: [(&'static str, &'static str); N],
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    let words = words.map(|(word, help)| PossibleValue::new(word).help(help));
    PossibleValuesParser::new(words).try_map(|typed| typed.parse::<T>())
}

/// Reads `--transfers`.
pub fn transfers(text: &str) -> Result<Transfers, String> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(Transfers::Auto);
    }
    match text.parse() {
        Ok(lanes @ 1..=MOST_TRANSFERS) => Ok(Transfers::Fixed(lanes)),
        _ => Err(format!("give a number from 1 to {MOST_TRANSFERS}, or auto")),
    }
}

/// Reads `--bwlimit`: bytes a second, with rclone's letters for powers of 1,024.
pub fn bandwidth(text: &str) -> Result<Throttle, String> {
    if text == "0" || text.eq_ignore_ascii_case("off") {
        return Ok(Throttle::unlimited());
    }
    let bytes = bytes(text).ok_or("give bytes a second, such as 10M, 512K or 1.5G, or off")?;
    match NonZeroU64::new(bytes) {
        Some(bytes) if bytes.get() >= LEAST_RATE => Ok(Throttle::per_second(bytes)),
        _ => Err(format!(
            "{bytes} bytes a second are too few, 1K is the least; did you mean {bytes}K?"
        )),
    }
}

/// Reads a size in bytes, with rclone's letters for powers of 1,024.
pub fn size(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| "give bytes, or a size such as 10K, 1.5M or 2GiB".to_owned())
}

/// Reads a moment: a date, a time, or how long ago it was. In seconds since 1970.
///
/// A date without a time is its first moment in this machine's time zone.
pub fn moment(text: &str) -> Result<i64, String> {
    let advice = || {
        "give a date such as 2024-01-31 or 2024-01-31T18:00, or how long ago: 30d, 12h, 2w, 1y"
            .to_owned()
    };
    let zone = TimeZone::system();
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_second());
    }
    if let Ok(date) = text.parse::<DateTime>() {
        let time = zone.to_timestamp(date).map_err(|_| advice())?;
        return Ok(time.as_second());
    }
    let ago: Span = text.parse().map_err(|_| advice())?;
    let time = match ago.is_negative() {
        true => return Err(advice()),
        false => ZonedDateTime::now().checked_sub(ago),
    };
    Ok(time.map_err(|_| advice())?.timestamp().as_second())
}

fn bytes(text: &str) -> Option<u64> {
    let text = text.to_ascii_uppercase();
    let text = text
        .strip_suffix("IB")
        .or(text.strip_suffix('B'))
        .unwrap_or(&text);
    let power = text.chars().last().and_then(|last| "KMGT".find(last));
    let (number, factor) = match power {
        Some(power) => (&text[..text.len() - 1], 1024_f64.powi(power as i32 + 1)),
        None => (text, 1.0),
    };
    let digits = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = number.parse().ok().filter(|_| digits)?;
    Some((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_with_its_letter() {
        let read = ["2048", "10M", "512k", "1.5GiB", "3kb", "1T"].map(bytes);
        let expected = [2048, 10 << 20, 512 << 10, 3 << 29, 3 << 10, 1 << 40];
        assert_eq!(read, expected.map(Some));
        for nonsense in ["", "fast", "M", "-1M", "1e9", "inf", "10 M", "1.2.3K", "é"] {
            assert_eq!(bytes(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn too_slow_a_rate_is_refused_with_what_was_meant() {
        assert!(
            bandwidth("512")
                .unwrap_err()
                .ends_with("did you mean 512K?")
        );
        assert!(bandwidth("off").is_ok() && bandwidth("0").is_ok());
    }

    #[test]
    fn a_moment_is_a_date_or_how_long_ago_it_was() {
        assert_eq!(moment("2024-01-31T12:00:00Z"), Ok(1_706_702_400));
        let midnight = moment("2024-01-31").unwrap();
        assert_eq!(moment("2024-01-31T00:00"), Ok(midnight));
        assert_eq!(moment("2024-01-31 01:00"), Ok(midnight + 3600));
        let now = Timestamp::now().as_second();
        for (text, seconds) in [("12h", 43_200), ("90m", 5_400), ("2 hours", 7_200)] {
            let ago = now - moment(text).unwrap();
            assert!((seconds - 1..=seconds + 60).contains(&ago), "{text}: {ago}");
        }
        for (text, days) in [("30d", 30), ("2w", 14), ("1y", 365)] {
            let ago = (now - moment(text).unwrap()) as f64 / 86_400.0;
            assert!((ago - f64::from(days)).abs() < 1.1, "{text}: {ago} days");
        }
        for nonsense in ["", "30", "yesterday", "2024-13-01", "-3d", "d30", "999999y"] {
            assert!(moment(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn transfers_are_a_number_or_auto() {
        assert_eq!(transfers("16"), Ok(Transfers::Fixed(16)));
        assert_eq!(transfers("auto"), Ok(Transfers::Auto));
        for nonsense in ["0", "4097", "many", "-1"] {
            assert!(transfers(nonsense).is_err(), "{nonsense}");
        }
    }
}
