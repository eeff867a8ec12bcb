//! The two clients of SQS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_sqs::config::timeout::TimeoutConfig;

use super::turn::ServerClock;

/// How long one attempt of a call may take, beyond the wait that it asks for. Without a bound, a
/// long poll on a connection that died stays for ever (aws-sdk-rust issue 1094).
const ANSWER: Duration = Duration::from_secs(10);
/// The retries of a client together. The SDK's own 500 tokens are shared by all clients of a
/// process and region, and a storm of errors over many lanes empties them at once.
const RETRY_TOKENS: usize = 10_000;
/// How many of those come back each second.
const RETRY_TOKENS_A_SECOND: f32 = 20.0;

/// The clients. Clones share their connections.
#[derive(Clone)]
pub(super) struct Clients {
    /// For calls that answer at once.
    pub(super) quick: Client,
    /// For calls that wait for a message, so that they never stand in the way of the others. Each
    /// sets its own time limit ([`within`]).
    pub(super) polling: Client,
}

impl Clients {
    /// Clients with this configuration.
    pub(super) fn new(config: &SdkConfig) -> Clients {
        let quick = settings(config, "s3flickr-queue").timeout_config(within(Duration::ZERO));
        let polling = settings(config, "s3flickr-queue-polling");
        Clients {
            quick: Client::from_conf(quick.build()),
            polling: Client::from_conf(polling.build()),
        }
    }

    /// The same clients, where the answers to those who poll set `clock`.
    pub(super) fn with_clock(&self, clock: &ServerClock) -> Clients {
        let settings = self.polling.config().to_builder();
        let settings = settings.interceptor(clock.clone());
        Clients {
            quick: self.quick.clone(),
            polling: Client::from_conf(settings.build()),
        }
    }
}

fn settings(config: &SdkConfig, partition: &'static str) -> Builder {
    let bucket = TokenBucket::builder()
        .capacity(RETRY_TOKENS)
        .refill_rate(RETRY_TOKENS_A_SECOND)
        .build();
    let partition = RetryPartition::custom(partition).token_bucket(bucket);
    Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .retry_partition(partition.build())
}

/// The time limit of one attempt of a call that waits for `wait`.
pub(super) fn within(wait: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(wait + ANSWER)
        .build()
}
