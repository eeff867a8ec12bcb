//! As little of HTTP/1.1 as the servers of the benchmark need, so that next to none of the
//! machine goes to them: a head is parsed by hand, and a body is thrown away as it comes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The longest head that is read.
const LONGEST_HEAD: usize = 64 * 1024;
/// How much of a body is read at a time.
const READ_BYTES: usize = 256 * 1024;
/// The largest body that is kept: parameters of a call, never a photo.
const KEPT_BYTES: usize = 16 * 1024;

/// A request whose body was read: its beginning is kept, the rest only counted.
pub struct Request {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The head's lines as sent.
    head: String,
    /// At most [`KEPT_BYTES`] of the body.
    pub body: Vec<u8>,
    /// How long the body was.
    pub length: u64,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// A parameter of the query, as sent.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs
            .into_iter()
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    }
}

/// An answer: a head's lines, and a block that is repeated until the body has its length.
pub struct Answer {
    /// `200 OK`
    pub status: &'static str,
    /// Further header lines, each with its end of line.
    pub headers: String,
    /// What the body is made of.
    pub block: Arc<[u8]>,
    /// How long the body is, counted in the block's repetitions from `skipped` on.
    pub length: u64,
    /// How many bytes of the repetitions come before the body (a range's beginning).
    pub skipped: u64,
    /// Whether the body is left out, as for `HEAD`.
    pub head_only: bool,
    /// The wait before it.
    pub delay: Duration,
}

impl Answer {
    /// A text.
    pub fn text(text: impl Into<String>, kind: &str) -> Answer {
        let text = text.into();
        Answer {
            status: "200 OK",
            headers: format!("Content-Type: {kind}\r\n"),
            length: text.len() as u64,
            block: text.into_bytes().into(),
            skipped: 0,
            head_only: false,
            delay: Duration::ZERO,
        }
    }
}

/// Answers requests for ever, each connection in a task of its own.
pub async fn serve<F>(listener: TcpListener, answer: F)
where
    F: Fn(&Request) -> Answer + Clone + Send + Sync + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        let answer = answer.clone();
        tokio::spawn(async move {
            // A client that goes away is its own affair.
            let _ = stream.set_nodelay(true);
            let _ = connection(stream, answer).await;
        });
    }
}

async fn connection<F>(mut stream: TcpStream, answer: F) -> io::Result<()>
where
    F: Fn(&Request) -> Answer + Send,
{
    let mut pending = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    while let Some(request) = read(&mut stream, &mut pending, &mut buffer).await? {
        let answer = answer(&request);
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        write(&mut stream, &answer).await?;
    }
    Ok(())
}

/// The next request, or nothing where the client closed.
async fn read(
    stream: &mut TcpStream,
    pending: &mut Vec<u8>,
    buffer: &mut [u8],
) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(at) = pending.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        let count = stream.read(buffer).await?;
        if count == 0 || pending.len() > LONGEST_HEAD {
            return Ok(None);
        }
        pending.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end);
    let length: u64 = header(&head, "content-length")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    if header(&head, "expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    // No client here sends a request before it has the last one's answer.
    let mut body = std::mem::take(pending);
    let mut left = length.saturating_sub(body.len() as u64);
    while left > 0 {
        let most = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = stream.read(&mut buffer[..most]).await?;
        if count == 0 {
            return Ok(None);
        }
        let room = KEPT_BYTES.saturating_sub(body.len());
        body.extend_from_slice(&buffer[..count.min(room)]);
        left -= count as u64;
    }
    let mut first = head.split(' ');
    let mut word = || first.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    Ok(Some(Request {
        method,
        target,
        head,
        body,
        length,
    }))
}

async fn write(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n",
        answer.status, answer.length, answer.headers
    );
    let block = &answer.block;
    if answer.head_only || answer.length == 0 {
        return stream.write_all(head.as_bytes()).await;
    }
    let size = block.len() as u64;
    let start = usize::try_from(answer.skipped % size).unwrap_or_default();
    let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX);
    let first = &block[start..];
    let first = &first[..first.len().min(most(answer.length))];
    if first.len() <= READ_BYTES {
        // One packet for a small answer, as servers do.
        stream.write_all(&[head.as_bytes(), first].concat()).await?;
    } else {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(first).await?;
    }
    let mut left = answer.length - first.len() as u64;
    while left > 0 {
        let piece = &block[..block.len().min(most(left))];
        stream.write_all(piece).await?;
        left -= piece.len() as u64;
    }
    Ok(())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .into_iter()
        .find(|line| line.0.eq_ignore_ascii_case(name))
        .map(|line| line.1.trim())
}
