//! Ctrl-C and SIGTERM: the first drains, the second gives everything back.

use s3flickr::stop::Stop;
use tokio::signal::unix::{SignalKind, signal};

use crate::console::Console;

/// A stop that the user's signals ask for. Where signals cannot be had, it is never asked for.
pub fn stop_on_signals(console: &Console) -> Stop {
    let stop = Stop::new();
    let (asked, console) = (stop.clone(), console.clone());
    tokio::spawn(async move {
        let signals = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        );
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            return;
        };
        let mut count = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            count += 1;
            match count {
                1 => {
                    console.say("finishing what is in hand; once more gives it back at once");
                    asked.drain();
                }
                _ => {
                    console.say("giving back what is in hand");
                    asked.abort();
                }
            }
        }
    });
    stop
}
