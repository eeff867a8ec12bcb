//! Queues that are named by their URL: the region and the account are the URL's.

use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use s3flickr::queue::{Error, Outgoing, Queue};

use crate::support::aws::{ministack, unique};

/// The account that the tests are in, and another.
const OURS: &str = "000000000000";
const THEIRS: &str = "111122223333";

async fn config() -> SdkConfig {
    ministack().await.sdk_config().await
}

/// The same server as somebody sees it who works in another region.
async fn config_in(region: &'static str) -> SdkConfig {
    let config = config().await.into_builder();
    config.region(Region::new(region)).build()
}

/// The same server as somebody of another account sees it.
async fn config_of(account: &str) -> SdkConfig {
    let keys = Credentials::new(account, "test", None, None, "tests");
    let keys = SharedCredentialsProvider::new(keys);
    let config = config().await.into_builder();
    config.credentials_provider(keys).build()
}

/// A queue with one message that says where it is.
async fn queue_with_a_message(config: &SdkConfig, name: &str, says: &str) -> Queue {
    let queue = Queue::create_with(config, &format!("sqs://{name}")).await;
    let queue = queue.unwrap();
    let message = Outgoing {
        body: says.to_owned(),
        ..Outgoing::default()
    };
    queue.send(&[message]).await.unwrap();
    queue
}

async fn message_of(queue: &Queue) -> String {
    let wait = Duration::from_secs(5);
    let lease = queue.receive(Duration::from_secs(60), wait).await;
    lease.unwrap().expect("a message").body().to_owned()
}

/// The names of all queues that begin with `prefix`.
async fn queues(config: &SdkConfig, prefix: &str) -> Vec<String> {
    let listed = Client::new(config).list_queues().queue_name_prefix(prefix);
    let urls = listed.send().await.unwrap().queue_urls.unwrap_or_default();
    let name = |url: String| url.rsplit('/').next().unwrap().to_owned();
    urls.into_iter().map(name).collect()
}

#[tokio::test]
async fn a_url_of_our_own_region_and_account_is_as_good_as_the_name() {
    let (config, name) = (config().await, unique("url"));
    queue_with_a_message(&config, &name, "here").await;
    for host in [
        "https://sqs.us-east-1.amazonaws.com",
        "https://queue.amazonaws.com",
        // A stand-in for SQS puts hosts into its URLs that lead nowhere.
        "http://nowhere.invalid:1",
    ] {
        let url = format!("{host}/{OURS}/{name}");
        let queue = Queue::open_with(&config, &url).await.unwrap();
        assert_eq!(queue.location(), format!("sqs://{name}"));
        assert_eq!(queue.counts().await.unwrap().waiting, 1);
        Queue::create_with(&config, &url).await.unwrap();
    }
}

#[tokio::test]
async fn a_url_of_another_region_is_the_queue_of_that_region() {
    let (config, name) = (config().await, unique("region"));
    queue_with_a_message(&config, &name, "of us-east-1").await;
    let url = format!("https://sqs.eu-west-1.amazonaws.com/{OURS}/{name}");
    for missing in [
        Queue::open_with(&config, &url).await,
        Queue::create_with(&config, &url).await,
    ] {
        let error = missing.unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(&url) && text.contains("region") && text.contains("sqs://NAME"),
            "{text}"
        );
    }
    let there = config_in("eu-west-1").await;
    assert_eq!(queues(&there, &name).await, [""; 0], "none was made");
    queue_with_a_message(&there, &name, "of eu-west-1").await;
    for queue in [
        Queue::open_with(&config, &url).await.unwrap(),
        Queue::create_with(&config, &url).await.unwrap(),
    ] {
        assert_eq!(queue.location(), url);
    }
    let queue = Queue::open_with(&config, &url).await.unwrap();
    assert_eq!(message_of(&queue).await, "of eu-west-1");
    let ours = Queue::open_with(&config, &format!("sqs://{name}")).await;
    assert_eq!(message_of(&ours.unwrap()).await, "of us-east-1");
}

#[tokio::test]
async fn a_url_of_another_account_is_the_queue_of_that_account_or_is_refused() {
    let (config, name) = (config().await, unique("account"));
    queue_with_a_message(&config, &name, "ours").await;
    let url = format!("https://sqs.us-east-1.amazonaws.com/{THEIRS}/{name}");
    for refused in [
        Queue::open_with(&config, &url).await,
        Queue::create_with(&config, &url).await,
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, Error::NotFound { .. } | Error::Denied { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(&url), "{error}");
    }
    let theirs = config_of(THEIRS).await;
    assert_eq!(queues(&theirs, &name).await, [""; 0], "none was made");

    queue_with_a_message(&theirs, &name, "theirs").await;
    // This server asks for no policy where there is none.
    let queue = Queue::open_with(&config, &url).await.unwrap();
    assert_eq!(queue.location(), url);
    assert_eq!(message_of(&queue).await, "theirs");
    let ours = Queue::open_with(&config, &format!("sqs://{name}")).await;
    assert_eq!(message_of(&ours.unwrap()).await, "ours");
}
