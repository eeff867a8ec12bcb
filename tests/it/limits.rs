//! What the system limits: open files, and who may look into temporary folders.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::cli::User;
use crate::support::env::{Env, picture};

/// A user with photos on the queue, and a Flickr that takes its time for each.
async fn queued(photos: usize) -> (Env, User) {
    let env = Env::start().await;
    let user = env.user();
    std::fs::create_dir_all(user.home().join("photos")).expect("a folder");
    for n in 0..photos {
        let key = format!("{n}.jpg");
        std::fs::write(user.home().join("photos").join(&key), picture(&key)).expect("a photo");
    }
    user.run(["populate", "--from", "photos"])
        .await
        .expect_success();
    let script = json!([{ "call": "upload", "fault": "slow", "delay_ms": 1500 }]);
    env.faults(script).await;
    (env, user)
}

const WORK: [&str; 5] = ["work", "--json", "--calls-per-hour", "0", "--transfers"];

#[tokio::test(flavor = "multi_thread")]
async fn a_low_soft_limit_of_open_files_is_raised_and_no_photo_fails_over_it() {
    let (env, user) = queued(80).await;
    let work = [&WORK[..], &["80"]].concat();
    let worked = user.start_after("ulimit -Sn 64", work).output().await;
    let worked = worked.expect_success().json();
    assert_eq!(
        (&worked["uploaded"], &worked["retried"]),
        (&json!(80), &json!(0))
    );
    assert_eq!(env.contents().await.len(), 80);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_open_files_mean_fewer_transfers_and_it_is_said() {
    let (env, user) = queued(30).await;
    let work = [&WORK[..], &["80"]].concat();
    let worked = user.start_after("ulimit -n 100", work).output().await;
    let worked = worked.expect_success();
    let stderr = &worked.stderr;
    assert!(stderr.contains("enough for 12 transfers"), "{stderr}");
    assert_eq!(worked.json()["retried"], 0);
    assert_eq!(env.contents().await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_guess_or_enter_the_folder_of_a_demo() {
    let user = User::new();
    std::fs::write(user.home().join("one.jpg"), picture("one")).expect("a photo");
    let mut demo = user.start(["demo", "--photos", "."]);
    let stdout = demo.until_stdout("Ctrl-C ends the demo.").await;
    let dir = stdout
        .split_whitespace()
        .skip_while(|word| *word != "--dir")
        .nth(1)
        .expect("a folder");
    let folder = std::path::Path::new(dir).parent().expect("the demo's own");
    let mode = std::fs::metadata(folder).expect("a folder").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    let pid = demo.id().expect("it runs").to_string();
    let name = folder.file_name().expect("a name").to_string_lossy();
    assert!(!name.ends_with(&pid), "{name}");
    demo.interrupt();
    demo.output().await.expect_success();
    assert!(!folder.exists());
}
