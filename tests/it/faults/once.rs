//! Never twice: lost answers, lagging lists, duplicates, clocks that are wrong.

use std::time::{Duration, SystemTime};

use futures_util::stream;
use s3flickr::flickr::Upload;
use s3flickr::model::flickr::privacy::Privacy;
use s3flickr::model::flickr::tags::Origin;
use serde_json::{Value, json};

use super::{Fixture, WORK};
use crate::support::env::picture;

/// Flickr does not document `dedup_check`: the day may come on which it does nothing.
async fn without_dedup_check(fixture: &Fixture) {
    let settings = json!({ "ignores_dedup_check": true });
    fixture.env.account(settings).await;
}

impl Fixture {
    /// Puts one more photo, of these bytes, into the folder and onto the queue.
    async fn add(&mut self, key: &str, bytes: &[u8]) {
        let path = self.user.home().join("photos").join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a photo");
        self.keys.push(key.to_owned());
        let populate = ["populate", "--from", "photos"];
        self.user.run(populate).await.expect_success();
    }

    /// Moves the times of all files by an hour, as the end of summer time does on a memory card.
    fn move_times(&self, hours: u64) {
        for key in &self.keys {
            let path = self.user.home().join("photos").join(key);
            let file = std::fs::File::options().write(true).open(path);
            let time = SystemTime::now() - Duration::from_secs(hours * 3600);
            file.and_then(|file| file.set_modified(time))
                .expect("another time");
        }
    }

    async fn titles(&self) -> Vec<String> {
        let photos = self.env.photos().await.into_iter();
        photos.map(|photo| photo.title).collect()
    }

    /// The titles that there should be.
    fn all_keys(&self) -> Vec<String> {
        let mut keys = self.keys.clone();
        keys.sort();
        keys
    }

    async fn uploads(&self) -> u64 {
        let calls = self.env.calls().await;
        calls.get("upload").copied().unwrap_or_default()
    }

    /// A photo that somebody put there by other means: the bytes of a key, without tags of ours.
    async fn by_hand(&self, key: &str, title: &str) -> String {
        let client = self.env.client();
        let bytes = picture(key);
        let upload = Upload {
            title: title.to_owned(),
            tags: vec!["holiday".to_owned()],
            privacy: Privacy::Private,
            file_name: "photo.jpg".to_owned(),
            dedup_check: false,
            length: bytes.len() as u64,
            body: Box::pin(stream::iter([Ok(bytes.into())])),
        };
        let permit = client.budget().take().await.expect("a permit");
        client.upload(permit, upload).await.expect("a photo")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_of_the_same_bytes_are_two_photos_however_often_they_are_queued() {
    let mut fixture = Fixture::with(1, 5).await;
    fixture.add("0/twin.jpg", &picture("0/0.jpg")).await;
    fixture.add("1/twin.jpg", &picture("0/0.jpg")).await;
    fixture.work().await.expect_success();
    assert_eq!(fixture.titles().await, fixture.all_keys());
    for queue in ["second", "third", "fourth"] {
        let worked = fixture.again(queue).await.json();
        assert_eq!(worked["already_there"], 3, "{queue}: {worked}");
        assert_eq!(fixture.titles().await, fixture.all_keys(), "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_whose_time_alone_changed_are_not_copied_again() {
    for silent in [false, true] {
        let mut fixture = Fixture::with(3, 5).await;
        fixture.add("0/twin.jpg", &picture("0/0.jpg")).await;
        if silent {
            // The first run asks, so that there are two photos of the twins to be found.
            fixture.work().await.expect_success();
            without_dedup_check(&fixture).await;
        }
        fixture.work().await.expect_success();
        for hours in 1..3 {
            fixture.move_times(hours);
            let populate = ["populate", "--from", "photos", "--json"];
            let queued = fixture.user.run(populate).await.expect_success().json();
            assert_eq!(queued["queued"], 4, "{queued}");
            let worked = fixture.work().await.expect_success().json();
            assert_eq!(worked["already_there"], 4, "{silent}: {worked}");
            assert_eq!(fixture.titles().await, fixture.all_keys());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_put_there_by_other_means_is_adopted() {
    let mut fixture = Fixture::with(2, 5).await;
    let id = fixture.by_hand("0/0.jpg", "Our cat").await;
    // A second file of these bytes is a second photo.
    fixture.add("1/twin.jpg", &picture("0/0.jpg")).await;
    fixture.work().await.expect_success();
    let photos = fixture.env.photos().await;
    assert_eq!(photos.len(), 3, "{photos:?}");
    let cat = fixture.env.client().photo(&id).await.expect("the cat");
    assert_eq!(cat.title, "Our cat", "its owner's title");
    let origin = Origin::from_tags(&cat.machine_tags).expect("tags of ours");
    assert!(["0/0.jpg", "1/twin.jpg"].contains(&origin.key.as_str()));
    assert_eq!(origin.size, Some(picture("0/0.jpg").len() as u64));
    assert_eq!(fixture.env.calls().await["flickr.photos.addTags"], 1);
    let worked = fixture.again("second").await.json();
    assert_eq!(worked["already_there"], 3, "{worked}");
    assert_eq!(fixture.env.photos().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_queue_makes_no_second_photo_where_flickr_does_not_check() {
    let fixture = Fixture::with(40, 5).await;
    without_dedup_check(&fixture).await;
    fixture.work().await.expect_success();
    let before = fixture.env.calls().await;
    let listings = |calls: &std::collections::BTreeMap<String, u64>| {
        calls.get("flickr.people.getPhotos").copied().unwrap_or(0)
    };
    assert_eq!(
        listings(&before),
        1,
        "a new account is asked once: {before:?}"
    );
    let worked = fixture.again("second").await.json();
    assert_eq!(worked["already_there"], 40, "{worked}");
    let calls = fixture.env.calls().await;
    assert!(listings(&calls) <= 4, "{calls:?}");
    assert!(!calls.contains_key("flickr.photos.getInfo"), "{calls:?}");
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_lag_and_a_storm_of_lost_answers_make_no_second_photo() {
    let fixture = Fixture::with(30, 5).await;
    without_dedup_check(&fixture).await;
    let lag = json!({ "list_lag_seconds": 1.0 });
    fixture.env.account(lag).await;
    let script = json!([{ "call": "upload", "fault": "lose-answer", "times": 30 }]);
    fixture.env.faults(script).await;
    // The first delay is the lag that is reckoned with.
    let work = ["work", "--calls-per-hour", "0", "--retry-delay", "3"];
    fixture.user.run(work).await.expect_success();
    assert_eq!(fixture.uploads().await, 30);
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_off_makes_no_second_photo() {
    for ahead in [-3600, 3600] {
        let fixture = Fixture::with(12, 5).await;
        without_dedup_check(&fixture).await;
        let clock = json!({ "clock_ahead_seconds": ahead });
        fixture.env.account(clock).await;
        // Two of the losses are of the uploads that teach the time.
        let script = json!([{ "call": "upload", "fault": "lose-answer", "times": 12 }]);
        fixture.env.faults(script).await;
        fixture.work().await.expect_success();
        assert_eq!(fixture.uploads().await, 12, "{ahead}");
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_deleted_meanwhile_is_copied_again() {
    let fixture = Fixture::with(2, 5).await;
    let forever = [&WORK[..], &["--forever"]].concat();
    let _worker = fixture.user.start(forever);
    let queue = fixture.queue().await;
    let marked = |key: &str| {
        let mut job: Value = serde_json::from_str(&fixture.message(key)).expect("a job");
        let path = fixture.user.home().join("photos").join(key);
        job["size"] = std::fs::metadata(path).expect("a photo").len().into();
        job["since"] = 1.into();
        super::outgoing(&job.to_string())
    };
    fixture
        .until("both are there", async || fixture.titles().await.len() == 2)
        .await;
    // The worker lists the account, and knows both from then on.
    queue.send(&[marked("1/1.jpg")]).await.expect("sent");
    let listed = async || fixture.env.calls().await["flickr.people.getPhotos"] > 1;
    fixture.until("it has listed", listed).await;
    fixture
        .until("it has nothing to do", async || idle(&queue).await)
        .await;
    fixture.delete("1/1.jpg").await;
    queue.send(&[marked("1/1.jpg")]).await.expect("sent");
    fixture
        .until("it is there again", async || {
            fixture.titles().await.len() == 2
        })
        .await;
}

async fn idle(queue: &s3flickr::queue::Queue) -> bool {
    let counts = queue.counts().await.expect("counts");
    counts.waiting + counts.in_flight + counts.delayed == 0
}

impl Fixture {
    /// Waits for it; half a minute is far more than it takes.
    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..600 {
            if is_so().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not in half a minute: {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_was_deleted_on_flickr_can_be_copied_again() {
    let fixture = Fixture::with(3, 5).await;
    fixture.work().await.expect_success();
    fixture.delete("0/0.jpg").await;
    let worked = fixture.again("second").await.json();
    assert_eq!(
        (&worked["uploaded"], &worked["retried"]),
        (&json!(1), &json!(0)),
        "{worked}"
    );
    // One was refused as a duplicate of the deleted photo.
    assert_eq!(fixture.uploads().await, 5);
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_flickr_names_and_never_knows_is_not_there() {
    let mut fixture = Fixture::with(1, 5).await;
    fixture.add("1/twin.jpg", &picture("0/0.jpg")).await;
    let script = json!([
        { "call": "flickr.photos.getInfo", "fault": "refuse", "code": 1, "message": "Photo not found" },
    ]);
    fixture.env.faults(script).await;
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(
        (&worked["uploaded"], &worked["retried"]),
        (&json!(2), &json!(0)),
        "{worked}"
    );
    assert_eq!(fixture.titles().await, fixture.all_keys());
    let asked = fixture.env.calls().await["flickr.photos.getInfo"];
    assert!((5..=10).contains(&asked), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_flickr_does_not_name_is_not_uploaded_again_and_again() {
    let mut fixture = Fixture::with(1, 5).await;
    fixture.add("1/twin.jpg", &picture("0/0.jpg")).await;
    let script = json!([
        { "call": "upload", "fault": "refuse", "code": 9, "message": "Duplicate photo/video detected",
          "skip": 1, "times": 2 },
    ]);
    fixture.env.faults(script).await;
    let work = [&WORK[..], &["--transfers", "1"]].concat();
    let worked = fixture.user.run(work).await.expect_success().json();
    assert_eq!(worked["uploaded"], 2, "{worked}");
    assert_eq!(fixture.uploads().await, 4);
    assert_eq!(fixture.titles().await, fixture.all_keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flickr_says_after_the_whole_body_may_be_wrong() {
    for fault in [
        json!({ "fault": "refuse-after", "code": 3, "message": "General upload failure" }),
        json!({ "fault": "refuse-after", "code": 201,
                "message": "Sorry, the Flickr API service is not currently available." }),
        json!({ "fault": "refuse-after", "code": 777, "message": "a word that is new" }),
        json!({ "fault": "error-after", "status": 408 }),
        json!({ "fault": "error-after", "status": 404 }),
    ] {
        let fixture = Fixture::with(4, 5).await;
        without_dedup_check(&fixture).await;
        let mut script = fault.clone();
        script["call"] = "upload".into();
        script["times"] = 4.into();
        fixture.env.faults(json!([script])).await;
        let worked = fixture.work().await.expect_success().json();
        assert_eq!(worked["already_there"], 4, "{fault}: {worked}");
        assert_eq!(fixture.uploads().await, 4, "{fault}");
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_be_asked_to_wait_after_the_photo_was_taken_is_no_failure_and_no_second_photo() {
    // A single failure would end a photo.
    let fixture = Fixture::with(4, 1).await;
    without_dedup_check(&fixture).await;
    let script = json!([
        { "call": "upload", "fault": "refuse-after", "code": 105, "message": "Service currently unavailable",
          "times": 4 },
    ]);
    fixture.env.faults(script).await;
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["already_there"], 4, "{worked}");
    assert_eq!(fixture.uploads().await, 4);
    fixture.all_is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_a_killed_worker_left_is_found_by_the_next() {
    let fixture = Fixture::with(3, 5).await;
    without_dedup_check(&fixture).await;
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 60_000, "times": 3 }]);
    fixture.env.faults(script).await;
    let work = [&WORK[..], &["--visibility", "2"]].concat();
    let worker = fixture.user.start(work);
    fixture
        .until("all are there", async || fixture.titles().await.len() == 3)
        .await;
    drop(worker);
    let worked = fixture.work().await.expect_success().json();
    assert_eq!(worked["already_there"], 3, "{worked}");
    fixture.all_is_well().await;
}
