//! What makes every file of a source unreadable: the run stops, says what it is, and no job is
//! touched.

use serde_json::json;

use super::{Fixture, WORK, failed};
use crate::support::bent_get::{BentGet, Get, Object, Reply};
use crate::support::cli::User;
use crate::support::env::{Env, picture, sha1};

/// Photos in a bucket that answers every GetObject like this, queued.
async fn bucket(answer: impl Fn() -> Reply + Send + Sync + 'static) -> (Env, BentGet, User) {
    let keys = ["1.jpg", "2.jpg", "3.jpg"];
    let objects = keys.map(|key| Object::plain(key, &picture(key))).to_vec();
    let env = Env::start().await;
    let server = BentGet::serve(objects, move |_: &Get, _: &Object| answer()).await;
    let user = server.used_by(env.user());
    let populate = ["populate", "--bucket", "b", "--retries", "1"];
    user.run(populate).await.expect_success();
    (env, server, user)
}

/// The worker stops with one line that says all of this, and the jobs are as they were.
async fn stops(user: &User, jobs: u64, says: &[&str]) {
    let worked = user.run(WORK).await.expect_code(1);
    let line = worked.stderr.lines().last().unwrap_or_default();
    for text in says {
        assert!(line.contains(text), "{text:?} is not in: {}", worked.stderr);
    }
    let status = user.run(["status", "--json"]).await.expect_success().json();
    let counts = ["waiting", "failed", "in_flight"].map(|name| &status[name]);
    assert_eq!(counts, [jobs, 0, 0], "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_another_region_stops_the_run_with_the_region_s_name() {
    let answers: [fn() -> Reply; 3] = [
        || {
            Reply::error("301 Moved Permanently", "PermanentRedirect", "")
                .with("x-amz-bucket-region", "eu-west-3")
        },
        || {
            let more = "<Message>the region 'eu-central-1' is wrong; expecting 'eu-west-3'\
                        </Message><Region>eu-west-3</Region>";
            Reply::error("400 Bad Request", "AuthorizationHeaderMalformed", more)
        },
        || {
            let reply = Reply::error("301 Moved Permanently", "", "");
            reply.with("x-amz-bucket-region", "eu-west-3")
        },
    ];
    for answer in answers {
        let (_world, _server, user) = bucket(answer).await;
        stops(&user, 3, &["region eu-west-3", "AWS_REGION=eu-west-3"]).await;
    }
    let unnamed = || Reply::error("400 Bad Request", "IllegalLocationConstraintException", "");
    let (_world, _server, user) = bucket(unnamed).await;
    stops(&user, 3, &["another region", "get-bucket-location"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_stops_the_run_with_its_error_in_seconds() {
    let (_world, _server, user) = bucket(|| {
        let hour = jiff::SignedDuration::from_hours(1);
        let then = jiff::Timestamp::now()
            .checked_add(hour)
            .expect("an hour from now");
        let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let more = "<Message>The difference is too large.</Message>";
        Reply::error("403 Forbidden", "RequestTimeTooSkewed", more).with("Date", &date)
    })
    .await;
    // The hour, less what the request took.
    stops(
        &user,
        3,
        &["clock is 3", "seconds behind S3's", "RequestTimeTooSkewed"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ails_the_account_the_bucket_or_the_credentials_stops_the_run() {
    let words = "In the words of S3";
    let cases: [(&str, &str, &[&str]); 6] = [
        ("403 Forbidden", "AccountProblem", &["nothing", words]),
        ("403 Forbidden", "AllAccessDisabled", &["nothing", words]),
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            &["no access key that AWS knows", words],
        ),
        (
            "400 Bad Request",
            "ExpiredToken",
            &["expired: log in again", words],
        ),
        ("403 Forbidden", "SignatureDoesNotMatch", &["secret", words]),
        ("404 Not Found", "NoSuchBucket", &["s3://b/ is not there"]),
    ];
    for (status, code, says) in cases {
        let more = "<Message>In the words of S3.</Message>";
        let (_world, _server, user) = bucket(move || Reply::error(status, code, more)).await;
        stops(&user, 3, says).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_s3_about_one_file_are_kept() {
    let cases = [
        (
            "400 Bad Request",
            "KMS.DisabledException",
            "arn:aws:kms:k is disabled",
        ),
        (
            "403 Forbidden",
            "AccessDenied",
            "not authorized to perform kms:Decrypt",
        ),
    ];
    for (status, code, words) in cases {
        let more = format!("<Message>{words}.</Message>");
        let env = Env::start().await;
        let objects = ["1.jpg", "2.jpg", "3.jpg"].map(|key| Object::plain(key, &picture(key)));
        let server = BentGet::serve(objects.to_vec(), move |get, object| match &*get.key {
            "2.jpg" => Reply::error(status, code, &more),
            _ => Reply::to(get, object),
        })
        .await;
        let user = server.used_by(env.user());
        let populate = ["populate", "--bucket", "b", "--retries", "1"];
        user.run(populate).await.expect_success();
        let worked = user.run(WORK).await.expect_code(3).json();
        assert_eq!(
            (&worked["uploaded"], &worked["failed"]),
            (&json!(2), &json!(1))
        );
        let list = user
            .run(["failed", "list", "--json"])
            .await
            .expect_success()
            .json();
        let reason = list[0]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(words) && reason.contains(code), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_people_in_place_of_an_answer_loses_no_photo() {
    for status in [
        "200 OK",
        "403 Forbidden",
        "404 Not Found",
        "301 Moved Permanently",
    ] {
        let object = Object::plain("1.jpg", &picture("1.jpg"));
        let env = Env::start().await;
        let server = BentGet::serve(vec![object], move |get, object| {
            let page = "<!DOCTYPE html><html><body>Log in to this network</body></html>";
            let length = page.len().to_string();
            let reply = Reply {
                status: format!("HTTP/1.1 {status}"),
                headers: Vec::new(),
                body: page.into(),
                breaks: None,
            };
            match get.number {
                0 => reply
                    .with("Content-Type", "text/html")
                    .with("Content-Length", &length),
                _ => Reply::to(get, object),
            }
        })
        .await;
        let user = server.used_by(env.user());
        user.run(["populate", "--bucket", "b"])
            .await
            .expect_success();
        let worked = user.run(WORK).await.expect_success();
        assert_eq!(worked.json()["retried"], 1, "{status}: {}", worked.stderr);
        assert_eq!(env.contents().await["1.jpg"], sha1(&picture("1.jpg")));
    }
}

/// A shared configuration of AWS in which each profile gets its credentials in a way that fails.
const PROFILES: &str = "
[profile tool]
credential_process = /bin/sh -c \"echo 'the vault is sealed' >&2; exit 3\"
[profile login]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = reader
[sso-session corp]
sso_region = eu-central-1
sso_start_url = https://corp.example/start
[profile pod]
web_identity_token_file = /nowhere/token
role_arn = arn:aws:iam::123456789012:role/reader
[profile role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = keys
[profile keys]
aws_access_key_id = test
aws_secret_access_key = test
";

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_cannot_be_had_stop_the_run_and_say_how_they_are_got() {
    let cases: [(&str, &[&str]); 5] = [
        (
            "tool",
            &["`credential_process`", "\"tool\"", "the vault is sealed"],
        ),
        ("login", &["aws sso login --profile login"]),
        ("pod", &["web identity token file", "\"pod\""]),
        (
            "role",
            &["\"role\"", "not authorized to perform: sts:AssumeRole"],
        ),
        ("missing", &["no AWS credentials found", "\"missing\""]),
    ];
    let env = Env::start().await;
    let objects = ["1.jpg", "2.jpg"].map(|key| Object::plain(key, &picture(key)));
    let server = BentGet::serve(objects.to_vec(), Reply::to).await;
    // STS answers at the root.
    let sts = BentGet::serve(vec![Object::plain("", b"")], |_, _| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>\
                    User: x is not authorized to perform: sts:AssumeRole</Message></Error>\
                    <RequestId>1</RequestId></ErrorResponse>";
        let reply = Reply::error("403 Forbidden", "", "");
        let reply = Reply {
            body: body.into(),
            ..reply
        };
        reply.with("Content-Length", &body.len().to_string())
    })
    .await;
    for (profile, says) in cases {
        let user = server.used_by(env.user());
        user.run(["populate", "--bucket", "b"])
            .await
            .expect_success();
        std::fs::write(user.home().join("aws-config"), PROFILES).expect("a file");
        let user = user
            .with("AWS_ACCESS_KEY_ID", "")
            .with("AWS_SECRET_ACCESS_KEY", "")
            .with("AWS_CONFIG_FILE", "aws-config")
            .with("AWS_ENDPOINT_URL_STS", sts.url())
            .with("AWS_PROFILE", profile);
        stops(&user, 2, says).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_stops_the_run_and_its_jobs_wait() {
    for leaves_a_mount_point in [false, true] {
        let fixture = Fixture::with(40, 1).await;
        let photos = fixture.user.home().join("photos");
        let aside = fixture.user.home().join("unplugged");
        std::fs::rename(&photos, &aside).expect("the drive unplugged");
        if leaves_a_mount_point {
            std::fs::create_dir(&photos).expect("an empty mount point");
        }
        stops(&fixture.user, 40, &["the folder", "photos", "is gone"]).await;
        if leaves_a_mount_point {
            std::fs::remove_dir(&photos).expect("an empty folder");
        }
        std::fs::rename(&aside, &photos).expect("the drive plugged in");
        fixture.work().await.expect_success();
        fixture.all_is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_goes_while_it_is_copied_stops_the_run_and_its_jobs_wait() {
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 50 }]);
    let fixture = Fixture::with_faults(40, 1, script).await;
    let photos = fixture.user.home().join("photos");
    let aside = fixture.user.home().join("unplugged");
    let work = [&WORK[..], &["--transfers", "1", "-v"]].concat();
    let mut working = fixture.user.start(work);
    working.until_stderr("uploaded").await;
    std::fs::rename(&photos, &aside).expect("the drive unplugged");
    std::fs::create_dir(&photos).expect("an empty mount point");
    let worked = working.output().await.expect_code(1);
    assert!(worked.stderr.contains("is gone"), "{}", worked.stderr);
    assert!(failed(&fixture.user, &[]).await.is_empty());
    std::fs::remove_dir(&photos).expect("an empty folder");
    std::fs::rename(&aside, &photos).expect("the drive plugged in");
    fixture.work().await.expect_success();
    fixture.all_is_well().await;
}
