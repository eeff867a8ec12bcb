//! What a disk does: folders that cannot be read, links that lead astray, pipes in place of files.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use futures_util::stream::{StreamExt, TryStreamExt};
use s3flickr::model::{Job, Key};
use s3flickr::store::{Globs, Page, Passed, Source, locate};
use serde_json::json;

use super::{Fixture, WORK, failed, outgoing};
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture, sha1};

/// A user with two photos in a folder, and what a test adds to it.
fn user_with_photos() -> (User, PathBuf) {
    let user = User::new();
    let photos = user.home().join("photos");
    for key in ["1.jpg", "2012/2.jpg"] {
        put(&photos.join(key));
    }
    (user, photos)
}

fn put(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, picture(path.to_str().unwrap())).unwrap();
}

/// Makes a pipe of this name.
fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

async fn populate(user: &User, more: &[&str]) -> Output {
    let arguments = ["--json", "populate", "--from", "photos"];
    user.run(arguments.iter().chain(more)).await
}

/// The two photos are queued, and every entry that could not be read is named.
#[track_caller]
fn queues_the_rest(output: Output, unreadable: &[&str]) {
    let output = output.expect_code(3);
    let result = output.json();
    assert_eq!(result["queued"], 2, "{result}");
    let skipped = json!({ "unreadable": unreadable.len() });
    assert_eq!(result["skipped"], skipped, "{}", output.stderr);
    for name in unreadable {
        let named = format!("passed over {name}: ");
        assert!(
            output.stderr.contains(&named),
            "{name:?}: {}",
            output.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_nowhere_or_round_are_named_and_the_rest_is_queued() {
    let (user, photos) = user_with_photos();
    symlink("gone.jpg", photos.join("dangling.jpg")).unwrap();
    symlink("b", photos.join("a")).unwrap();
    symlink("a", photos.join("b")).unwrap();
    symlink("..", photos.join("2012/up")).unwrap();
    symlink(".", photos.join("self")).unwrap();
    let names = ["dangling.jpg", "a", "b", "2012/up", "self"];
    queues_the_rest(populate(&user, &[]).await, &names);
    let anew = ["--dry-run", "--queue", "sqlite:another.db"];
    queues_the_rest(populate(&user, &anew).await, &names);
    let mut exclude = Vec::new();
    for name in names {
        exclude.extend(["--exclude", name]);
    }
    let without = populate(&user, &[&exclude[..], &anew].concat()).await;
    let result = without.expect_success().json();
    assert_eq!(
        (&result["queued"], &result["skipped"]["filtered"]),
        (&json!(2), &json!(5))
    );
    let prefix = populate(&user, &[&["--prefix", "2012/2"], &anew[..]].concat()).await;
    assert_eq!(prefix.expect_success().json()["queued"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_out_of_the_folder_is_named_and_one_that_stays_inside_is_followed() {
    let env = Env::start().await;
    let user = env.user();
    let photos = user.home().join("photos");
    put(&photos.join("2012/2.jpg"));
    put(&user.home().join("other/3.jpg"));
    symlink("2012/2.jpg", photos.join("best.jpg")).unwrap();
    symlink(photos.join("2012"), photos.join("year")).unwrap();
    symlink(user.home().join("other"), photos.join("away")).unwrap();
    symlink("../other/3.jpg", photos.join("3.jpg")).unwrap();
    let output = populate(&user, &[]).await.expect_code(3);
    let result = output.json();
    assert_eq!(
        (&result["queued"], &result["skipped"]),
        (&json!(3), &json!({ "unreadable": 2 }))
    );
    assert!(
        output.stderr.contains("outside the folder"),
        "{}",
        output.stderr
    );
    // What was queued can be read by the worker.
    user.run(WORK).await.expect_success();
    let there: Vec<String> = env.contents().await.into_keys().collect();
    assert_eq!(there, ["2012/2.jpg", "best.jpg", "year/2.jpg"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_longer_than_the_system_takes_is_named_and_the_rest_is_queued() {
    let (user, photos) = user_with_photos();
    // From inside, one part at a time, a path may grow beyond what can be opened as a whole.
    let part = "x".repeat(200);
    let script = format!(
        "cd {} && i=0; while [ $i -lt 22 ]; do mkdir {part} && cd {part} || exit 1; i=$((i+1)); done; : > deep.jpg",
        photos.display()
    );
    let made = std::process::Command::new("bash")
        .args(["-c", &script])
        .status();
    assert!(made.unwrap().success());
    let deep = [part.as_str(); 22].join("/");
    let output = populate(&user, &[]).await.expect_code(3);
    let result = output.json();
    assert_eq!(
        (&result["queued"], &result["skipped"]),
        (&json!(2), &json!({ "unreadable": 1 }))
    );
    assert!(output.stderr.contains(&deep[..2_000]), "{}", output.stderr);
    let anew = ["--dry-run", "--queue", "sqlite:another.db"];
    let without = populate(&user, &[&anew[..], &["--exclude", &part]].concat()).await;
    assert_eq!(
        without.expect_success().json()["skipped"],
        json!({ "filtered": 1 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_may_not_be_read_is_named_and_helped_by_exclude() {
    let setpriv = std::process::Command::new("setpriv")
        .arg("--version")
        .output();
    if rustix::process::geteuid().is_root() && setpriv.is_err() {
        // Root may read every folder, and cannot become anybody else here.
        return;
    }
    let (user, photos) = user_with_photos();
    let lost = photos.join("lost+found");
    fs::create_dir(&lost).unwrap();
    let output = run_locked_out(&user, &lost, &[]).await;
    queues_the_rest(output, &["lost+found"]);
    for pattern in ["lost+found", "lost+found/**", "lost+found/*", "*+found"] {
        let output = run_locked_out(&user, &lost, &["-n", "--exclude", pattern]).await;
        let result = output.expect_success().json();
        assert_eq!(
            (&result["queued"], &result["skipped"]),
            (&json!(0), &json!({ "already_queued": 2, "filtered": 1 }))
        );
    }
    let gone = run_locked_out(&user, &photos, &[]).await.expect_code(1);
    assert!(gone.stderr.contains("photos"), "{}", gone.stderr);
}

/// Runs `populate` as one who may not read this folder.
async fn run_locked_out(user: &User, folder: &Path, more: &[&str]) -> Output {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let arguments = [
        "--json",
        "populate",
        "--from",
        "photos",
        "--queue",
        "sqlite:home/q.db",
    ];
    let arguments = arguments.iter().chain(more);
    mode(folder, 0o000);
    let output = if rustix::process::geteuid().is_root() {
        let home = user.home().join("home");
        fs::create_dir_all(&home).unwrap();
        mode(&home, 0o777);
        mode(user.home(), 0o755);
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        user.run_by("setpriv", nobody, arguments).await
    } else {
        fs::create_dir_all(user.home().join("home")).unwrap();
        user.run(arguments).await
    };
    mode(folder, 0o755);
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_goes_during_the_walk_is_told_and_ends_nothing() {
    // The walk is a few pages ahead of its reader, and no more.
    const FILES: usize = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let name = |n: usize| format!("{n:05}.jpg");
    for n in 0..FILES {
        fs::write(folder.path().join(name(n)), "").unwrap();
    }
    let location = locate(folder.path().to_str().unwrap()).unwrap();
    let store = Source::open(location).await.unwrap();
    let mut pages = store.list("", &Globs::default());
    let first = pages.next().await.unwrap().unwrap();
    fs::remove_file(folder.path().join(name(FILES - 2))).unwrap();
    let rest: Vec<Page> = pages.try_collect().await.unwrap();
    let listed: usize = rest.iter().map(|page| page.objects.len()).sum();
    assert_eq!(first.objects.len() + listed, FILES - 1);
    let passed: Vec<_> = rest.iter().flat_map(|page| &page.passed_over).collect();
    assert!(matches!(&passed[..], [(path, Passed::Unreadable(_))] if *path == name(FILES - 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_not_there_or_no_folder_is_an_error() {
    let (user, photos) = user_with_photos();
    for (from, says) in [("nowhere", "not there"), ("photos/1.jpg", "photos/1.jpg")] {
        let output = user
            .run(["populate", "--from", from, "-n"])
            .await
            .expect_code(1);
        assert!(output.stderr.contains(says), "{}", output.stderr);
    }
    // A root that is a link is what it leads to.
    symlink(&photos, user.home().join("link")).unwrap();
    let output = user.run(["--json", "populate", "--from", "link"]).await;
    assert_eq!(output.expect_success().json()["queued"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_or_a_socket_with_a_photos_name_is_counted_and_not_opened() {
    let (user, photos) = user_with_photos();
    pipe(&photos.join("pipe.jpg"));
    let _socket = UnixListener::bind(photos.join("socket.jpg")).unwrap();
    symlink("pipe.jpg", photos.join("link.jpg")).unwrap();
    symlink("/dev/zero", photos.join("zero.jpg")).unwrap();
    let output = populate(&user, &[]).await.expect_code(3);
    let skipped = json!({ "type": 3, "unreadable": 1 });
    assert_eq!(output.json()["skipped"], skipped, "{}", output.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_the_place_of_a_photo_does_not_hang_the_worker() {
    let fixture = Fixture::with(3, 5).await;
    let path = fixture.user.home().join("photos/0/0.jpg");
    fs::remove_file(&path).unwrap();
    pipe(&path);
    let worked = fixture.work().await.expect_code(3).json();
    assert_eq!(
        (&worked["uploaded"], &worked["failed"]),
        (&json!(2), &json!(1))
    );
    let list = failed(&fixture.user, &[]).await;
    assert_eq!(list[0].0, "refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reads_no_file_outside_the_folder() {
    let fixture = Fixture::with(1, 5).await;
    let home = fixture.user.home().canonicalize().unwrap();
    let photos = home.join("photos");
    put(&home.join("private/x.jpg"));
    symlink(home.join("private"), photos.join("link")).unwrap();
    symlink(home.join("private/x.jpg"), photos.join("x.jpg")).unwrap();
    let queue = fixture.queue().await;
    let (photos, private) = (photos.display(), home.join("private/x.jpg"));
    let private = private.display();
    for (url, key) in [
        (
            format!("file://{photos}/../private/x.jpg"),
            "../private/x.jpg".to_owned(),
        ),
        (
            format!("file://{photos}/%2E%2E/private/x.jpg"),
            "../private/x.jpg".to_owned(),
        ),
        (
            format!("file://{photos}/0/../../private/x.jpg"),
            "0/../../private/x.jpg".to_owned(),
        ),
        (format!("file://{photos}/{private}"), private.to_string()),
        // By links, the root of the message among them.
        (
            format!("file://{photos}/link/x.jpg"),
            "link/x.jpg".to_owned(),
        ),
        (format!("file://{photos}/link/x.jpg"), "x.jpg".to_owned()),
        (format!("file://{photos}/x.jpg"), "x.jpg".to_owned()),
    ] {
        let job = Job::new(url.clone(), Key::new(&key).unwrap(), 1, 1, "");
        queue.send(&[outgoing(&job.write())]).await.unwrap();
    }
    fixture.work().await.expect_code(3);
    let classes: Vec<String> = fixture
        .failed()
        .await
        .into_iter()
        .map(|(class, _)| class)
        .collect();
    assert_eq!(classes, ["forbidden"; 7]);
    let there = fixture.env.contents().await;
    let key = &fixture.keys[0];
    assert_eq!(there, [(key.clone(), sha1(&picture(key)))].into());
}
