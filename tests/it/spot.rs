//! A spot machine that will be taken away drains by itself.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, put};
use tokio::net::TcpListener;

use crate::support::env::{Env, picture};

/// EC2's metadata service, version 2, with an interruption announced.
async fn metadata() -> String {
    let notice = r#"{"action":"terminate","time":"2026-11-23T08:22:00Z"}"#;
    let token = ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "token");
    let router = Router::new()
        .route("/latest/api/token", put(async move || token))
        .route("/latest/meta-data/instance-id", get("i-1234567890abcdef0"))
        .route("/latest/meta-data/spot/instance-action", get(notice))
        .fallback(StatusCode::NOT_FOUND);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spot_interruption_notice_drains_the_worker_and_loses_nothing() {
    let env = Env::start().await;
    let user = env
        .user()
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata().await);
    std::fs::create_dir_all(user.home().join("photos")).unwrap();
    std::fs::write(user.home().join("photos/1.jpg"), picture("1")).unwrap();
    user.run(["populate", "--from", "photos"])
        .await
        .expect_success();
    // Without the notice it would wait for ever.
    let worked = user
        .run(["work", "--forever", "--calls-per-hour", "0", "--json"])
        .await;
    let worked = worked.expect_code(4);
    assert!(
        worked.stderr.contains("EC2 announces a spot interruption"),
        "{}",
        worked.stderr
    );
    assert_eq!(worked.json()["stopped"], "signal");
    let status = user.run(["status", "--json"]).await.expect_success().json();
    let (waiting, done) = (status["waiting"].as_u64(), status["done"].as_u64());
    assert!(
        waiting
            .zip(done)
            .is_some_and(|(waiting, done)| waiting + done == 1),
        "{status}"
    );
    assert_eq!(status["in_flight"], 0);
}
