//! What s3flickr does under each fault of Flickr, the store, the queue or the machine.
//! `docs/SEMANTICS.md` lists them with these tests.

mod account;
mod answers;
mod bytes;
mod counts;
mod disk;
mod listing;
mod once;
mod outages;
mod queue;
mod secrets;
mod source;
mod stopping;
mod unusable;

use std::collections::BTreeMap;

use s3flickr::model::{Job, Key, Location};
use s3flickr::queue::{Outgoing, Queue};
use serde_json::{Value, json};

use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture, sha1};

/// A user with photos in a folder, all of them queued.
struct Fixture {
    env: Env,
    user: User,
    keys: Vec<String>,
}

impl Fixture {
    /// `photos` photos in two folders, each with `retries` attempts.
    async fn with(photos: usize, retries: u32) -> Fixture {
        let env = Env::start().await;
        let user = env.user();
        let keys: Vec<String> = (0..photos).map(|n| format!("{}/{n}.jpg", n % 2)).collect();
        for key in &keys {
            let path = user.home().join("photos").join(key);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, picture(key)).expect("a photo");
        }
        let retries = retries.to_string();
        user.run(["populate", "--from", "photos", "--retries", &retries])
            .await
            .expect_success();
        Fixture { env, user, keys }
    }

    /// The same, with a Flickr that has these faults.
    async fn with_faults(photos: usize, retries: u32, script: Value) -> Fixture {
        let fixture = Fixture::with(photos, retries).await;
        fixture.env.faults(script).await;
        fixture
    }

    /// Queues all photos on another queue of this name, and copies them from there.
    async fn again(&self, queue: &str) -> Output {
        let queue = format!("sqlite:{queue}.db");
        let populate = ["populate", "--from", "photos", "--queue", &queue];
        self.user.run(populate).await.expect_success();
        let work = [&WORK[..], &["--queue", &queue]].concat();
        self.user.run(work).await.expect_success()
    }

    /// Without faults, the next worker finishes what is left.
    async fn recovers(&self) {
        self.env.faults(json!([])).await;
        self.work().await.expect_success();
        self.all_is_well().await;
    }

    /// Deletes the photo of this title on Flickr.
    async fn delete(&self, title: &str) {
        let id = self.env.id_of(title).await;
        let deleted = self.env.client().delete_photo(&id).await;
        deleted.expect("deleted");
    }

    /// Runs a worker to its end, quick to try again.
    async fn work(&self) -> Output {
        self.user.run(WORK).await
    }

    /// Each photo is on Flickr exactly once with its own bytes, and nothing failed.
    async fn all_is_well(&self) {
        let expected: BTreeMap<String, String> = self
            .keys
            .iter()
            .map(|key| (key.clone(), sha1(&picture(key))))
            .collect();
        assert_eq!(self.env.contents().await, expected);
        self.has(0, 0).await;
    }

    /// `waiting` jobs wait, `failed` have failed, and no worker holds one.
    async fn has(&self, waiting: u64, failed: u64) {
        let status = self.user.run(["status", "--json"]).await.expect_success();
        let status = status.json();
        let counts = ["waiting", "failed", "in_flight", "delayed"].map(|name| &status[name]);
        assert_eq!(counts, [waiting, failed, 0, 0], "{status}");
    }

    /// The queue itself.
    async fn queue(&self) -> Queue {
        let status = self.user.run(["status", "--json"]).await.json();
        let location = status["queue"].as_str().expect("a location");
        Queue::open(location).await.expect("the queue")
    }

    /// A first message for a photo of the folder.
    fn message(&self, key: &str) -> String {
        let folder = self.user.home().join("photos");
        let folder = Location::folder(folder.to_str().expect("UTF-8")).expect("a folder");
        let key = Key::new(key).expect("a key");
        Job::new(folder.url_of(&key), key, 1, 1, "").write()
    }

    async fn failed(&self) -> Vec<(String, String)> {
        failed(&self.user, &[]).await
    }
}

/// A worker without a pace, quick to try again.
const WORK: [&str; 6] = [
    "work",
    "--calls-per-hour",
    "0",
    "--retry-delay",
    "0.2",
    "--json",
];

/// The class and the URL of each failed job.
async fn failed(user: &User, options: &[&str]) -> Vec<(String, String)> {
    let list = user.run([&["failed", "list", "--json"], options].concat());
    let list = list.await.expect_success().json();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let entries = list.as_array().expect("a list").iter();
    entries
        .map(|entry| (text(entry, "class"), text(entry, "url")))
        .collect()
}

/// A message without a deduplication id: the queue takes every copy.
fn outgoing(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}
