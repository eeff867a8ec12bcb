//! What all lanes of a worker wait for, in the words of a line of progress.

use std::time::{Duration, Instant};

use s3flickr::monitor::Wait;

use super::units::span;

/// A wait, and when it was told.
#[derive(Debug, Clone, Copy)]
pub struct Stall {
    wait: Wait,
    told: Instant,
}

impl Stall {
    /// A wait that is told `now`.
    pub fn new(wait: Wait, now: Instant) -> Stall {
        Stall { wait, told: now }
    }

    /// What is waited for, and how much longer as far as that is known.
    pub fn text(&self, now: Instant) -> String {
        match self.wait {
            Wait::Call { next_call } => {
                let left = next_call.map(|next_call| {
                    let left = next_call.saturating_sub(now.saturating_duration_since(self.told));
                    Duration::from_secs_f64(left.as_secs_f64().ceil())
                });
                match left.filter(|left| !left.is_zero()) {
                    Some(left) => {
                        format!(
                            "waiting for the call budget: next call in {}",
                            seconds(left)
                        )
                    }
                    None => "waiting for the call budget".to_owned(),
                }
            }
            Wait::Message => "waiting for photos: the queue shows none".to_owned(),
        }
    }
}

/// `24 s`, or a longer time as [`span`] says it.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        _ => span(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_until_the_next_call_is_counted_down() {
        let told = Instant::now();
        let next_call = Some(Duration::from_millis(23_400));
        let stall = Stall::new(Wait::Call { next_call }, told);
        let after = |seconds| stall.text(told + Duration::from_secs(seconds));
        assert_eq!(after(0), "waiting for the call budget: next call in 24 s");
        assert_eq!(after(20), "waiting for the call budget: next call in 4 s");
        assert_eq!(after(60), "waiting for the call budget");
        let unknown = Stall::new(Wait::Call { next_call: None }, told);
        assert_eq!(unknown.text(told), "waiting for the call budget");
    }
}
