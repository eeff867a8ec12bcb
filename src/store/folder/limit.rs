//! A limit for how long the disk may take. A dead network mount, or a drive that hangs, never
//! answers a system call: the thread that made it is lost, and nobody else must wait for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt, unfold};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::store::{Error, Page};

/// How long the disk may take for one answer. A drive that wakes from sleep takes about ten
/// seconds, and a network mount comes back within twenty or not at all.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// Does a piece of work that blocks; an error where the disk does not answer in time.
pub(super) async fn within<T: Send + 'static>(
    limit: Duration,
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(panic)) => Err(Error::Unavailable {
            what: path.display().to_string(),
            detail: panic.to_string(),
        }),
        Err(_) => Err(silent(limit, path)),
    }
}

/// The error of a disk that does not answer.
pub(super) fn silent(limit: Duration, path: &Path) -> Error {
    let seconds = limit.as_secs();
    Error::Unavailable {
        what: path.display().to_string(),
        detail: format!("the disk did not answer for {seconds} seconds"),
    }
}

/// The pages that a thread sends, and an error where it does not get any further.
pub(super) fn pages(
    limit: Duration,
    receiver: mpsc::Receiver<Result<Page, Error>>,
    beat: Beat,
) -> BoxStream<'static, Result<Page, Error>> {
    unfold(Some((receiver, beat)), move |state| async move {
        let (mut receiver, beat) = state?;
        tokio::select! {
            page = receiver.recv() => Some((page?, Some((receiver, beat)))),
            error = beat.stopped(limit) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// What a thread that blocks is at, for somebody who waits for it.
#[derive(Clone)]
pub(super) struct Beat(Arc<Mutex<(Instant, PathBuf)>>);

impl Beat {
    /// A thread that begins at this path.
    pub(super) fn new(path: &Path) -> Beat {
        Beat(Arc::new(Mutex::new((Instant::now(), path.to_owned()))))
    }

    /// The thread is about to ask the disk for this.
    pub(super) fn at(&self, path: &Path) {
        let mut beat = self.0.lock();
        beat.0 = Instant::now();
        path.clone_into(&mut beat.1);
    }

    /// The disk gave a part of what it was asked for.
    pub(super) fn goes_on(&self) {
        let mut beat = self.0.lock();
        beat.0 = Instant::now();
    }

    /// Completes when the thread has asked for one thing longer than the limit, with the error.
    /// The time before this was called does not count: the thread may have waited for its reader.
    pub(super) async fn stopped(&self, limit: Duration) -> Error {
        let called = Instant::now();
        loop {
            let (since, path) = {
                let beat = self.0.lock();
                (beat.0.max(called), beat.1.clone())
            };
            match (since + limit).checked_duration_since(Instant::now()) {
                Some(rest) if !rest.is_zero() => tokio::time::sleep(rest).await,
                _ => return silent(limit, &path),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_call_that_never_returns_is_given_up() {
        let (hang, never) = std::sync::mpsc::channel::<()>();
        let path = Path::new("/mnt/dead/a.jpg");
        let work = move || {
            let _ = never.recv();
        };
        let error = within(SHORT, path, work).await.unwrap_err().to_string();
        assert!(error.contains("/mnt/dead/a.jpg"), "{error}");
        drop(hang);
    }

    #[tokio::test]
    async fn a_walk_that_is_stuck_ends_the_listing_with_the_place() {
        let (sender, receiver) = mpsc::channel(2);
        sender.send(Ok(Page::default())).await.unwrap();
        let beat = Beat::new(Path::new("/mnt/dead"));
        let all: Vec<_> = pages(SHORT, receiver, beat).collect().await;
        assert!(
            matches!(&all[..], [Ok(_), Err(Error::Unavailable { what, .. })] if what == "/mnt/dead")
        );
        drop(sender);
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_that_is_stuck_is_noticed_and_one_that_goes_on_is_not() {
        let beat = Beat::new(Path::new("/mnt"));
        beat.at(Path::new("/mnt/dead"));
        let error = beat.stopped(SHORT).await.to_string();
        assert!(error.contains("/mnt/dead "), "{error}");
        let going_on = async {
            for _ in 0..20 {
                tokio::time::sleep(SHORT / 10).await;
                beat.goes_on();
            }
        };
        tokio::select! {
            biased;
            () = going_on => {}
            error = beat.stopped(SHORT) => panic!("{error}"),
        }
    }
}
