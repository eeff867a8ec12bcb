//! What asks a run to end. Ctrl-C and SIGTERM: the first drains, the second gives everything back.
//! On EC2 also the notice that the machine will be taken away.

use s3flickr::stop::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Console;

/// A stop that the user's signals ask for. Where signals cannot be had, it is never asked for.
pub fn stop_on_signals(console: &Console) -> Stop {
    let stop = Stop::new();
    let (asked, console) = (stop.clone(), console.clone());
    tokio::spawn(async move {
        let Some(mut signals) = Signals::listen() else {
            return;
        };
        signals.next().await;
        console.say("finishing what is in hand; once more gives it back at once");
        asked.drain();
        signals.next().await;
        console.say("giving back what is in hand");
        asked.abort();
    });
    stop
}

/// Drains when EC2 announces that it will take this machine away.
pub async fn drain_on_interruption(stop: Stop, console: Console) {
    let notice = s3flickr::aws::interruption().await;
    console.say(&format!(
        "EC2 announces {notice}: finishing what is in hand"
    ));
    stop.drain();
}

/// Completes at the first signal. Where signals cannot be had, never.
pub async fn asked_to_end() {
    match Signals::listen() {
        Some(mut signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Option<Signals> {
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        let terminate = signal(SignalKind::terminate()).ok()?;
        Some(Signals {
            interrupt,
            terminate,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
