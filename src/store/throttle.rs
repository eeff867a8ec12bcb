//! [`Throttle`]: a limit on the bytes a second of all files that share it.
//!
//! Each piece of a body reserves the time that it takes, and waits until it is due. So pieces pass
//! in the order in which they came, and no lane starves; governor's waiters would wake together
//! and try again. A pause here holds up both sides: nothing is read from the store meanwhile.

use std::io;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// The largest piece: what passes at once must be a small part of a second's bytes.
const LARGEST_PIECE: usize = 64 * 1024;

/// A piece is at most what passes in this part of a second. With 256 lanes, each then still moves
/// every quarter of a minute, so that neither Flickr nor the store takes a connection for dead.
const PIECES_A_SECOND: u64 = 16;

/// How many bytes a second may pass, for all who share it. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Throttle(Option<Arc<Bucket>>);

#[derive(Debug)]
struct Bucket {
    per_second: NonZeroU64,
    /// When the next piece is due.
    next: Mutex<Option<Instant>>,
    waiting: AtomicUsize,
}

impl Throttle {
    /// No limit.
    pub fn unlimited() -> Throttle {
        Throttle(None)
    }

    /// At most `bytes` a second, payload only.
    pub fn per_second(bytes: NonZeroU64) -> Throttle {
        Throttle(Some(Arc::new(Bucket {
            per_second: bytes,
            next: Mutex::new(None),
            waiting: AtomicUsize::new(0),
        })))
    }

    /// How many bodies wait for their turn now.
    pub fn waiting(&self) -> usize {
        let bucket = self.0.as_ref();
        bucket.map_or(0, |bucket| bucket.waiting.load(Ordering::Relaxed))
    }

    /// The same bytes, no faster than the limit lets them. Without one it is the same stream.
    pub fn apply(
        &self,
        body: BoxStream<'static, io::Result<Bytes>>,
    ) -> BoxStream<'static, io::Result<Bytes>> {
        let Some(bucket) = self.0.clone() else {
            return body;
        };
        let state = (body, Bytes::new(), bucket);
        let pieces = unfold(state, async |(mut body, mut chunk, bucket)| {
            while chunk.is_empty() {
                match body.next().await? {
                    Ok(next) => chunk = next,
                    Err(error) => return Some((Err(error), (body, chunk, bucket))),
                }
            }
            let piece = chunk.split_to(chunk.len().min(bucket.piece()));
            bucket.pass(piece.len()).await;
            Some((Ok(piece), (body, chunk, bucket)))
        });
        pieces.boxed()
    }
}

impl Bucket {
    fn piece(&self) -> usize {
        let piece = self.per_second.get().div_ceil(PIECES_A_SECOND);
        usize::try_from(piece).map_or(LARGEST_PIECE, |piece| piece.min(LARGEST_PIECE))
    }

    /// Waits until this many bytes may pass.
    async fn pass(&self, bytes: usize) {
        let takes = Duration::from_secs_f64(bytes as f64 / self.per_second.get() as f64);
        let due = {
            let mut next = self.next.lock();
            let now = Instant::now();
            // Time in which nobody asked is not saved up.
            let due = next.map_or(now, |next| next.max(now));
            *next = Some(due + takes);
            due
        };
        let _waiting = Waiting::begin(&self.waiting);
        sleep_until(due).await;
    }
}

/// One more who waits, until it is dropped: a body may be given up in the middle of a wait.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn begin(waiting: &AtomicUsize) -> Waiting<'_> {
        waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use futures_util::stream;

    use super::*;

    /// Reads a body of so many bytes, in chunks of 400,000; says how long that took.
    async fn read(throttle: &Throttle, bytes: usize) -> Duration {
        let whole = Bytes::from(vec![7; bytes]);
        let chunks = (0..bytes).step_by(400_000);
        let chunks = chunks.map(|from| Ok(whole.slice(from..bytes.min(from + 400_000))));
        let mut body = throttle.apply(stream::iter(chunks.collect::<Vec<_>>()).boxed());
        let (began, mut read) = (Instant::now(), 0);
        while let Some(piece) = body.next().await {
            read += piece.unwrap().len();
        }
        assert_eq!(read, bytes);
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_the_time_that_the_limit_says() {
        let throttle = Throttle::per_second(NonZeroU64::new(1_000_000).unwrap());
        let took = read(&throttle, 10_000_000).await.as_secs_f64();
        assert!((9.9..=10.1).contains(&took), "{took}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        let took = read(&throttle, 3_000_000).await.as_secs_f64();
        assert!(
            (2.9..=3.1).contains(&took),
            "idle time was saved up: {took}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn all_lanes_share_it_evenly() {
        let throttle = Throttle::per_second(NonZeroU64::new(1_000_000).unwrap());
        let took = join_all((0..5).map(|_| read(&throttle, 1_000_000))).await;
        for took in took.iter().map(Duration::as_secs_f64) {
            assert!((4.5..=5.1).contains(&took), "{took}");
        }
        assert_eq!(throttle.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn each_of_many_lanes_moves_often_enough_to_be_taken_for_alive() {
        let throttle = Throttle::per_second(NonZeroU64::new(1_024).unwrap());
        let lanes = (0..256).map(|_| async {
            let mut body =
                throttle.apply(stream::iter([Ok(Bytes::from(vec![7; 400_000]))]).boxed());
            let mut longest = Duration::ZERO;
            for _ in 0..4 {
                let began = Instant::now();
                body.next().await.unwrap().unwrap();
                longest = longest.max(began.elapsed());
            }
            longest
        });
        let longest = join_all(lanes).await.into_iter().max().unwrap();
        assert!(longest < Duration::from_secs(20), "{longest:?}");
    }

    #[tokio::test]
    async fn without_a_limit_a_body_is_left_as_it_is() {
        let chunk = Bytes::from(vec![7; 400_000]);
        let body = stream::iter([Ok(chunk.clone())]).boxed();
        let mut body = Throttle::unlimited().apply(body);
        assert_eq!(body.next().await.unwrap().unwrap().as_ptr(), chunk.as_ptr());
    }
}
