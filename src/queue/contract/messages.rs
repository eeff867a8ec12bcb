//! A message from its sending to its end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use s3flickr::queue::{Counts, Outgoing};

use super::{Harness, LONG, NOW, assert_empty, message, queue_with, take};

pub(super) async fn a_message_is_received_as_it_was_sent_and_deleted_for_good(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["one"]).await;
    let lease = take(&queue, LONG).await;
    assert_eq!((lease.body(), lease.receive_count()), ("one", 1));
    assert!(!lease.id().is_empty() && lease.sent_at().unwrap() > 1_700_000_000);
    lease.delete().await.unwrap();
    assert_empty(&queue).await;
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}

pub(super) async fn a_batch_of_any_size_is_sent(harness: impl Harness, name: String) {
    let bodies: Vec<_> = (0..25).map(|n| n.to_string()).collect();
    let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
    let queue = queue_with(&harness, &name, &bodies).await;
    assert!(queue.send(&[]).await.unwrap().is_empty());
    assert_eq!(queue.counts().await.unwrap().waiting, 25);
}

pub(super) async fn text_in_any_language_survives(harness: impl Harness, name: String) {
    let body = r#"{"key":"Zürich/日本/😀\n\t'<&>%2F\u0000.jpg"}"#;
    let queue = queue_with(&harness, &name, &[body]).await;
    let lease = take(&queue, LONG).await;
    assert_eq!(lease.body(), body);
    lease.dead_letter(body.to_owned()).await.unwrap();
    assert_eq!(queue.peek_failed(9).await.unwrap(), [body]);
}

pub(super) async fn a_delayed_message_waits(harness: impl Harness, name: String) {
    let queue = harness.create(&name).await.unwrap();
    let delay = Duration::from_secs(2);
    let sent = Instant::now();
    queue
        .send(&[Outgoing {
            delay,
            ..message("later")
        }])
        .await
        .unwrap();
    take(&queue, LONG).await;
    // Clocks of two processes, and of whole milliseconds: a little early is well.
    assert!(sent.elapsed() > delay - Duration::from_millis(100));
}

pub(super) async fn a_released_message_is_there_at_once(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["back"]).await;
    take(&queue, LONG).await.release().await.unwrap();
    let lease = queue.receive(LONG, NOW).await.unwrap().expect("it is back");
    assert_eq!((lease.body(), lease.receive_count()), ("back", 2));
    // It was handed out first when it was sent, give or take a moment, and not just now.
    let (sent, first) = (lease.sent_at().unwrap(), lease.first_received_at().unwrap());
    assert!((0..=30).contains(&(first - sent)), "{sent} {first}");
}

pub(super) async fn a_replaced_message_has_a_new_body_and_waits(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["retries: 5"]).await;
    let lease = take(&queue, LONG).await;
    let delay = Duration::from_secs(1);
    lease.replace("retries: 4".to_owned(), delay).await.unwrap();
    let lease = take(&queue, LONG).await;
    assert_eq!((lease.body(), lease.receive_count()), ("retries: 4", 1));
    lease.delete().await.unwrap();
    assert_eq!(queue.counts().await.unwrap(), Counts::default());
}

pub(super) async fn what_failed_can_be_looked_at_and_taken_back(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["a", "b"]).await;
    assert!(queue.receive_failed(LONG).await.unwrap().is_none());
    for _ in 0..2 {
        let lease = take(&queue, LONG).await;
        let body = format!("{} failed", lease.body());
        lease.dead_letter(body).await.unwrap();
    }
    for _ in 0..2 {
        let seen: BTreeSet<_> = queue.peek_failed(9).await.unwrap().into_iter().collect();
        assert_eq!(seen, ["a failed", "b failed"].map(str::to_owned).into());
    }
    assert_eq!(queue.peek_failed(1).await.unwrap().len(), 1);
    for _ in 0..2 {
        let lease = queue
            .receive_failed(LONG)
            .await
            .unwrap()
            .expect("a failed one");
        lease.replace("anew".to_owned(), NOW).await.unwrap();
    }
    assert!(queue.receive_failed(LONG).await.unwrap().is_none());
    assert_eq!(take(&queue, LONG).await.body(), "anew");
}

pub(super) async fn counts_tell_what_may_become_of_each(harness: impl Harness, name: String) {
    let queue = queue_with(&harness, &name, &["1", "2", "3", "4"]).await;
    let (held, broken) = (take(&queue, LONG).await, take(&queue, LONG).await);
    broken.dead_letter("broken".to_owned()).await.unwrap();
    queue
        .send(&[Outgoing {
            delay: LONG,
            ..message("later")
        }])
        .await
        .unwrap();
    let counts = Counts {
        waiting: 2,
        in_flight: 1,
        delayed: 1,
        failed: 1,
    };
    assert_eq!(queue.counts().await.unwrap(), counts);
    held.release().await.unwrap();
    let counts = Counts {
        waiting: 3,
        in_flight: 0,
        ..counts
    };
    assert_eq!(queue.counts().await.unwrap(), counts);
}

pub(super) async fn a_message_that_never_ends_goes_to_the_failed(
    harness: impl Harness,
    name: String,
) {
    let queue = queue_with(&harness, &name, &["poison"]).await;
    for time in 1..=10 {
        let lease = take(&queue, LONG).await;
        assert_eq!(lease.receive_count(), time);
        lease.release().await.unwrap();
    }
    assert_empty(&queue).await;
    assert_eq!(queue.peek_failed(9).await.unwrap(), ["poison"]);
    assert_eq!(
        queue.counts().await.unwrap(),
        Counts {
            failed: 1,
            ..Counts::default()
        }
    );
}
