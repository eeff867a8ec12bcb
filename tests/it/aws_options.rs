//! How AWS is asked: without credentials, as the payer, with certificates of the user's own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use parking_lot::Mutex;

use crate::support::cli::User;

/// A request's path, and those of its headers that are looked at.
type Asked = (String, Option<String>, Option<String>);

/// A bucket with one photo, which remembers how it was asked.
async fn bucket() -> (SocketAddr, Arc<Mutex<Vec<Asked>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&log);
    let router = Router::new().fallback(move |request: Request| {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        let path = request.uri().path().to_owned();
        let entry = (path, header("authorization"), header("x-amz-request-payer"));
        asked.lock().push(entry);
        async {
            let list = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents>\
                <Key>a.jpg</Key><Size>5</Size><ETag>\"e\"</ETag></Contents></ListBucketResult>";
            ([("content-type", "application/xml")], list).into_response()
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, log)
}

fn user(address: SocketAddr) -> User {
    User::new()
        .with("AWS_ENDPOINT_URL_S3", format!("http://{address}"))
        .with("AWS_REGION", "us-east-1")
        .with("AWS_EC2_METADATA_DISABLED", "true")
}

const DRY: [&str; 4] = ["populate", "-n", "--bucket", "photos"];

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_open_to_everybody_is_read_without_credentials() {
    let (address, log) = bucket().await;
    let user = user(address);
    // Without the option there must be some.
    let output = user.run(DRY).await.expect_code(1);
    assert!(output.stderr.contains("credentials"), "{}", output.stderr);
    assert!(log.lock().is_empty());
    let arguments = [&DRY[..], &["--no-sign-request"]].concat();
    user.run(&arguments).await.expect_success();
    let asked = log.lock().clone();
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|(_, signed, _)| signed.is_none()),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_who_asks_pays_where_that_is_said() {
    let (address, log) = bucket().await;
    let user = user(address)
        .with("AWS_ACCESS_KEY_ID", "k")
        .with("AWS_SECRET_ACCESS_KEY", "s");
    user.run(DRY).await.expect_success();
    let arguments = [&DRY[..], &["--request-payer", "requester"]].concat();
    user.run(&arguments).await.expect_success();
    let payers: Vec<Option<String>> = log.lock().iter().map(|asked| asked.2.clone()).collect();
    assert_eq!(payers, [None, Some("requester".to_owned())]);
    let arguments = [&DRY[..], &["--request-payer", "owner"]].concat();
    user.run(&arguments).await.expect_code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_the_shared_config_s_services_gets_buckets_in_the_path() {
    let (address, log) = bucket().await;
    let user = User::new();
    let config = user.home().join("aws-config");
    let text = format!(
        "[default]\nregion = us-east-1\nservices = mine\n[services mine]\ns3 =\n  \
         endpoint_url = http://{address}\n"
    );
    std::fs::write(&config, text).expect("a config file");
    let user = user
        .with("AWS_CONFIG_FILE", config.display().to_string())
        .with("AWS_ACCESS_KEY_ID", "k")
        .with("AWS_SECRET_ACCESS_KEY", "s")
        .with("AWS_EC2_METADATA_DISABLED", "true");
    user.run(DRY).await.expect_success();
    let paths: Vec<String> = log.lock().iter().map(|asked| asked.0.clone()).collect();
    assert!(
        paths.iter().all(|path| path.starts_with("/photos")),
        "{paths:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_certificates_that_is_none_is_named() {
    let (address, log) = bucket().await;
    let user = user(address);
    let empty = user.home().join("empty.pem");
    std::fs::write(&empty, "no certificate").expect("a file");
    let broken = user.home().join("broken.pem");
    let text = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, text).expect("a file");
    for path in [empty, broken, user.home().join("missing.pem")] {
        let path = path.display().to_string();
        let user = self::user(address).with("AWS_CA_BUNDLE", path.as_str());
        let arguments = [&DRY[..], &["--no-sign-request"]].concat();
        let output = user.run(&arguments).await.expect_code(1);
        for says in ["AWS_CA_BUNDLE", path.as_str()] {
            assert!(output.stderr.contains(says), "{}", output.stderr);
        }
    }
    assert!(log.lock().is_empty());
}
