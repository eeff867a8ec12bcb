//! Whose budget a call to Flickr comes out of, and when calls that were granted may be made.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use s3flickr::flickr::{Budget, Cause, Client};
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::flickr::set_title::SetName;
use s3flickr::model::outcome::Backoff;
use s3flickr::monitor::Silent;
use s3flickr::ops::account;
use s3flickr::ops::sets::{AssignOptions, assign_sets};
use s3flickr::ops::work::{Options, Transfers, work};
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;
use s3flickr::store::flickr::FlickrOptions;
use s3flickr::store::{Target, TargetOptions};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::support::cli::User;
use crate::support::env::{Env, picture};

const A_MOMENT: Duration = Duration::from_millis(20);

/// A budget that counts what it grants, one call at a time, while the gate is open.
fn counting(gate: &Arc<Semaphore>) -> (Budget, Arc<AtomicU64>) {
    let granted = Arc::new(AtomicU64::new(0));
    let (gate, count) = (Arc::clone(gate), Arc::clone(&granted));
    let budget = Budget::shared(move || {
        let (gate, count) = (Arc::clone(&gate), Arc::clone(&count));
        async move {
            gate.acquire().await.map_err(Cause::from)?.forget();
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<u32, Cause>(1)
        }
        .boxed()
    });
    (budget, granted)
}

fn write_photo(folder: &Path, key: &str, bytes: &[u8]) {
    let path = folder.join(key);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a photo");
}

async fn populated(user: &User, location: &str) {
    let populate = ["populate", "--from", "photos", "--queue", location];
    user.run(populate).await.expect_success();
}

fn options(lanes: usize) -> Options {
    Options {
        transfers: Transfers::Fixed(lanes),
        backoff: Backoff {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(1),
        },
        ..Options::default()
    }
}

/// The account as `work` takes it.
fn target(client: &Client, options: &Options) -> Target {
    Target::open(TargetOptions::Flickr(FlickrOptions {
        client: client.clone(),
        privacy: Privacy::Private,
        lag: options.backoff.first,
    }))
}

async fn calls_made(env: &Env) -> u64 {
    env.calls().await.values().sum()
}

/// A user with a queue of photos, two of them with the same bytes: Flickr refuses the second as a
/// duplicate, and s3flickr asks which photo it is.
async fn queued_twins(env: &Env) -> (User, String) {
    let user = env.user();
    let photos = user.home().join("photos");
    for key in ["a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg"] {
        write_photo(&photos, key, &picture(key));
    }
    write_photo(&photos, "b/5.jpg", &picture("a/1.jpg"));
    let location = format!("sqlite:{}", user.home().join("queue.db").display());
    populated(&user, &location).await;
    (user, location)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_comes_out_of_the_budget_looks_and_lists_and_checks_among_them() {
    let env = Env::start().await;
    let (_user, location) = queued_twins(&env).await;
    // Looks after lost answers, and calls that are made again.
    let script = json!([
        { "call": "upload", "fault": "lose-answer", "times": 2 },
        { "call": "flickr.people.getPhotos", "fault": "error-before", "times": 1 },
        { "call": "flickr.photosets.getList", "fault": "throttle", "times": 1 },
    ]);
    env.faults(script).await;

    // What populate asked came out of a budget of its own.
    let others = calls_made(&env).await;
    let (budget, granted) = counting(&Arc::new(Semaphore::new(10_000)));
    let client = env.client_with(budget);
    account::owner(&client).await.expect("an owner");
    let target = target(&client, &options(1));
    target.preflight(5).await.expect("an account in order");
    let made = calls_made(&env).await - others;
    assert_eq!(granted.load(Ordering::SeqCst), made);

    let queue = Queue::open(&location).await.expect("the queue");
    let stop = Stop::new();
    let worked = work(&queue, &target, &options(1), &stop, Arc::new(Silent)).await;
    assert_eq!(worked.expect("a run").tally.failed, 0);
    let paid = granted.load(Ordering::SeqCst);
    let made = calls_made(&env).await - others;
    // The lane ended with a call in hand that nobody made.
    assert!(
        made > 12 && (made..=made + 1).contains(&paid),
        "{paid} paid, {made} made"
    );

    let assign = AssignOptions {
        naming: SetName::Path,
        dry_run: false,
        read_all: true,
        ..AssignOptions::default()
    };
    let (budget, granted) = counting(&Arc::new(Semaphore::new(10_000)));
    assign_sets(&env.client_with(budget), assign, &stop, &Silent)
        .await
        .expect("sets");
    let paid = granted.load(Ordering::SeqCst);
    let made = calls_made(&env).await - others - made;
    assert!(made > 4 && paid == made, "{paid} paid, {made} made");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_lanes_save_up_no_calls_for_a_burst_when_work_comes() {
    let env = Env::start().await;
    let user = env.user();
    let location = format!("sqlite:{}", user.home().join("queue.db").display());
    let queue = Queue::create(&location).await.expect("a queue");
    let gate = Arc::new(Semaphore::new(1_000));
    let (budget, granted) = counting(&gate);
    let client = env.client_with(budget.lasting(Duration::from_millis(300)));
    let stop = Stop::new();
    let idle = tokio::spawn({
        let (queue, stop) = (queue.clone(), stop.clone());
        let photos = user.home().join("photos").display().to_string();
        let allow = s3flickr::ops::work::allowed_sources::locate_all(&[photos]).expect("a store");
        let options = Options {
            forever: true,
            allow,
            ..options(8)
        };
        let target = target(&client, &options);
        async move { work(&queue, &target, &options, &stop, Arc::new(Silent)).await }
    });
    // Every lane had its call, and keeps it for longer than it is worth something.
    while granted.load(Ordering::SeqCst) < 8 {
        sleep(A_MOMENT).await;
    }
    sleep(Duration::from_secs(1)).await;
    gate.forget_permits(usize::MAX >> 3);
    let before = granted.load(Ordering::SeqCst);
    assert!(before < 30, "idle lanes took {before} calls");
    let keys = ["1.jpg", "2.jpg", "3.jpg", "4.jpg"];
    for key in keys {
        write_photo(&user.home().join("photos"), key, &picture(key));
    }
    populated(&user, &location).await;
    while queue.counts().await.expect("counts").in_flight == 0 {
        sleep(A_MOMENT).await;
    }
    gate.add_permits(100);
    while env.photos().await.len() < keys.len() {
        sleep(A_MOMENT).await;
    }
    let after = granted.load(Ordering::SeqCst) - before;
    assert!(after >= keys.len() as u64, "{after} calls for 4 photos");
    stop.drain();
    idle.await.expect("no panic").expect("a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_without_a_queue_share_one_pace_on_a_machine_and_a_signal_ends_their_wait() {
    let env = Env::start().await;
    let user = env.user();
    // Ten calls at once, then one in two minutes.
    let dry_run = ["assign-sets", "--dry-run", "--calls-per-hour", "40", "-v"];
    user.run(dry_run).await.expect_success();
    let each = calls_made(&env).await;
    assert!((1..10).contains(&each), "{each}");
    for _ in 1..10 / each {
        user.run(dry_run).await.expect_success();
    }
    // Whoever comes now waits, and makes no further call before it is told to end.
    let mut late = user.start(dry_run);
    late.until_stderr("waiting for a call").await;
    late.interrupt();
    late.output().await.expect_code(4);
    assert_eq!(calls_made(&env).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_login_is_counted_with_the_fleet_of_a_queue_that_is_known() {
    let env = Env::start().await;
    let user = env.user();
    let location = format!("sqlite:{}", user.home().join("queue.db").display());
    let queue = Queue::create(&location).await.expect("a queue");
    let pace = s3flickr::queue::Rate::per_hour(2);
    assert_eq!(queue.permit(&pace).await.expect("the only call"), 1);
    let user = user.with("S3FLICKR_QUEUE", location);
    let mut check = user.start(["login", "--check", "-vv"]);
    check.until_stderr("waiting for a call").await;
    check.interrupt();
    check.output().await.expect_code(4);
    assert_eq!(calls_made(&env).await, 0);
    // With nobody's fleet it is answered at once.
    let user = user.with("S3FLICKR_QUEUE", "");
    user.run(["login", "--check"]).await.expect_success();
}
