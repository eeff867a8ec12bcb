//! What every queue must do, whatever it is made of: one suite, run on each backend.
//!
//! Compiled into the unit tests, for SQLite, and into the integration tests, for SQS. Visibility timeouts are a
//! second or two, and cases run side by side, each on a queue of its own.

// A test all through; the lint only knows test functions.
#![allow(clippy::unwrap_used)]

mod account;
mod finished;
mod fleet;
mod leases;
mod messages;
mod queues;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use s3flickr::queue::{Error, Lease, Outgoing, Queue, Sent};

/// Where the queues of a suite are. Each name is a queue; each call makes a handle of its own.
pub(crate) trait Harness: Clone + Send + Sync + 'static {
    fn create(&self, name: &str) -> impl Future<Output = Result<Queue, Error>> + Send;
    fn open(&self, name: &str) -> impl Future<Output = Result<Queue, Error>> + Send;
    /// Removes the queue under the feet of those who use it.
    fn destroy(&self, name: &str) -> impl Future<Output = ()> + Send;
    /// The window of the shared rate, and how long to watch it.
    fn rate(&self) -> (Duration, Duration);
}

const NOW: Duration = Duration::ZERO;
/// Longer than any case lasts.
const LONG: Duration = Duration::from_secs(60);
/// For something that must come: passes as soon as it does.
const SOON: Duration = Duration::from_secs(15);

/// Runs every case at once and names those that failed.
pub(crate) async fn run(harness: impl Harness) {
    macro_rules! cases {
        ($($part:ident::$case:ident),* $(,)?) => { vec![$((
            stringify!($case),
            AssertUnwindSafe($part::$case(harness.clone(), stringify!($case).replace('_', "-")))
                .catch_unwind().boxed_local(),
        )),*] };
    }
    let cases = cases![
        messages::a_message_is_received_as_it_was_sent_and_deleted_for_good,
        messages::a_batch_of_any_size_is_sent,
        messages::text_in_any_language_survives,
        messages::a_delayed_message_waits,
        leases::a_dropped_lease_ends_and_the_count_goes_up,
        leases::a_stale_receipt_cannot_settle,
        leases::a_lease_that_was_lost_is_told,
        leases::a_lease_outlives_its_timeout,
        messages::a_released_message_is_there_at_once,
        messages::a_replaced_message_has_a_new_body_and_waits,
        messages::what_failed_can_be_looked_at_and_taken_back,
        messages::counts_tell_what_may_become_of_each,
        queues::runs_are_kept_and_renewed,
        finished::what_is_finished_is_counted_for_the_run_that_sent_it,
        finished::what_is_only_deleted_or_failed_is_not_finished,
        finished::many_count_at_once_and_none_is_forgotten,
        account::the_first_account_keeps_the_queue,
        account::of_accounts_that_bind_at_once_all_see_the_same,
        leases::receivers_get_different_messages,
        messages::a_message_that_never_ends_goes_to_the_failed,
        queues::a_queue_deleted_in_use_is_gone,
        queues::a_missing_queue_is_not_found,
        queues::many_may_create_it_at_once,
        fleet::the_fleet_keeps_its_pace,
        fleet::the_last_worker_to_start_sets_the_pace,
    ];
    let (names, cases): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let results = join_all(cases).await;
    let failed = names
        .iter()
        .zip(&results)
        .filter(|(_, result)| result.is_err());
    let failed: Vec<_> = failed.map(|(name, _)| name).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}

fn message(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

async fn queue_with(harness: &impl Harness, name: &str, bodies: &[&str]) -> Queue {
    let queue = harness.create(name).await.unwrap();
    let batch: Vec<_> = bodies.iter().map(|body| message(body)).collect();
    assert_eq!(
        queue.send(&batch).await.unwrap(),
        vec![Sent::Taken; batch.len()]
    );
    queue
}

async fn take(queue: &Queue, timeout: Duration) -> Lease {
    let lease = queue.receive(timeout, SOON).await.unwrap();
    lease.unwrap_or_else(|| panic!("no message in {}", queue.location()))
}

async fn assert_empty(queue: &Queue) {
    let lease = queue.receive(LONG, NOW).await.unwrap();
    assert_eq!(lease.as_ref().map(Lease::body), None);
}
