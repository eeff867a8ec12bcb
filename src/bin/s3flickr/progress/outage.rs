//! How an outage is told: what is waited for, since when, and when it is tried again.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use s3flickr::model::outage::Service;

use super::units::span;

/// An outage older than this is told with its date.
const DAY: Duration = Duration::from_secs(20 * 3600);

/// What is said at the beginning of each pause.
pub fn waiting(service: &Service, way: &str, since: SystemTime, next_try: Duration) -> String {
    let (seen, rest) = match service {
        Service::Uploads | Service::Calls => ("does not answer", "no photo's retries are used up"),
        Service::Source(_) => ("cannot be read", "no photo's retries are used up"),
        Service::Queue(_) => ("cannot be reached", "nothing is lost"),
    };
    let (since, next_try) = (clock(since), seconds(next_try));
    format!("{service} {seen} ({way}) since {since}; next try in {next_try} s; {rest}")
}

/// The same in the few words of a line of progress.
pub fn brief(service: &Service, since: SystemTime) -> String {
    format!("waiting for {service} since {}", clock(since))
}

/// What is said when it is over.
pub fn over(service: &Service, lasted: Duration) -> String {
    let again = match service {
        Service::Source(_) => "can be read again",
        Service::Uploads | Service::Calls | Service::Queue(_) => "answers again",
    };
    format!("{service} {again} after {}", span(lasted))
}

/// The moment in UTC, for a program.
pub fn utc(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| String::new(), |time| format!("{time:.0}"))
}

/// The time of day here, for a person.
fn clock(time: SystemTime) -> String {
    let is_old = time.elapsed().is_ok_and(|elapsed| elapsed > DAY);
    let form = if is_old {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%H:%M:%S"
    };
    Timestamp::try_from(time).map_or_else(
        |_| String::new(),
        |time| {
            time.to_zoned_datetime(TimeZone::system())
                .strftime(form)
                .to_string()
        },
    )
}

/// Whole seconds, or a tenth of one where there are few.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 && seconds.fract() != 0.0 {
        let tenths = format!("{seconds:.1}");
        return tenths.trim_end_matches(".0").to_owned();
    }
    format!("{seconds:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_with_its_beginning_and_the_next_try() {
        let flickr = Service::Uploads;
        let now = SystemTime::now();
        let text = waiting(&flickr, "HTTP 503", now, Duration::from_millis(39_998));
        let expected = format!(
            "Flickr does not answer (HTTP 503) since {}; next try in 40 s; \
             no photo's retries are used up",
            clock(now)
        );
        assert_eq!(text, expected);
        assert_eq!(
            over(&flickr, Duration::from_secs(602)),
            "Flickr answers again after 10m 2s"
        );
        let next = [100, 1_600, 4_997, 12_800].map(|ms| seconds(Duration::from_millis(ms)));
        assert_eq!(next, ["0.1", "1.6", "5", "13"]);
        let store = Service::Source("s3://b/".into());
        assert!(
            waiting(&store, "timed out", now, now.elapsed().unwrap())
                .starts_with("s3://b/ cannot be read")
        );
    }

    #[test]
    fn an_old_outage_is_told_with_its_date() {
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * 400);
        assert!(
            clock(long_ago).starts_with("1971-02-0"),
            "{}",
            clock(long_ago)
        );
        assert_eq!(utc(long_ago), "1971-02-05T00:00:00Z");
    }
}
