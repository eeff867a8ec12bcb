//! `failed`: the photos that failed, all of them or those of one class.

use std::time::Duration;

use s3flickr::model::outcome::FailureClass;
use s3flickr::model::{Job, Key};
use s3flickr::queue::{Outgoing, Queue};

use crate::support::cli::User;

/// What failed: the file, and how.
const FAILED: [(&str, FailureClass); 5] = [
    ("1.jpg", FailureClass::Transient),
    ("2.jpg", FailureClass::Refused),
    ("3.jpg", FailureClass::Transient),
    ("4.jpg", FailureClass::Gone),
    ("5.jpg", FailureClass::Ambiguous),
];

/// A user with a queue on which these photos failed, and a message that is no job.
async fn user_with_failures() -> (User, Queue) {
    let user = User::new();
    let place = format!("sqlite:{}", user.home().join("queue.db").display());
    let queue = Queue::create(&place).await.unwrap();
    let job = |file: &str| {
        let key = Key::new(file).unwrap();
        Job::new(format!("s3://photos/{file}"), key, 0, 7, "etag")
    };
    let mut bodies: Vec<String> = FAILED
        .iter()
        .map(|(file, class)| job(file).failed(*class, format!("why {file}")))
        .collect();
    // The queue itself gave this one up.
    bodies.push(job("6.jpg").write());
    bodies.push("no job".to_owned());
    for body in bodies {
        let message = Outgoing {
            body: body.clone(),
            ..Outgoing::default()
        };
        queue.send(&[message]).await.unwrap();
        let lease = queue.receive(Duration::from_secs(60), Duration::ZERO);
        lease
            .await
            .unwrap()
            .unwrap()
            .dead_letter(body)
            .await
            .unwrap();
    }
    (user.with("S3FLICKR_QUEUE", place), queue)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_class_is_listed_and_exported_by_the_word_of_the_json() {
    let (user, _queue) = user_with_failures().await;
    let all = user
        .run(["failed", "list", "--json"])
        .await
        .expect_success();
    let all = all.json();
    assert_eq!(all.as_array().unwrap().len(), 7);
    for entry in all.as_array().unwrap() {
        let class = entry["class"].as_str().unwrap();
        let of_class = ["failed", "list", "--json", "--class", class];
        let listed = user.run(of_class).await.expect_success().json();
        assert!(listed.as_array().unwrap().contains(entry), "{listed}");
        assert!(
            listed
                .as_array()
                .unwrap()
                .iter()
                .all(|e| e["class"] == class),
            "{listed}"
        );
    }
    let csv = user.run(["failed", "export", "--class", "transient"]).await;
    let csv = csv.expect_success().stdout;
    let urls: Vec<_> = csv
        .lines()
        .skip(1)
        .map(|line| line.split(',').next())
        .collect();
    assert_eq!(urls, [Some("s3://photos/1.jpg"), Some("s3://photos/3.jpg")]);
    let nonsense = user.run(["failed", "list", "--class", "nonsense"]).await;
    let nonsense = nonsense.expect_code(2).stderr;
    assert!(
        nonsense.contains("transient") && nonsense.contains("crashed"),
        "{nonsense}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_class_is_put_back_and_the_others_stay() {
    let (user, queue) = user_with_failures().await;
    for (class, requeued, failed) in [
        ("transient", 2, 5),
        ("transient", 0, 5),
        ("forbidden", 0, 5),
        ("unreadable", 0, 5),
        ("crashed", 1, 4),
        ("refused", 1, 3),
    ] {
        let retry = ["failed", "retry", "--json", "--class", class];
        let result = user.run(retry).await.expect_success().json();
        assert_eq!(result["requeued"], requeued, "{class}");
        assert_eq!(queue.counts().await.unwrap().failed, failed, "{class}");
    }
    assert_eq!(queue.counts().await.unwrap().waiting, 4);
    // What stays is not held any more.
    let rest = user.run(["failed", "retry", "--json"]).await;
    assert_eq!(rest.expect_success().json()["requeued"], 2);
    assert_eq!(
        queue.counts().await.unwrap().failed,
        1,
        "the message that is no job"
    );
}
