//! When progress is told: twice a second where it is drawn in place, rarely where each is a line.

use std::time::Duration;

/// Between two drawings in place.
const DRAWN: Duration = Duration::from_millis(500);
/// Before the first line of a log...
const FIRST_LINE: Duration = Duration::from_secs(10);
/// ... and between two lines, at most.
const RAREST: Duration = Duration::from_secs(60);

/// The pauses between two reports of progress.
#[derive(Debug, Clone)]
pub struct Schedule {
    next: Duration,
    draws: bool,
}

impl Schedule {
    /// The pauses of a terminal on which progress is drawn in place, or those of a log.
    pub fn new(draws: bool) -> Schedule {
        let next = if draws { DRAWN } else { FIRST_LINE };
        Schedule { next, draws }
    }

    /// The pause before the next report: in a log twice as long each time, up to a minute.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        if !self.draws {
            self.next = (pause * 2).min(RAREST);
        }
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_log_become_rarer() {
        let mut lines = Schedule::new(false);
        let seconds = [0; 5].map(|_| lines.pause().as_secs());
        assert_eq!(seconds, [10, 20, 40, 60, 60]);
        let mut drawn = Schedule::new(true);
        assert_eq!(drawn.pause(), drawn.pause());
    }
}
