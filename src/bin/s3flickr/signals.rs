//! What asks a run to end. Ctrl-C, SIGTERM and SIGHUP (the window was closed): the first drains,
//! the second gives everything back.
//! On EC2 also the notice that the machine will be taken away.

use std::io::{IsTerminal, stderr};

use s3flickr::stop::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::console::Console;

/// A stop that the user's signals ask for. Where signals cannot be had, it is never asked for.
pub fn stop_on_signals(console: &Console) -> Stop {
    let stop = Stop::new();
    let (asked, console) = (stop.clone(), console.clone());
    let signals = Signals::listen();
    tokio::spawn(async move {
        let Some(mut signals) = signals else {
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

/// Completes at the first signal that comes from now on, awaited or not. Where signals cannot be
/// had, never.
pub fn asked_to_end() -> impl Future<Output = ()> {
    let signals = Signals::listen();
    async {
        match signals {
            Some(mut signals) => signals.next().await,
            None => std::future::pending().await,
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where it was ignored from the start, as under `nohup`: then it stays so.
    hangup: Option<Signal>,
}

impl Signals {
    fn listen() -> Option<Signals> {
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        let terminate = signal(SignalKind::terminate()).ok()?;
        let hangup = match ignores_hangup() {
            true => None,
            false => signal(SignalKind::hangup()).ok(),
        };
        Some(Signals {
            interrupt,
            terminate,
            hangup,
        })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Whether whoever started this process wanted it to outlive the terminal. Linux tells which
/// signals are ignored; elsewhere it is taken to be so where nobody watches.
fn ignores_hangup() -> bool {
    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => ignored(&status).is_some_and(|mask| mask & 1 == 1),
        Err(_) => !stderr().is_terminal(),
    }
}

/// The signals that a process ignores, as `/proc/PID/status` tells: a bit each, SIGHUP's the first.
fn ignored(status: &str) -> Option<u64> {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
