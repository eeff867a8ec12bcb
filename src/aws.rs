//! What all of AWS has in common: the SDK's configuration, read once from its own chain and
//! shared by S3 and SQS, and the notice that a machine will be taken away.
//!
//! Credentials, region and endpoints come from the SDK alone (`AWS_PROFILE`, `AWS_REGION`,
//! `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_SQS`, instance roles, ...).

use std::time::Duration;

use aws_config::imds;
use aws_config::{BehaviorVersion, SdkConfig};
use tokio::sync::OnceCell;

/// How often a machine looks whether it is to be taken away; AWS advises five seconds, and gives
/// two minutes' notice.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What EC2 says before it takes a spot machine away, by path of its metadata service.
const NOTICES: [(&str, &str); 2] = [
    (
        "/latest/meta-data/spot/instance-action",
        "a spot interruption",
    ),
    (
        "/latest/meta-data/events/recommendations/rebalance",
        "a rebalance recommendation",
    ),
];

static CONFIG: OnceCell<SdkConfig> = OnceCell::const_new();

/// The configuration of this process; the first caller reads it, the others share it.
pub async fn config() -> &'static SdkConfig {
    CONFIG
        .get_or_init(|| aws_config::load_defaults(BehaviorVersion::latest()))
        .await
}

/// Completes when EC2 announces that this machine will be taken away, with what was announced.
/// Where there is no metadata service (version 2), and where `AWS_EC2_METADATA_DISABLED` is set,
/// it never does.
pub async fn interruption() -> &'static str {
    let disabled = std::env::var("AWS_EC2_METADATA_DISABLED");
    let client = imds::Client::builder().max_attempts(1).build();
    let there = !disabled.is_ok_and(|set| set.eq_ignore_ascii_case("true"))
        && client.get("/latest/meta-data/instance-id").await.is_ok();
    if !there {
        return std::future::pending().await;
    }
    loop {
        for (path, notice) in NOTICES {
            // Until there is a notice the answer is 404.
            if client.get(path).await.is_ok() {
                return notice;
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
