//! Queues on an SQS that is set up strangely, or whose answers cannot be relied on.

// A test all through; the lint only knows test functions.
#![allow(clippy::unwrap_used)]

mod counts;
mod sending;
mod setup;

use std::time::Duration;

use s3flickr::queue::{Lease, Outgoing, Queue};
use serde_json::Value;

use crate::support::aws::{Aws, ministack};
use crate::support::bent_sqs::{Bend, Bent};

const HOLD: Duration = Duration::from_secs(60);

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

async fn queue(name: &str) -> Queue {
    let config = ministack().await.sdk_config().await;
    Queue::create_with(&config, &format!("sqs://{name}"))
        .await
        .unwrap()
}

/// The same queue, through a proxy that bends what it hears.
async fn bent(
    name: &str,
    bend: impl Fn(&str, &Value) -> Bend + Send + Sync + 'static,
) -> (Queue, Bent) {
    let server = ministack().await;
    let proxy = Bent::before(&server.endpoint, bend).await;
    let config = server.sdk_config_by_way_of(&proxy.url).await;
    let queue = Queue::open_with(&config, &format!("sqs://{name}")).await;
    (queue.unwrap(), proxy)
}

async fn take(queue: &Queue, hold: Duration) -> Lease {
    queue
        .receive(hold, Duration::from_secs(10))
        .await
        .unwrap()
        .unwrap()
}

async fn url(server: &Aws, name: &str) -> String {
    let found = server.sqs().await.get_queue_url().queue_name(name).send();
    found.await.unwrap().queue_url.unwrap()
}
