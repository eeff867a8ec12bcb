//! Where S3 and SQS may be: nothing is sent in the clear to another machine, unless that is allowed.

use std::fs;

use serde_json::json;

use crate::support::bent_s3::{Bent, BentS3};
use crate::support::cli::{Output, User};
use crate::support::env::Env;

/// An address for documentation, where nobody is (RFC 5737).
const ELSEWHERE: &str = "http://192.0.2.1:9";

fn user() -> User {
    User::new()
        .with("AWS_REGION", "us-east-1")
        .with("AWS_ACCESS_KEY_ID", "test")
        .with("AWS_SECRET_ACCESS_KEY", "test")
        .with("AWS_EC2_METADATA_DISABLED", "true")
}

#[track_caller]
fn refused(output: Output, address: &str) {
    let line = output.expect_code(1).stderr;
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(
        line.contains(address) && line.contains("--allow-plain-http"),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_to_another_machine_is_refused_for_the_bucket_and_for_the_queue() {
    let populate = ["populate", "--bucket", "b", "-n"];
    let inventory = ["populate", "--inventory", "s3://b/manifest.json", "-n"];
    let status = ["status", "--queue", "sqs://q"];
    for variable in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] {
        let user = user().with(variable, ELSEWHERE);
        refused(user.run(populate).await, ELSEWHERE);
        refused(user.run(inventory).await, ELSEWHERE);
    }
    for variable in [
        "AWS_ENDPOINT_URL_SQS",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
    ] {
        let user = user().with(variable, ELSEWHERE);
        refused(user.run(status).await, ELSEWHERE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_is_when_the_shared_config_file_says_so() {
    for text in [
        format!("[default]\nendpoint_url = {ELSEWHERE}\n"),
        format!(
            "[default]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = {ELSEWHERE}\n"
        ),
    ] {
        let user = user();
        fs::create_dir(user.home().join(".aws")).unwrap();
        fs::write(user.home().join(".aws/config"), text).unwrap();
        refused(
            user.run(["populate", "--bucket", "b", "-n"]).await,
            ELSEWHERE,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_such_an_endpoint_ends_and_its_photos_stay_queued() {
    let env = Env::start().await;
    let s3 = BentS3::start(["1.jpg", "2.jpg"], 10, |_, list| Bent::List(list)).await;
    let user = env.user().with_all(s3.env());
    user.run(["populate", "--bucket", "b"])
        .await
        .expect_success();
    let user = user.with("AWS_ENDPOINT_URL_S3", ELSEWHERE);
    let output = user.run(["work", "--no-progress"]).await.expect_code(1);
    assert!(
        output.stderr.contains("--allow-plain-http"),
        "{}",
        output.stderr
    );
    let status = user.run(["status", "--json"]).await.expect_success().json();
    assert_eq!(
        (&status["waiting"], &status["failed"]),
        (&json!(2), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_used_where_it_is_allowed() {
    // By its name this machine is another one, as far as anyone can tell.
    let s3 = BentS3::start(["1.jpg"], 10, |_, list| Bent::List(list)).await;
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let port = s3.port();
    let address = format!("http://{name}:{port}");
    let user = user().with("AWS_ENDPOINT_URL_S3", &address);
    refused(
        user.run(["populate", "--bucket", "b", "-n"]).await,
        &address,
    );
    let resolves = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port));
    let leads_here = resolves.is_ok_and(|mut all| all.any(|address| address.ip().is_loopback()));
    let user = user.with("S3FLICKR_ALLOW_PLAIN_HTTP", "true");
    if leads_here {
        let populated = user
            .run(["--json", "populate", "--bucket", "b", "-n"])
            .await;
        assert_eq!(populated.expect_success().json()["queued"], 1);
    }
    let malformed = user.with("AWS_ENDPOINT_URL_S3", "nas:9000");
    let line = malformed
        .run(["populate", "--bucket", "b", "-n"])
        .await
        .expect_code(1)
        .stderr;
    assert!(line.contains("nas:9000"), "{line}");
}
