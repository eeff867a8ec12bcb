//! Keys, tokens and secrets appear nowhere, at any verbosity and under any failure.

use s3flickr::sandbox::Credentials;
use serde_json::json;

use super::{Fixture, WORK};
use crate::support::cli::Output;

/// What must not be seen.
fn secrets() -> Vec<String> {
    let keys = Credentials::default();
    vec![keys.api_key, keys.api_secret, keys.token, keys.token_secret]
}

#[track_caller]
fn tells_nothing(output: &Output) {
    for secret in secrets() {
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_error_or_message_holds_a_secret() {
    for (call, fault) in [
        ("upload", "lose-answer"),
        ("upload", "reset-halfway"),
        ("upload", "garbled"),
        ("upload", "error-before"),
        ("*", "token-revoked"),
        ("*", "key-disabled"),
    ] {
        let script = json!([{ "call": call, "fault": fault, "times": 3 }]);
        let fixture = Fixture::with_faults(2, 2, script).await;
        let loud = [&WORK[..], &["-vv", "--log-format", "json"]].concat();
        tells_nothing(&fixture.user.run(loud).await);
        tells_nothing(&fixture.user.run(["assign-sets", "-vv"]).await);
        tells_nothing(&fixture.user.run(["failed", "list", "--json", "-vv"]).await);
        let queue = fixture.queue().await;
        let bodies = queue
            .peek_failed(10)
            .await
            .expect("failed messages")
            .concat();
        assert!(secrets().iter().all(|secret| !bodies.contains(secret)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused_without_the_key_or_the_token_in_the_log() {
    let fixture = Fixture::with(1, 2).await;
    let user = fixture.user.with("FLICKR_API_SECRET", "0123456789abcdef");
    let work = [&WORK[..], &["-vv"]].concat();
    for command in [
        &["login", "--check", "-vv"][..],
        &["assign-sets", "-vv"],
        &["merge-sets", "-vv"],
        &work,
    ] {
        let output = user.run(command).await.expect_code(1);
        let stderr = &output.stderr;
        assert!(stderr.contains("refuses the signature"), "{stderr}");
        assert!(stderr.contains("debug_sbs"), "what helps is kept: {stderr}");
        assert!(!stderr.contains("0123456789abcdef"), "{stderr}");
        tells_nothing(&output);
    }
}
