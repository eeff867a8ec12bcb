//! The policies of the guide allow what each command does, and nothing that none does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::support::aws::{ministack, unique};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};
use crate::support::policy::{Call, Guard, Policy};

/// What a policy allows for an occasion that this test does not bring about.
const RARE: [(&str, &str, &str); 7] = [
    (
        "populate",
        "s3:GetObject",
        "an inventory, or a file without a telling name",
    ),
    (
        "populate",
        "sqs:UntagQueue",
        "the marks of many earlier runs",
    ),
    (
        "work",
        "s3:ListBucket",
        "S3 then says that a file is gone, not that it is forbidden",
    ),
    (
        "work",
        "sqs:CreateQueue",
        "someone deleted the queue of calls, or the failed one",
    ),
    (
        "work",
        "sqs:UntagQueue",
        "what other workers wrote is summed up",
    ),
    ("work", "sqs:SendMessage", "a photo is tried again"),
    (
        "work",
        "sqs:ChangeMessageVisibility",
        "a photo takes longer than two minutes",
    ),
];

/// The policy of this name in the guide, with the names of this test's bucket and queue.
fn policy(name: &str, bucket: &str, queue: &str) -> Policy {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs/guide/iam")
        .join(format!("{name}.json"));
    let text = std::fs::read_to_string(path).expect("a policy of the guide");
    let own = text
        .replace(":my-photos", &format!(":{bucket}"))
        .replace(":photos", &format!(":{queue}"));
    Policy::parse(&serde_json::from_str(&own).expect("JSON"))
}

/// A user whose AWS is behind a guard.
struct Guarded {
    guard: Guard,
    user: User,
    bucket: String,
    queue: String,
    /// Calls that were made, by the policy that allowed them.
    used: BTreeMap<&'static str, BTreeSet<Call>>,
}

impl Guarded {
    async fn new(env: &Env) -> Guarded {
        let aws = ministack().await;
        let guard = Guard::start(&aws.endpoint).await;
        let endpoint = [("AWS_ENDPOINT_URL", guard.url.clone())];
        let user = env.user().with_all(aws.env()).with_all(endpoint);
        let bucket = aws.bucket("guarded").await;
        aws.put_objects(
            &bucket,
            ["a/1.jpg", "a/2.jpg"].map(|key| (key, picture(key))),
        )
        .await;
        Guarded {
            guard,
            user,
            bucket,
            queue: unique("guarded-queue"),
            used: BTreeMap::new(),
        }
    }

    /// Runs a command with one of the guide's policies and nothing else.
    async fn try_to_run(&self, policy_name: &'static str, arguments: &[&str]) -> Output {
        self.guard
            .allow(&policy(policy_name, &self.bucket, &self.queue));
        let address = format!("sqs://{}", self.queue);
        let arguments = arguments.iter().copied().chain(["--queue", &address]);
        self.user.run(arguments).await
    }

    /// The same; panics where the policy was not enough.
    async fn run(&mut self, policy_name: &'static str, arguments: &[&str]) -> Output {
        let output = self.try_to_run(policy_name, arguments).await;
        let denied = self.guard.denied();
        assert!(
            denied.is_empty(),
            "{policy_name}: {denied:?}\n{}",
            output.stderr
        );
        self.used
            .entry(policy_name)
            .or_default()
            .extend(self.guard.calls());
        output
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_runs_with_the_policy_that_the_guide_gives_it() {
    let env = Env::start().await;
    let mut guarded = Guarded::new(&env).await;
    let bucket = guarded.bucket.clone();
    let populate = ["populate", "--bucket", &bucket];
    guarded.try_to_run("status", &populate).await.expect_code(1);
    assert!(
        !guarded.guard.denied().is_empty(),
        "the guard lets all through"
    );
    guarded.run("populate", &populate).await.expect_success();
    let work = ["work", "--json"];
    let worked = guarded.run("work", &work).await.expect_success().json();
    assert_eq!(worked["uploaded"], 2);

    // A file that fails for good, and what is done about it.
    ministack()
        .await
        .put_object(&bucket, "a/3.jpg", picture("a/3.jpg"))
        .await;
    guarded.run("populate", &populate).await.expect_success();
    env
        .faults(serde_json::json!([{ "call": "upload", "fault": "refuse", "code": 5, "message": "no", "times": 1 }]))
        .await;
    guarded.run("work", &work).await.expect_code(3);
    guarded.run("status", &["status"]).await.expect_success();
    let doctor = ["doctor", "--bucket", &bucket];
    guarded.run("populate", &doctor).await.expect_success();
    guarded
        .run("populate", &["failed", "list"])
        .await
        .expect_success();
    guarded
        .run("populate", &["failed", "retry"])
        .await
        .expect_success();
    guarded.run("work", &work).await.expect_success();

    for (name, calls) in guarded.used {
        let used = calls.into_iter().map(|call| call.action);
        let rare = RARE.iter().filter(|(policy, ..)| *policy == name);
        let needed: BTreeSet<String> = used
            .chain(rare.map(|(_, action, _)| (*action).to_owned()))
            .collect();
        assert_eq!(policy(name, "b", "q").actions(), needed, "{name}");
    }
}

/// The operations of SQS that the SDK knows, and those of S3 with the right that each needs.
const SQS: &str = "add_permission cancel_message_move_task change_message_visibility create_queue \
                   delete_message delete_queue get_queue_attributes get_queue_url \
                   list_dead_letter_source_queues list_message_move_tasks list_queue_tags \
                   list_queues purge_queue receive_message remove_permission send_message \
                   set_queue_attributes start_message_move_task tag_queue untag_queue";
const S3: [(&str, &str); 8] = [
    ("get_bucket_location", "s3:GetBucketLocation"),
    ("get_object", "s3:GetObject"),
    ("get_object_attributes", "s3:GetObjectAttributes"),
    ("get_object_tagging", "s3:GetObjectTagging"),
    ("head_bucket", "s3:ListBucket"),
    ("head_object", "s3:GetObject"),
    ("list_objects", "s3:ListBucket"),
    ("list_objects_v2", "s3:ListBucket"),
];
/// What would write to the bucket.
const WRITES: [&str; 6] = [
    "copy_object",
    "create_multipart_upload",
    "delete_object",
    "delete_objects",
    "put_object",
    "put_object_tagging",
];

/// Everything under a folder of the source, without spaces, so that no line break hides a call.
fn source(folder: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = walkdir::WalkDir::new(folder).into_iter();
    let paths = entries.map(|entry| entry.expect("an entry").into_path());
    let rust = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let text: String = rust
        .map(|path| std::fs::read_to_string(path).expect("a source"))
        .collect();
    text.split_whitespace().collect()
}

fn calls(source: &str, operation: &str) -> bool {
    source.contains(&format!(".{operation}()")) || source.contains(&format!(".{operation}_batch()"))
}

/// `send_message` as IAM writes it.
fn pascal(operation: &str) -> String {
    let words = operation.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

#[test]
fn every_call_in_the_source_is_in_a_policy() {
    let named = ["populate", "work", "status"].map(|name| policy(name, "b", "q").actions());
    let named: BTreeSet<String> = named.into_iter().flatten().collect();
    let queue = source("src/queue/sqs");
    let store = source("src/store");
    let sqs = SQS.split_whitespace().filter(|name| calls(&queue, name));
    let sqs = sqs.map(|name| format!("sqs:{}", pascal(name)));
    let s3 = S3.iter().filter(|(name, _)| calls(&store, name));
    let s3 = s3.map(|(_, action)| (*action).to_owned());
    let called: BTreeSet<String> = sqs.chain(s3).collect();
    assert_eq!(called, named);
    let writes: Vec<_> = WRITES.iter().filter(|name| calls(&store, name)).collect();
    assert!(writes.is_empty(), "the source is only read: {writes:?}");
}
