//! The photo's bytes on their way to Flickr: counted, watched, and stopped when nobody wants them any more.
//!
//! Whether the last byte was handed over decides what a failure means. Before, Flickr can have nothing:
//! the request's announced length is not reached. After, it may have the photo.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use super::Error;

/// Where the bytes come from.
pub(super) type Source = BoxStream<'static, io::Result<Bytes>>;

/// The end that the HTTP client reads from.
pub(super) struct Body(Arc<Mutex<State>>);

/// The end that the upload looks at. Dropping it stops the body, even where the client would read on
/// behind an answer that came early.
pub(super) struct Gauge(Arc<Mutex<State>>);

/// Why nothing moved for too long.
pub(super) enum Stall {
    /// The source gave nothing.
    Source,
    /// Flickr took nothing.
    Flickr,
    /// Flickr took everything and did not answer.
    Answer,
}

struct State {
    /// Gone once it has ended, failed, or is not wanted any more.
    source: Option<Source>,
    left: u64,
    whole: bool,
    failure: Option<Error>,
    moved: Instant,
    /// Whether the source was asked and has not given yet.
    asked: bool,
    reader: Option<Waker>,
}

/// A body of exactly `length` bytes, and its gauge.
pub(super) fn metered(source: Source, length: u64) -> (Body, Gauge) {
    let state = State {
        source: Some(source),
        left: length,
        whole: false,
        failure: None,
        moved: Instant::now(),
        asked: false,
        reader: None,
    };
    let state = Arc::new(Mutex::new(state));
    (Body(state.clone()), Gauge(state))
}

impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().poll(context)
    }
}

impl State {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(
                (!self.whole).then(|| Err(io::Error::other("the upload was given up"))),
            );
        };
        let Poll::Ready(next) = source.as_mut().poll_next(context) else {
            self.asked = true;
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        };
        self.asked = false;
        self.moved = Instant::now();
        match next {
            Some(Ok(chunk)) => match self.left.checked_sub(chunk.len() as u64) {
                Some(left) => {
                    self.left = left;
                    Poll::Ready(Some(Ok(chunk)))
                }
                None => self.fail("it is longer than announced", None),
            },
            Some(Err(error)) => self.fail("its source failed", Some(error)),
            None if self.left > 0 => {
                self.fail(&format!("it ended {} bytes early", self.left), None)
            }
            None => {
                // Only now may the last boundary go out. A source that checks its bytes says here if they are wrong.
                self.whole = true;
                self.source = None;
                Poll::Ready(None)
            }
        }
    }

    /// Ends the body with an error, which makes the client close the connection.
    fn fail(&mut self, why: &str, cause: Option<io::Error>) -> Poll<Option<io::Result<Bytes>>> {
        self.source = None;
        self.failure = Some(Error::Source {
            why: why.to_owned(),
            source: cause.map(Into::into),
        });
        Poll::Ready(Some(Err(io::Error::other(why.to_owned()))))
    }
}

impl Gauge {
    /// Whether the last byte was handed over, so that Flickr may have the photo.
    pub(super) fn is_whole(&self) -> bool {
        self.0.lock().whole
    }

    /// Why our own side failed, if it did.
    pub(super) fn failure(&self) -> Option<Error> {
        self.0.lock().failure.take()
    }

    /// Comes back when nothing has moved for `idle`, or no answer has come for `answer` after the last byte.
    pub(super) async fn stalled(&self, idle: Duration, answer: Duration) -> Stall {
        loop {
            let (end, stall) = self.patience(idle, answer);
            let now = Instant::now();
            if end <= now {
                return stall;
            }
            // The last byte may go meanwhile, and another limit hold then.
            sleep_until(end.min(now + idle.min(answer))).await;
        }
    }

    fn patience(&self, idle: Duration, answer: Duration) -> (Instant, Stall) {
        let state = self.0.lock();
        match (state.whole, state.asked) {
            (true, _) => (state.moved + answer, Stall::Answer),
            (false, true) => (state.moved + idle, Stall::Source),
            (false, false) => (state.moved + idle, Stall::Flickr),
        }
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        let (source, reader) = {
            let mut state = self.0.lock();
            (state.source.take(), state.reader.take())
        };
        drop(source);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
