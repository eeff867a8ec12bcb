//! What a message tells of its past, on a real queue.

use super::*;
use crate::model::Key;
use crate::queue::{Outgoing, Queue};

const LAG: Duration = Duration::from_secs(10);
const HOLD: Duration = Duration::from_secs(60);

const NEW_ACCOUNT: Past = Past {
    had_files: false,
    lag: LAG,
    seconds_ahead: 0,
};

fn job(since: Option<i64>, attempts: u32) -> Job {
    let key = Key::new("a.jpg").unwrap();
    let mut job = Job::new("s3://b/a.jpg".into(), key, 5, 1, "e");
    (job.since, job.attempts) = (since, attempts);
    job
}

/// A lease on a message that was just sent, handed out as often as told.
async fn lease(receives: u32) -> (tempfile::TempDir, Lease) {
    let folder = tempfile::tempdir().unwrap();
    let location = format!("sqlite:{}/q.db", folder.path().display());
    let queue = Queue::create(&location).await.unwrap();
    queue.send(&[Outgoing::default()]).await.unwrap();
    let receive = async || {
        let lease = queue.receive(HOLD, Duration::from_secs(5)).await;
        lease.unwrap().expect("the message")
    };
    for _ in 1..receives {
        receive().await.release().await.unwrap();
    }
    let lease = receive().await;
    (folder, lease)
}

#[tokio::test]
async fn a_first_attempt_looks_only_in_an_account_that_had_files() {
    let (_folder, lease) = lease(1).await;
    assert_eq!(NEW_ACCOUNT.prior_attempt(&job(None, 0), &lease), None);
    // Tried before, and nothing was sent then.
    assert_eq!(NEW_ACCOUNT.prior_attempt(&job(None, 2), &lease), None);
    let past = Past {
        had_files: true,
        ..NEW_ACCOUNT
    };
    let look = past.prior_attempt(&job(None, 0), &lease).unwrap();
    assert_eq!((look.since, look.after), (0, None));
    // Its look leaves no mark on the message.
    let failed = Outcome::Failed(
        crate::model::outcome::FailureClass::Transient,
        String::new(),
    );
    assert_eq!(
        maybe_sent_since(&failed, &job(None, 0), Some(7), Some(look)),
        None
    );
    let unclear = Outcome::Failed(
        crate::model::outcome::FailureClass::Ambiguous,
        String::new(),
    );
    assert_eq!(
        maybe_sent_since(&unclear, &job(None, 0), Some(7), Some(look)),
        Some(7)
    );
}

#[tokio::test]
async fn the_worker_that_had_the_message_before_may_have_uploaded_until_just_now() {
    let (_folder, lease) = lease(2).await;
    let first = lease.first_received_at().unwrap();
    let before = Instant::now();
    let look = NEW_ACCOUNT.prior_attempt(&job(None, 0), &lease).unwrap();
    assert_eq!(look.since, first);
    assert!(
        look.after.unwrap() >= before + LAG,
        "lists may not know it yet"
    );
}

#[tokio::test]
async fn a_listing_that_began_before_lists_know_the_last_attempt_does_not_answer() {
    let (_folder, lease) = lease(1).await;
    for attempts in [0, 3] {
        let before = Instant::now();
        let look = NEW_ACCOUNT
            .prior_attempt(&job(Some(500_000), attempts), &lease)
            .unwrap();
        // It was sent, and so its attempt ended, some moments ago.
        let after = look.after.unwrap();
        assert!(after > before + LAG / 2 && after <= Instant::now() + LAG);
    }
}

#[tokio::test]
async fn the_clock_of_a_machine_that_never_asked_the_target_may_be_off() {
    let (_folder, lease) = lease(1).await;
    let since = |attempts| {
        let look = NEW_ACCOUNT.prior_attempt(&job(Some(500_000), attempts), &lease);
        look.unwrap().since
    };
    assert_eq!(since(1), 500_000, "a worker's own");
    assert_eq!(since(0), 500_000 - FOREIGN_CLOCK, "perhaps a populate's");
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_the_targets_makes_no_attempt_look_older_or_later() {
    let (_folder, lease) = lease(2).await;
    let sent = lease.sent_at_millis().unwrap();
    for seconds_ahead in [-3600, 3600] {
        let past = Past {
            seconds_ahead,
            ..NEW_ACCOUNT
        };
        // Whichever clock the queue's is: it was not earlier than that.
        let earliest = lease
            .first_received_at()
            .unwrap()
            .min(lease.first_received_at().unwrap() + seconds_ahead);
        assert_eq!(
            past.since_first_received(&job(None, 0), &lease),
            Some(earliest)
        );
        assert!(past.age(sent) < Duration::from_secs(60));
    }
    let hour_old = sent - 3_600_000;
    assert!(NEW_ACCOUNT.age(hour_old) >= Duration::from_secs(3600));
    let ahead = Past {
        seconds_ahead: -3600,
        ..NEW_ACCOUNT
    };
    assert!(
        ahead.age(hour_old) < Duration::from_secs(60),
        "our clock may be why"
    );
}
