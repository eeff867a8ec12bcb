//! One lane of a worker: takes a message, copies its photo, settles the message, and starts over.

use std::sync::Arc;

use super::Error;
use super::breaker::Pass;
use super::lane_stats::LaneState;
use super::summary::StopReason;
use super::worker::Worker;
use crate::queue::{self, Lease};
use crate::store::{self, Slot};

/// One of the lanes of a [`Worker`].
pub(super) struct Lane {
    pub worker: Arc<Worker>,
    /// The right to write one file. It is asked for before the message is leased, so that no
    /// message waits in hand.
    pub slot: Option<Slot>,
}

impl Lane {
    pub(super) fn new(worker: &Arc<Worker>) -> Lane {
        Lane {
            worker: Arc::clone(worker),
            slot: None,
        }
    }

    /// Works until the queue is drained or the run stops; fails where the queue refuses to be used.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        while let Some((lease, pass)) = self.next().await? {
            match self.process(lease, pass).await {
                // Without the lease another worker has the message, or will have it, and looks
                // for the photo before it uploads. And a message that the queue does not accept
                // back is handed out again, until the queue moves it to the failed queue.
                Ok(()) | Err(queue::Error::LeaseLost { .. } | queue::Error::Refused { .. }) => {}
                Err(error) => self.worker.retry_later(error, None)?,
            }
        }
        Ok(())
    }

    /// The next message, and the breaker's pass to try it; `None` when this lane is to end.
    async fn next(&mut self) -> Result<Option<(Lease, Pass)>, Error> {
        let mut pass = None;
        loop {
            if self.worker.is_finished() || self.worker.retires_lane() {
                return Ok(None);
            }
            let Some(entered) = pass.take() else {
                pass = self.enter().await;
                continue;
            };
            if self.slot.is_none() && !self.worker.scout.is_needed() {
                self.slot = self.take_slot(&entered).await?;
                pass = self.slot.is_some().then_some(entered);
                continue;
            }
            let Some(received) = self.receive().await else {
                continue;
            };
            match received {
                Ok(Some(lease)) => {
                    if self.accepts(&entered).await {
                        return Ok(Some((lease, entered)));
                    }
                    // A drain or an outage began while the request waited. A message that is not
                    // released comes back late.
                    let _ = self.worker.release(lease).await;
                }
                Ok(None) => {
                    self.worker.breaker.queue_answered();
                    self.check_idle(&entered).await?;
                    pass = Some(entered);
                }
                Err(error) => self.worker.retry_later(error, Some(&entered))?,
            }
        }
    }

    /// The breaker's pass to take a job; `None` where the caller should look around first.
    async fn enter(&self) -> Option<Pass> {
        tokio::select! {
            () = self.worker.stop.draining() => None,
            pass = self.worker.breaker.enter() => pass,
        }
    }

    /// A message came: whether this lane may still try it.
    async fn accepts(&self, pass: &Pass) -> bool {
        self.worker.breaker.queue_answered();
        self.worker.idle.reset().await;
        !self.worker.is_finished() && pass.begin()
    }

    /// No message came: perhaps there will be no more.
    async fn check_idle(&self, pass: &Pass) -> Result<(), Error> {
        let worker = &self.worker;
        if worker.options.forever {
            return Ok(());
        }
        match worker.idle.check(&worker.queue).await {
            Ok(true) => {
                worker.stop_reason.set(StopReason::Drained);
                // The lanes that wait must notice.
                worker.breaker.wake();
            }
            Ok(false) => {}
            Err(error) => worker.retry_later(error, Some(pass))?,
        }
        Ok(())
    }

    /// Asks the queue for a message. An idle lane keeps no slot, and asks only when it is its turn:
    /// `None` where a message came before that, or the run is to end.
    async fn receive(&mut self) -> Option<Result<Option<Lease>, queue::Error>> {
        let worker = &self.worker;
        let _state = worker.stats.enter(LaneState::AwaitingJob);
        let mut turn = None;
        if worker.scout.is_needed() {
            self.slot = None;
            turn = tokio::select! {
                () = worker.stop.draining() => None,
                turn = worker.scout.turn() => turn,
            };
            if turn.is_none() || worker.is_finished() {
                return None;
            }
        }
        let timeout = worker.options.visibility_timeout;
        let received = worker.queue.receive(timeout, worker.receive_wait()).await;
        if let Ok(message) = &received {
            worker.scout.asked(message.is_some());
        }
        drop(turn);
        Some(received)
    }

    /// The right to write one file; `None` where the run is to end, or the place that shares the
    /// rights out cannot be asked.
    async fn take_slot(&self, pass: &Pass) -> Result<Option<Slot>, Error> {
        let worker = &self.worker;
        let _state = worker.stats.enter(LaneState::AwaitingSlot);
        let taken = tokio::select! {
            () = worker.stop.draining() => return Ok(None),
            taken = worker.target.slot() => taken,
        };
        match taken {
            Ok(slot) => Ok(Some(slot)),
            Err(store::Error::Draining) => Ok(None),
            Err(error) => {
                // The shared budget lives in the queue, so ask the queue for the typed error.
                match worker.queue.counts().await {
                    Ok(_) => worker.queue_failed(&error, Some(pass)),
                    Err(cause) => worker.retry_later(cause, Some(pass))?,
                }
                Ok(None)
            }
        }
    }
}
