//! AWS over TLS, with certificates of one's own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::aws::ministack;
use crate::support::cli::User;
use crate::support::env::picture;
use crate::support::python;

/// The stand-in for AWS behind TLS; it ends when this is dropped.
struct Relay {
    endpoint: String,
    _process: Child,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support/tls")
        .join(name)
}

impl Relay {
    async fn start(plain: &str) -> Relay {
        let port = plain.rsplit(':').next().expect("a port");
        let mut process = Command::new(python::blocking(python::interpreter).await)
            .arg(python::script("tls_relay.py"))
            .arg(file("server.pem"))
            .arg(port)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the interpreter of the venv");
        let stdout = process.stdout.take().expect("a pipe, asked for above");
        let mut port = String::new();
        let read = BufReader::new(stdout).read_line(&mut port).await;
        read.expect("a port");
        Relay {
            endpoint: format!("https://localhost:{}", port.trim()),
            _process: process,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_a_certificate_of_its_own_is_trusted_only_where_the_user_says_so() {
    let aws = ministack().await;
    let bucket = aws.bucket("tls").await;
    aws.put_object(&bucket, "a/1.jpg", picture("a/1.jpg")).await;
    let relay = Relay::start(&aws.endpoint).await;
    let user = || {
        let variables = aws.env().into_iter();
        let user = User::new().with_all(variables);
        user.with("AWS_ENDPOINT_URL", relay.endpoint.clone())
    };
    let populate = ["populate", "--bucket", &bucket, "--json"];

    let refused = user().run(populate).await.expect_code(1);
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);

    let trusting = user().with("AWS_CA_BUNDLE", file("ca.pem").display().to_string());
    let listed = trusting.run(populate).await.expect_success().json();
    assert_eq!(listed["queued"], 1);
}
