//! A worker that is started while a service is away: it waits, as one does that was started before.

use std::time::{Duration, SystemTime};

use crate::error_chain::{innermost, is_outage};
use crate::model::outage::Service;
use crate::model::outcome::Backoff;
use crate::monitor::{Event, Monitor};
use crate::queue;
use crate::stop::Stop;

/// A service that is away must not be asked without a pause, even where a failed photo is tried
/// again at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause, in waits before a failed photo's next attempt.
const LONGEST_PAUSE: u32 = 18;

/// A service that is away, and what was seen of that in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Which service.
    pub service: Service,
    /// What was seen, such as `HTTP 503`.
    pub way: String,
}

/// Whether this error of a queue is an outage.
pub fn queue_outage(error: &queue::Error) -> Option<Outage> {
    let queue::Error::Unreachable { queue, source } = error else {
        return None;
    };
    is_outage(&**source).then(|| Outage {
        service: Service::Queue(queue.clone()),
        way: innermost(error),
    })
}

/// Tries again, after growing pauses, for as long as `outage` says that the failure is one; the
/// monitor is told. `None` where the run is asked to end meanwhile.
///
/// # Errors
/// Any other failure of `attempt`.
pub async fn until_answered<T, E>(
    backoff: &Backoff,
    stop: &Stop,
    monitor: &dyn Monitor,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
    mut outage: impl AsyncFnMut(&E) -> Option<Outage>,
) -> Result<Option<T>, E> {
    // The pauses of a worker that was started before: from five seconds to three minutes by default.
    let pauses = Backoff {
        first: (backoff.first / 2).max(SHORTEST_PAUSE),
        longest: backoff.first * LONGEST_PAUSE,
    };
    let mut away: Option<(SystemTime, Service)> = None;
    for failures in 1.. {
        let error = match attempt().await {
            Ok(done) => {
                if let Some((since, service)) = away {
                    let lasted = since.elapsed().unwrap_or_default();
                    monitor.event(Event::Recovered { service, lasted });
                }
                return Ok(Some(done));
            }
            Err(error) => error,
        };
        let Some(Outage { service, way }) = outage(&error).await else {
            return Err(error);
        };
        let (since, _) = away.get_or_insert((SystemTime::now(), service.clone()));
        let next_try = pauses.after(failures);
        monitor.event(Event::Outage {
            service,
            way,
            since: *since,
            next_try,
        });
        tokio::select! {
            () = stop.draining() => return Ok(None),
            () = tokio::time::sleep(next_try) => {}
        }
    }
    Ok(None)
}
