//! An S3 on loopback that answers GetObject just as a test bends it: status, headers, length, and
//! where the body breaks. It speaks HTTP itself, so that it can do what no server library would.
//!
//! A listing (`list-type=2`) is answered straight, in one page, so that `populate` works.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::cli::User;

/// One object as the listing shows it.
#[derive(Clone, Debug)]
pub struct Object {
    pub key: String,
    pub bytes: Vec<u8>,
    /// With its quotes, as a header has it; empty for none.
    pub etag: String,
    /// Further headers of the answer, such as a checksum.
    pub headers: Vec<(String, String)>,
}

impl Object {
    /// An object that was put in one piece: its ETag is its MD5.
    pub fn plain(key: &str, bytes: &[u8]) -> Object {
        let etag = format!("\"{}\"", HEXLOWER.encode(&Md5::digest(bytes)));
        Object {
            key: key.to_owned(),
            bytes: bytes.to_vec(),
            etag,
            headers: Vec::new(),
        }
    }

    /// The same with another ETag, given without quotes.
    pub fn with_etag(self, etag: &str) -> Object {
        Object {
            etag: format!("\"{etag}\""),
            ..self
        }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Object {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A GetObject request.
#[derive(Clone, Debug)]
pub struct Get {
    /// How many came before it, of this object.
    pub number: usize,
    pub key: String,
    /// The first byte that `Range` asks for.
    pub from: Option<usize>,
    pub if_match: Option<String>,
    /// All lines of its head.
    pub head: Vec<String>,
}

/// How a body ends that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The connection is closed.
    Close,
    /// It stays open, and nothing comes.
    Stall,
}

/// An answer, byte for byte.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The first line, without the line's end.
    pub status: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection breaks after this number of bytes of the body.
    pub breaks: Option<(usize, Break)>,
}

impl Reply {
    /// The right answer.
    pub fn to(get: &Get, object: &Object) -> Reply {
        let total = object.bytes.len();
        if get
            .if_match
            .as_ref()
            .is_some_and(|etag| *etag != object.etag)
        {
            return Reply::error("412 Precondition Failed", "PreconditionFailed", "");
        }
        Reply::from(get.from, object, total)
    }

    /// The bytes from an offset on; the request's conditions are ignored.
    pub fn from(from: Option<usize>, object: &Object, total: usize) -> Reply {
        let body = object.bytes[from.unwrap_or(0)..].to_vec();
        let status = if from.is_some() {
            "HTTP/1.1 206 Partial Content"
        } else {
            "HTTP/1.1 200 OK"
        };
        let reply = Reply {
            status: status.to_owned(),
            headers: Vec::new(),
            body,
            breaks: None,
        };
        let reply = object
            .headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.with(name, value));
        let length = reply.body.len().to_string();
        let reply = reply
            .with("Content-Length", &length)
            .with("ETag", &object.etag);
        match from {
            Some(from) => reply.with(
                "Content-Range",
                &format!("bytes {from}-{}/{total}", total - 1),
            ),
            None => reply,
        }
    }

    /// An error as S3 writes it; `more` is further XML.
    pub fn error(status: &str, code: &str, more: &str) -> Reply {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>{more}</Error>"
        );
        let reply = Reply {
            status: format!("HTTP/1.1 {status}"),
            headers: Vec::new(),
            body: body.into_bytes(),
            breaks: None,
        };
        let length = reply.body.len().to_string();
        reply
            .with("Content-Length", &length)
            .with("Content-Type", "application/xml")
    }

    /// The same with a header set; an empty value takes it away.
    pub fn with(mut self, name: &str, value: &str) -> Reply {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same, closed after this number of bytes of the body.
    pub fn cut(self, after: usize) -> Reply {
        Reply {
            breaks: Some((after, Break::Close)),
            ..self
        }
    }

    /// The same, silent after this number of bytes of the body.
    pub fn stall(self, after: usize) -> Reply {
        Reply {
            breaks: Some((after, Break::Stall)),
            ..self
        }
    }
}

type Bend = dyn Fn(&Get, &Object) -> Reply + Send + Sync;

struct State {
    objects: Vec<Object>,
    gets: Mutex<Vec<Get>>,
    asked: Notify,
    bend: Box<Bend>,
}

/// The server; it ends when it is dropped.
pub struct BentGet {
    url: String,
    state: Arc<State>,
    _serving: AbortOnDropHandle<()>,
}

impl BentGet {
    /// Serves these objects, in any bucket, answering each GetObject with what `bend` makes of it.
    pub async fn serve(
        objects: Vec<Object>,
        bend: impl Fn(&Get, &Object) -> Reply + Send + Sync + 'static,
    ) -> BentGet {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State {
            objects,
            gets: Mutex::default(),
            asked: Notify::new(),
            bend: Box::new(bend),
        });
        let served = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&served);
                tokio::spawn(async move {
                    // A client may go away at any time.
                    let _ = answer(stream, &state).await;
                });
            }
        });
        BentGet {
            url,
            state,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// A user of it.
    pub fn used_by(&self, user: User) -> User {
        let user = self.found_by(user);
        user.with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// A user of it who has no credentials yet.
    pub fn found_by(&self, user: User) -> User {
        user.with("AWS_ENDPOINT_URL_S3", &*self.url)
            .with("AWS_REGION", "eu-central-1")
            .with("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until this number of objects was requested.
    pub async fn until_gets(&self, count: usize) {
        while self.gets().len() < count {
            self.state.asked.notified().await;
        }
    }

    /// The requests until now.
    pub fn gets(&self) -> Vec<Get> {
        self.state.gets.lock().clone()
    }
}

/// One request a connection.
async fn answer(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    // Unread bytes of a request would break the connection before the answer is read.
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    let target = head
        .first()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let key = path.splitn(3, '/').nth(2).unwrap_or_default();
    let reply = if query.contains("list-type") {
        listing(&state.objects)
    } else {
        match state.objects.iter().find(|object| object.key == key) {
            Some(object) => (state.bend)(&request(state, key, &head), object),
            None => Reply::error("404 Not Found", "NoSuchKey", ""),
        }
    };
    send(&mut stream, reply).await
}

fn header(head: &[String], name: &str) -> Option<String> {
    let values = head.iter().filter_map(|line| line.split_once(':'));
    let mut values = values.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim().to_owned())
}

fn request(state: &State, key: &str, head: &[String]) -> Get {
    let from = header(head, "range").and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    let mut gets = state.gets.lock();
    let get = Get {
        number: gets.iter().filter(|get| get.key == key).count(),
        key: key.to_owned(),
        from,
        if_match: header(head, "if-match"),
        head: head.to_vec(),
    };
    gets.push(get.clone());
    state.asked.notify_one();
    get
}

fn listing(objects: &[Object]) -> Reply {
    let contents: String = objects
        .iter()
        .map(|object| {
            format!(
                "<Contents><Key>{}</Key><LastModified>2024-05-01T00:00:00.000Z</LastModified>\
                 <ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                object.key,
                object.etag.replace('"', "&quot;"),
                object.bytes.len()
            )
        })
        .collect();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>b</Name>\
         <KeyCount>{}</KeyCount><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>",
        objects.len()
    );
    let reply = Reply {
        status: "HTTP/1.1 200 OK".to_owned(),
        headers: Vec::new(),
        body: body.into_bytes(),
        breaks: None,
    };
    let length = reply.body.len().to_string();
    reply.with("Content-Length", &length)
}

async fn send(stream: &mut BufReader<TcpStream>, reply: Reply) -> std::io::Result<()> {
    let mut head = format!("{}\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    let (sent, how) = reply.breaks.unwrap_or((reply.body.len(), Break::Close));
    stream
        .write_all(&reply.body[..sent.min(reply.body.len())])
        .await?;
    stream.flush().await?;
    if how == Break::Stall {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}
