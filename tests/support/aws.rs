//! S3 and SQS on loopback, spoken to with the real SDK.
//!
//! Examples include this file and `python.rs` side by side with `#[path]`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use futures_util::stream::{self, StreamExt};
use tokio::sync::OnceCell;

use super::python;

/// The region that everything is in.
const REGION: &str = "us-east-1";
/// The account's keys: the server does not check signatures.
const KEY: &str = "test";
/// How many objects are put at once.
const PUTS_AT_ONCE: usize = 32;

/// The server that all tests of this process share. It ends with the process.
///
/// Use names of your own for buckets and queues: [`unique`].
pub async fn ministack() -> &'static Aws {
    static SHARED: OnceCell<Aws> = OnceCell::const_new();
    SHARED.get_or_init(Aws::start).await
}

/// A name that no other test of this server has: `prefix` and a number.
pub fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A server for S3 and SQS, empty at first. It ends when this is dropped.
pub struct Aws {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The server. It ends when its standard input closes, so with this process at the latest.
    server: Child,
}

impl Aws {
    /// Starts a server of one's own, for a test that kills it; others share [`ministack`].
    ///
    /// Panics where the server cannot be started; the message names the log.
    pub async fn start() -> Aws {
        python::blocking(start).await
    }

    /// What a child process needs in its environment to use this server.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// The configuration for clients inside this process.
    pub async fn sdk_config(&self) -> SdkConfig {
        self.sdk_config_by_way_of(&self.endpoint).await
    }

    /// The same through another address, say a proxy's.
    ///
    /// Made anew each time: a client's connections die with the runtime that opened them, and
    /// every test has a runtime of its own.
    pub async fn sdk_config_by_way_of(&self, endpoint: &str) -> SdkConfig {
        s3flickr::aws::defaults()
            .endpoint_url(endpoint)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "tests"))
            .load()
            .await
    }

    /// A client of S3, with path-style addresses.
    pub async fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk_config().await)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client of SQS.
    pub async fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk_config().await)
    }

    /// Makes a bucket whose name begins with `prefix`, and answers with its name.
    pub async fn bucket(&self, prefix: &str) -> String {
        let name = unique(prefix);
        let made = self.s3().await.create_bucket().bucket(&name).send().await;
        made.expect("a new bucket");
        name
    }

    /// Makes a queue whose name begins with `prefix`, and answers with its name.
    pub async fn queue(&self, prefix: &str) -> String {
        let name = unique(prefix);
        let made = self.sqs().await.create_queue().queue_name(&name).send();
        made.await.expect("a new queue");
        name
    }

    /// Puts one object.
    pub async fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        self.put_objects(bucket, [(key, bytes)]).await;
    }

    /// Puts many objects, a few at a time.
    pub async fn put_objects<K, B>(&self, bucket: &str, objects: impl IntoIterator<Item = (K, B)>)
    where
        K: Into<String>,
        B: Into<Vec<u8>>,
    {
        let s3 = &self.s3().await;
        stream::iter(objects)
            .for_each_concurrent(PUTS_AT_ONCE, |(key, bytes)| {
                let body = bytes.into().into();
                let put = s3.put_object().bucket(bucket).key(key).body(body).send();
                async { drop(put.await.expect("an object put")) }
            })
            .await;
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts the server and waits until it listens.
fn start() -> Aws {
    let name = unique(&format!("ministack-{}", std::process::id()));
    let log = python::test_servers().join(name + ".log");
    let file = File::create(&log).expect("a log in target/");
    let mut server = Command::new(python::interpreter())
        .arg(python::script("serve_ministack.py"))
        .env("TMPDIR", python::test_servers())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(file)
        .spawn()
        .expect("the interpreter of the venv");
    let stdout = server.stdout.take().expect("a pipe, asked for above");
    let mut port = String::new();
    let read = BufReader::new(stdout).read_line(&mut port);
    assert!(
        read.is_ok_and(|bytes| bytes > 0),
        "ministack did not start: see {}",
        log.display()
    );
    Aws {
        endpoint: format!("http://127.0.0.1:{}", port.trim()),
        server,
    }
}
