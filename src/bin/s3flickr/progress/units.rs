//! Spans of time and numbers of bytes, as a person reads them.

use std::time::Duration;

/// A span of time as a person says it: `2d 3h`, `3h 5m`, `4m 10s`, `12s`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        (_, _, _) => format!("{days}d {hours}h"),
    }
}

/// A span of time as a forecast says it: `about 9 h`, `about 12 days`, `under a minute`.
pub fn about(time: Duration) -> String {
    const HOUR: f64 = 3600.0;
    let seconds = time.as_secs_f64();
    match seconds {
        ..60.0 => "under a minute".to_owned(),
        ..5400.0 => format!("about {:.0} min", seconds / 60.0),
        _ if seconds < 72.0 * HOUR => format!("about {:.0} h", seconds / HOUR),
        _ => format!("about {:.0} days", seconds / (24.0 * HOUR)),
    }
}

/// A number of things: `1 photo`, `32,000 photos`.
pub fn things(n: u64, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", number(n))
}

/// Bytes as a person reads them: `123 B`, `4.5 MiB`.
pub fn bytes(n: u64) -> String {
    bytesize::ByteSize(n).display().iec().to_string()
}

/// A count with its thousands apart: `30,000`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate: `2.1 photos/s`, or a minute's where a second's is small.
pub fn per_second(rate: f64, unit: &str) -> String {
    match rate {
        100.0.. => format!("{} {unit}/s", number(rate as u64)),
        0.1.. => format!("{rate:.1} {unit}/s"),
        _ => format!("{:.1} {unit}/min", rate * 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_rates_are_said_as_people_say_them() {
        let counts = [0, 999, 1_000, 32_000, 1_234_567].map(number);
        assert_eq!(counts, ["0", "999", "1,000", "32,000", "1,234,567"]);
        let rates = [0.05, 0.5, 12.34, 1_500.0].map(|rate| per_second(rate, "photos"));
        let expected = [
            "3.0 photos/min",
            "0.5 photos/s",
            "12.3 photos/s",
            "1,500 photos/s",
        ];
        assert_eq!(rates, expected);
    }

    #[test]
    fn forecasts_are_round_and_numbers_are_easy_to_read() {
        let hour = 3_600;
        for (seconds, says) in [
            (0, "under a minute"),
            (59, "under a minute"),
            (60, "about 1 min"),
            (5_399, "about 90 min"),
            (32_000, "about 9 h"),
            (71 * hour, "about 71 h"),
            (288 * hour, "about 12 days"),
        ] {
            assert_eq!(about(Duration::from_secs(seconds)), says);
        }
        assert_eq!(
            [1, 2_000].map(|n| things(n, "photo")),
            ["1 photo", "2,000 photos"]
        );
    }

    #[test]
    fn spans_and_sizes_are_said_as_people_say_them() {
        let spans = [12, 250, 11_100, 200_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["12s", "4m 10s", "3h 5m", "2d 7h"]);
        assert_eq!([512, 4_718_592].map(bytes), ["512 B", "4.5 MiB"]);
    }
}
