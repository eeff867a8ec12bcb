//! A limit on the time in which a body gives nothing.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use tokio::time::timeout;

use super::Error;

/// How long a body may give nothing while it is asked. A slow line still gives a byte in a minute;
/// Flickr drops an upload that stands still for two.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// The same bytes; ends in an error where none come for too long. The time in which nobody asks
/// does not count.
pub(super) fn idle(
    body: BoxStream<'static, Result<Bytes, Error>>,
    what: String,
) -> BoxStream<'static, Result<Bytes, Error>> {
    unfold(Some((body, what)), async |state| {
        let (mut body, what) = state?;
        match timeout(LONGEST_SILENCE, body.next()).await {
            Ok(next) => next.map(|chunk| (chunk, Some((body, what)))),
            Err(_) => {
                let detail = format!("no byte came for {} seconds", LONGEST_SILENCE.as_secs());
                Some((Err(Error::Unavailable { what, detail }), None))
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::stream::{iter, pending};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_ends_in_an_error() {
        let bytes = iter([Ok(Bytes::from_static(b"a"))]).chain(pending());
        let mut body = idle(bytes.boxed(), "s3://b/a.jpg".to_owned());
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        // A pause of the reader is none of the body.
        tokio::time::sleep(LONGEST_SILENCE * 2).await;
        let asked = Instant::now();
        let error = body.next().await.unwrap().unwrap_err();
        assert_eq!(asked.elapsed(), LONGEST_SILENCE);
        assert!(error.to_string().contains("no byte came"), "{error}");
        assert!(body.next().await.is_none());
    }
}
