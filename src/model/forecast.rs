//! Counts and limits in, hours out: how long photos take at a rate of calls.

use std::time::Duration;

/// How long SQS keeps a message at most, counted from its sending.
pub const SQS_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);

/// Photos that one call lists.
const PHOTOS_A_CALL: u64 = 500;
/// Calls that a new album takes: one makes it, one puts its photos in.
const CALLS_AN_ALBUM: u64 = 2;

/// What is to be done, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Photos that are to be uploaded, one call each.
    pub photos: u64,
    /// Albums that are to be made of them.
    pub albums: u64,
    /// Calls that may be made in each `per`; 0 is no limit.
    pub calls: u32,
    /// The time that they are counted over.
    pub per: Duration,
}

impl Forecast {
    /// How long the uploads take at least; `None` where no limit tells.
    pub fn uploading(&self) -> Option<Duration> {
        self.time_of(self.photos)
    }

    /// The calls of `assign-sets` after that: it lists the photos, and makes the albums.
    pub fn album_calls(&self) -> u64 {
        match self.albums {
            0 => 0,
            albums => self.photos.div_ceil(PHOTOS_A_CALL) + CALLS_AN_ALBUM * albums,
        }
    }

    /// How many photos SQS would drop undone: those whose turn comes after it keeps a message.
    pub fn dropped_by_sqs(&self) -> u64 {
        match self.uploading() {
            Some(time) if time > SQS_RETENTION => {
                let windows = SQS_RETENTION.as_secs_f64() / self.per.as_secs_f64();
                let in_time = windows * f64::from(self.calls);
                self.photos.saturating_sub(in_time as u64)
            }
            _ => 0,
        }
    }

    fn time_of(&self, calls: u64) -> Option<Duration> {
        let seconds = calls as f64 * self.per.as_secs_f64() / f64::from(self.calls);
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(photos: u64, calls: u32) -> Forecast {
        Forecast {
            photos,
            albums: 0,
            calls,
            per: Duration::from_secs(3600),
        }
    }

    #[test]
    fn a_photo_is_a_call() {
        let hours = |photos, calls| {
            let time = forecast(photos, calls).uploading();
            time.map(|time| time.as_secs_f64() / 3600.0)
        };
        assert_eq!(hours(3_600, 3_600), Some(1.0));
        assert_eq!(hours(32_000, 3_600).map(f64::round), Some(9.0));
        assert_eq!(hours(0, 3_600), Some(0.0));
        assert_eq!(hours(32_000, 0), None);
        assert_eq!(hours(0, 0), None);
    }

    #[test]
    fn albums_take_calls_of_their_own() {
        let with = |albums| Forecast {
            albums,
            ..forecast(1_001, 3_600)
        };
        assert_eq!(with(0).album_calls(), 0);
        assert_eq!(with(1).album_calls(), 3 + 2);
        assert_eq!(with(40).album_calls(), 3 + 80);
    }

    #[test]
    fn what_takes_more_than_a_fortnight_does_not_outlast_sqs() {
        let fortnight = 14 * 24 * 3_600;
        assert_eq!(forecast(fortnight, 3_600).dropped_by_sqs(), 0);
        assert_eq!(forecast(fortnight + 7, 3_600).dropped_by_sqs(), 7);
        assert_eq!(forecast(fortnight, 1_800).dropped_by_sqs(), fortnight / 2);
        assert_eq!(forecast(u64::MAX, 0).dropped_by_sqs(), 0);
    }
}
