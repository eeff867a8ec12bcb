//! How a run is asked to end: in two named stages.

use tokio_util::sync::CancellationToken;

/// The request to end a run. Cheap to clone; all clones are one request.
///
/// *Drain*: take nothing new, finish what is in hand.
/// *Abort*: give back at once what is in hand.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Stop {
    /// Nobody asked yet.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Asks for the first stage.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Asks for the second stage, which includes the first.
    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Whether nothing new may be taken.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// What ends a wait that a drain must not outlast; cancelled when nothing new may be taken.
    pub fn drain_token(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Completes when nothing new may be taken.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Completes when what is in hand must be given back.
    pub async fn aborting(&self) {
        self.abort.cancelled().await;
    }
}
