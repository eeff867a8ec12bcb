//! Times as Flickr reads and writes them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A Unix time as the owner's clock shows it; the sandbox's owner lives at UTC.
pub fn mysql(unix: i64) -> String {
    let at = Timestamp::from_second(unix).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads a Unix time or a MySQL datetime.
pub fn parse_time(text: &str) -> Option<i64> {
    let civil = || text.trim().replace(' ', "T").parse::<DateTime>().ok();
    text.parse()
        .ok()
        .or_else(|| Some(TimeZone::UTC.to_timestamp(civil()?).ok()?.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_unix_or_mysql() {
        assert_eq!(parse_time("86400"), Some(86400));
        assert_eq!(parse_time("1970-01-02 00:00:01"), Some(86401));
        assert_eq!(parse_time("1970-01-02"), Some(86400));
        assert_eq!(parse_time("yesterday"), None);
        assert_eq!(mysql(86401), "1970-01-02 00:00:01");
    }
}
