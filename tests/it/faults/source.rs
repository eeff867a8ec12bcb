//! What S3 does to a file on its way.

use serde_json::json;

use super::{WORK, failed};
use crate::support::aws::{Aws, ministack, unique};
use crate::support::cli::User;
use crate::support::env::{Env, picture, sha1};
use crate::support::proxy::{Action, Proxy};

/// A bucket with one queued photo, and a proxy between the worker and S3.
struct Bucket {
    aws: &'static Aws,
    env: Env,
    name: String,
    queue: String,
    proxy: Proxy,
}

impl Bucket {
    async fn with(bytes: &[u8]) -> Bucket {
        let (aws, env) = (ministack().await, Env::start().await);
        let name = aws.bucket("faults").await;
        let queue = format!("sqs://{}", unique("faults"));
        aws.put_object(&name, "a/1.jpg", bytes).await;
        let user = env.user().with_all(aws.env());
        user.run(["populate", "--bucket", &name, "--queue", &queue])
            .await
            .expect_success();
        let proxy = Proxy::start(&aws.endpoint).await;
        Bucket {
            aws,
            env,
            name,
            queue,
            proxy,
        }
    }

    fn worker(&self) -> User {
        let user = self.env.user().with_all(self.aws.env());
        user.with("AWS_ENDPOINT_URL_S3", self.proxy.url())
    }

    fn work(&self) -> Vec<&str> {
        [&WORK[..], &["--queue", &self.queue]].concat()
    }
}

fn large() -> Vec<u8> {
    picture(&"0123456789".repeat(200_000))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_taken_up_again_inside_the_same_upload() {
    for action in [Action::cut_after(700_000), Action::reset_after(700_000)] {
        let bytes = large();
        let bucket = Bucket::with(&bytes).await;
        bucket.proxy.script(vec![action, action]);
        let worked = bucket.worker().run(bucket.work()).await.expect_success();
        assert_eq!(worked.json()["retried"], 0);
        assert_eq!(bucket.env.contents().await["a/1.jpg"], sha1(&bytes));
        assert_eq!(bucket.env.calls().await["upload"], 1);
        let counts = bucket.proxy.counts();
        assert!(counts.connections >= 3, "{counts:?}");
        // What had come did not come again; a reset also takes what was on the way.
        let most = bytes.len() as u64 + 100_000;
        let is_cut = action == Action::cut_after(700_000);
        assert!(!is_cut || counts.to_client_bytes < most, "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_changed_since_populate_is_taken_as_it_is_now() {
    let bucket = Bucket::with(&picture("before")).await;
    let now = picture("after, and longer");
    bucket
        .aws
        .put_object(&bucket.name, "a/1.jpg", &now[..])
        .await;
    bucket.worker().run(bucket.work()).await.expect_success();
    assert_eq!(bucket.env.contents().await["a/1.jpg"], sha1(&now));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_changes_while_it_is_read_is_read_anew() {
    let bucket = Bucket::with(&large()).await;
    let now = picture("after");
    bucket.proxy.script(vec![Action::stall_after(700_000)]);
    let worker = bucket.worker();
    let working = worker.start(bucket.work());
    bucket
        .proxy
        .until(|counts| counts.to_client_bytes >= 700_000)
        .await;
    bucket
        .aws
        .put_object(&bucket.name, "a/1.jpg", &now[..])
        .await;
    bucket.proxy.sever();
    working.output().await.expect_success();
    assert_eq!(bucket.env.contents().await["a/1.jpg"], sha1(&now));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_gone_fails_for_good_with_that_reason() {
    let bucket = Bucket::with(&picture("gone")).await;
    let s3 = bucket.aws.s3().await;
    let gone = s3
        .delete_object()
        .bucket(&bucket.name)
        .key("a/1.jpg")
        .send();
    gone.await.expect("an object deleted");
    let user = bucket.worker();
    let worked = user.run(bucket.work()).await.expect_code(3).json();
    assert_eq!(
        (&worked["failed"], &worked["retried"]),
        (&json!(1), &json!(0))
    );
    let list = failed(&user, &["--queue", &bucket.queue]).await;
    assert_eq!(
        list,
        [("gone".to_owned(), format!("s3://{}/a/1.jpg", bucket.name))]
    );
}
