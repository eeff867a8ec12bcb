//! `doctor`: each thing that may be wrong, its cause and its cure; and that it changes nothing.

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::support::aws::{Aws, ministack, unique};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};
use crate::support::terminal::Terminal;

/// What `doctor --json` finds, by the name of the check.
async fn diagnosed(user: &User, options: &[&str]) -> (Value, Output) {
    let output = user.run([&["doctor", "--json"], options].concat()).await;
    (output.json(), output)
}

/// The check of this name.
#[track_caller]
fn check<'a>(found: &'a Value, name: &str) -> &'a Value {
    let checks = found["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("no {name:?} in {found:#}"))
}

/// Fails unless this check is not right, says why, and how to mend it.
#[track_caller]
fn is_wrong(found: &Value, name: &str, cause: &str, cure: &str) {
    let check = check(found, name);
    let text = |field: &str| check[field].as_str().unwrap_or_default();
    assert_eq!(check["ok"], json!(false), "{found:#}");
    assert!(text("detail").contains(cause), "{found:#}");
    assert!(text("fix").contains(cure), "{found:#}");
    assert_eq!(found["ok"], json!(false));
}

/// All files below a folder, with their sizes.
fn files(folder: &Path) -> BTreeSet<(String, u64)> {
    let entries = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let sized = entries.filter_map(|entry| {
        let length = entry.metadata().ok().filter(|m| m.is_file())?.len();
        Some((entry.path().display().to_string(), length))
    });
    sized.collect()
}

/// The checks of a folder's copy.
const ALL: [&str; 10] = [
    "Flickr key",
    "Flickr token",
    "Flickr rights",
    "Flickr limits",
    "clock",
    "queue",
    "source",
    "a file of the source",
    "disk",
    "open files",
];

fn names(found: &Value) -> Vec<&str> {
    let checks = found["checks"].as_array().expect("checks").iter();
    checks.filter_map(|check| check["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_every_check_says_so_and_nothing_is_written() {
    let env = Env::start().await;
    let user = env.user();
    let photos = user.home().join("photos");
    std::fs::create_dir_all(&photos).unwrap();
    std::fs::write(photos.join("a.jpg"), picture("a.jpg")).unwrap();
    let before = files(user.home());
    let (found, output) = diagnosed(&user, &["--from", "photos"]).await;
    assert_eq!((output.code(), &found["ok"]), (Some(0), &json!(true)));
    assert_eq!(names(&found), ALL);
    assert!(
        check(&found, "queue")["detail"]
            .as_str()
            .unwrap()
            .contains("none yet")
    );
    assert_eq!(files(user.home()), before);
    let methods: BTreeSet<String> = env.calls().await.into_keys().collect();
    let reads = [
        "flickr.auth.oauth.checkToken",
        "flickr.people.getUploadStatus",
        "flickr.test.login",
    ];
    assert_eq!(methods, BTreeSet::from(reads.map(str::to_owned)));

    let text = user
        .run(["doctor", "--from", "photos"])
        .await
        .expect_success()
        .stdout;
    assert_eq!(text.lines().count(), ALL.len() + 1, "{text}");
    assert!(text.ends_with("all is well\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_flickr_refuses_is_told_with_its_cure() {
    for (fault, name, cause, cure) in [
        (
            json!({ "fault": "key-disabled" }),
            "Flickr key",
            "refuses it",
            "services/apps/create",
        ),
        (
            json!({ "fault": "token-revoked" }),
            "Flickr token",
            "refuses it",
            "s3flickr login",
        ),
        (
            json!({ "fault": "oauth-problem", "problem": "signature_invalid" }),
            "Flickr key",
            "signature",
            "FLICKR_API_SECRET",
        ),
    ] {
        let env = Env::start().await;
        let mut line = fault;
        line["call"] = "*".into();
        env.faults(json!([line])).await;
        let (found, output) = diagnosed(&env.user(), &[]).await;
        is_wrong(&found, name, cause, cure);
        assert_eq!(output.code(), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_off_on_the_users_side_is_told() {
    let env = Env::start().await;
    let (found, _) = diagnosed(&env.user_with_key_only(), &[]).await;
    is_wrong(&found, "Flickr key", "FLICKR_OAUTH_TOKEN", "s3flickr login");
    env.account(json!({ "clock_ahead_seconds": 7_200 })).await;
    let (found, _) = diagnosed(&env.user(), &[]).await;
    is_wrong(&found, "clock", "slow", "timedatectl");
    let nobody = env.user().with("FLICKR_ENDPOINT_URL", "http://127.0.0.1:9");
    let (found, _) = diagnosed(&nobody, &["--from", "nowhere"]).await;
    is_wrong(&found, "Flickr", "refused", "FLICKR_ENDPOINT_URL");
    is_wrong(&found, "source", "nowhere", "path");
    let few = env.user().start_after("ulimit -n 64", ["doctor", "--json"]);
    let found = few.output().await.json();
    is_wrong(&found, "open files", "only 64", "ulimit -Hn");
}

/// A user with an account, and AWS.
fn user(env: &Env, aws: &Aws) -> User {
    env.user().with_all(aws.env())
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_aws_are_told_apart_by_where_they_are_from_and_never_shown() {
    let (env, aws) = (Env::start().await, ministack().await);
    let queue = format!("sqs://{}", unique("doctor"));
    let (found, output) = diagnosed(&user(&env, aws), &["--queue", &queue]).await;
    let credentials = check(&found, "AWS credentials");
    assert_eq!(credentials["ok"], json!(true));
    assert!(
        credentials["detail"]
            .as_str()
            .unwrap()
            .contains("AWS_ACCESS_KEY_ID"),
        "{found:#}"
    );
    for (name, value) in aws.env() {
        if name.contains("SECRET") {
            assert!(
                !output.stdout.contains(&format!("\"{value}\"")),
                "{}",
                output.stdout
            );
        }
    }
    is_wrong(&found, "queue", "not there", "populate");
    let nobody = env
        .user()
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .with("AWS_REGION", "us-east-1");
    let (found, _) = diagnosed(&nobody, &["--queue", &queue]).await;
    is_wrong(
        &found,
        "AWS credentials",
        "no AWS credentials",
        "aws configure",
    );
    let placeless = env.user().with_all(
        aws.env()
            .into_iter()
            .filter(|(name, _)| !name.contains("REGION")),
    );
    let (found, _) = diagnosed(&placeless, &["--queue", &queue]).await;
    is_wrong(&found, "AWS region", "no region", "AWS_REGION");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_looked_at_in_all_its_parts() {
    let (env, aws) = (Env::start().await, ministack().await);
    let name = unique("parts");
    let queue = format!("sqs://{name}");
    let bucket = aws.bucket("doctor").await;
    aws.put_object(&bucket, "a.jpg", picture("a.jpg")).await;
    let user = user(&env, aws);
    user.run(["populate", "--bucket", &bucket, "--queue", &queue])
        .await
        .expect_success();
    let options = ["--queue", &queue, "--bucket", &bucket];
    let (found, output) = diagnosed(&user, &options).await;
    assert_eq!(output.code(), Some(0), "{found:#}");
    let sqs = aws.sqs().await;
    let url_of = async |part: &str| {
        sqs.get_queue_url()
            .queue_name(part)
            .send()
            .await
            .unwrap()
            .queue_url
            .unwrap()
    };
    let set = async |attribute: QueueAttributeName, value: String| {
        let set = sqs.set_queue_attributes().queue_url(url_of(&name).await);
        set.attributes(attribute, value).send().await.unwrap();
    };
    set(QueueAttributeName::MessageRetentionPeriod, "86400".into()).await;
    let (found, _) = diagnosed(&user, &options).await;
    is_wrong(&found, "queue settings", "1.0 days", "populate");
    let elsewhere = unique("elsewhere");
    sqs.create_queue()
        .queue_name(&elsewhere)
        .send()
        .await
        .unwrap();
    let arn = format!("arn:aws:sqs:us-east-1:000000000000:{elsewhere}");
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 10 });
    set(QueueAttributeName::RedrivePolicy, policy.to_string()).await;
    let (found, _) = diagnosed(&user, &options).await;
    is_wrong(&found, "queue settings", &elsewhere, "redrive policy");
    let calls = url_of(&format!("{name}-calls.fifo")).await;
    sqs.delete_queue().queue_url(calls).send().await.unwrap();
    let (found, _) = diagnosed(&user, &options).await;
    is_wrong(&found, "queue of the call budget", "missing", "populate");
    let failed = url_of(&format!("{name}-failed")).await;
    sqs.delete_queue().queue_url(failed).send().await.unwrap();
    let (found, _) = diagnosed(&user, &options).await;
    is_wrong(&found, "failed queue", "missing", "populate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told() {
    let (env, aws) = (Env::start().await, ministack().await);
    let user = user(&env, aws);
    let (found, _) = diagnosed(&user, &["--bucket", "no-such-bucket-anywhere"]).await;
    is_wrong(
        &found,
        "source",
        "no-such-bucket-anywhere",
        "check the name",
    );
    let empty = aws.bucket("empty").await;
    let (found, _) = diagnosed(&user, &["--bucket", &empty]).await;
    is_wrong(&found, "source", "holds no files", "check the name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_refused_says_what_is_wrong_with_its_credentials() {
    let env = Env::start().await;
    let user = env.user();
    std::fs::create_dir_all(user.home().join("photos")).unwrap();
    std::fs::write(user.home().join("photos/a.jpg"), picture("a.jpg")).unwrap();
    user.run(["populate", "--from", "photos"])
        .await
        .expect_success();
    env.faults(json!([{ "call": "*", "fault": "key-disabled" }]))
        .await;
    let stderr = user.run(["work"]).await.expect_code(1).stderr;
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("s3flickr doctor --queue"), "{stderr}");
    let mut terminal = Terminal::start(&user, (24, 80), &["work"]);
    assert_eq!(terminal.end().await, Some(1));
    let screen = terminal.screen();
    assert!(screen.contains("FAIL  Flickr key"), "{screen}");
}
