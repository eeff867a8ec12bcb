//! Values that a person types: `--transfers 16|auto`, `--bwlimit 10M|off`, `--privacy friends`.

use std::num::NonZeroU64;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::flickr::set_title::SetName;
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
    fn transfers_are_a_number_or_auto() {
        assert_eq!(transfers("16"), Ok(Transfers::Fixed(16)));
        assert_eq!(transfers("auto"), Ok(Transfers::Auto));
        for nonsense in ["0", "4097", "many", "-1"] {
            assert!(transfers(nonsense).is_err(), "{nonsense}");
        }
    }
}
