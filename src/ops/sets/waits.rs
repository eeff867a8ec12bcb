//! Says what a run waits for, when it waits long.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::flickr::Client;
use crate::monitor::{Event, Monitor};

/// How often it is looked whether something is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A shorter wait is not worth a line.
const WORTH_SAYING: Duration = Duration::from_secs(2);
/// Without a call for this long, something else is waited for.
const STANDSTILL: Duration = Duration::from_secs(15);

/// Runs `work`, and tells the monitor of each pause that Flickr asks for, and when no call was made for long.
pub(super) async fn reporting_waits<T>(
    flickr: &Client,
    monitor: &dyn Monitor,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    let mut said_until = Instant::now();
    let (mut calls, mut since) = (flickr.calls(), Instant::now());
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = sleep(LOOK_EVERY) => {}
        }
        let now = Instant::now();
        if flickr.calls() != calls {
            (calls, since) = (flickr.calls(), now);
        }
        let paused = flickr.budget().paused_for();
        let pause =
            paused.filter(|pause| *pause >= WORTH_SAYING && now + *pause > said_until + LOOK_EVERY);
        if let Some(pause) = pause {
            said_until = now + pause;
            let seconds = pause.as_secs_f64().ceil();
            let line = format!("Flickr asks to wait: next call in {seconds} s");
            monitor.event(Event::Waiting { reason: line });
        } else if paused.is_none() && now.duration_since(since) >= STANDSTILL && now >= said_until {
            said_until = now + STANDSTILL * 4;
            let seconds = now.duration_since(since).as_secs();
            let line = format!(
                "no call to Flickr for {seconds} s: waiting for its answer or for the call budget"
            );
            monitor.event(Event::Waiting { reason: line });
        }
    }
}
