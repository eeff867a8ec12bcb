//! Which files `populate` queues: its filters, what it looks into, and what it says where nothing is.

use std::collections::BTreeMap;
use std::fs::{File, create_dir_all, write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::aws::ministack;
use crate::support::cli::{Output, User};
use crate::support::env::{Env, picture};

/// A user with a folder of photos.
struct Photos {
    user: User,
    folder: PathBuf,
}

impl Photos {
    fn new(files: &[(&str, &[u8])]) -> Photos {
        Photos::of(User::new(), files)
    }

    fn of(user: User, files: &[(&str, &[u8])]) -> Photos {
        let folder = user.home().join("photos");
        let photos = Photos { user, folder };
        for (path, bytes) in files {
            photos.put(path, bytes);
        }
        photos
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.join(path);
        create_dir_all(path.parent().expect("a folder")).expect("a folder");
        write(path, bytes).expect("a file");
    }

    /// Sets when a file was changed.
    fn changed(&self, path: &str, ago: Duration) {
        let file = File::options().write(true).open(self.folder.join(path));
        let time = SystemTime::now() - ago;
        file.and_then(|file| file.set_modified(time))
            .expect("a time");
    }

    async fn populate(&self, more: &[&str]) -> Output {
        let from = self.folder.to_str().expect("UTF-8");
        let arguments = [&["populate", "--json", "--from", from], more].concat();
        self.user.run(arguments).await
    }

    /// How many are queued, and how many are passed over for each reason.
    async fn queued(&self, more: &[&str]) -> (u64, BTreeMap<String, u64>) {
        counts(&self.populate(more).await.expect_success())
    }
}

fn counts(output: &Output) -> (u64, BTreeMap<String, u64>) {
    let result = output.json();
    let skipped = serde_json::from_value(result["skipped"].clone()).expect("counts");
    (result["queued"].as_u64().expect("a number"), skipped)
}

fn reasons<const N: usize>(reasons: [(&str, u64); N]) -> BTreeMap<String, u64> {
    reasons.map(|(name, count)| (name.to_owned(), count)).into()
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_size_and_date_leave_out_what_is_beyond_them() {
    let photos = Photos::new(&[
        ("a.jpg", &[7; 1024]),
        ("b.jpg", &[7; 1025]),
        ("c.jpg", &[7; 9]),
    ]);
    photos.changed("a.jpg", 10 * DAY);
    photos.changed("b.jpg", 40 * DAY);
    for (filter, left) in [
        (vec!["--min-size", "1K"], 2),
        (vec!["--max-size", "1KiB"], 2),
        (vec!["--min-size", "1024", "--max-size", "1024B"], 1),
        (vec!["--newer-than", "30d"], 2),
        (vec!["--older-than", "30d"], 1),
        (vec!["--newer-than", "6w", "--older-than", "1w"], 2),
        (vec!["--older-than", "2001-01-31"], 0),
        (vec!["--newer-than", "2001-01-31T12:00"], 3),
    ] {
        let dry = [&filter[..], &["-n"]].concat();
        let (queued, skipped) = photos.queued(&dry).await;
        assert_eq!(queued, left, "{filter:?}");
        let filtered = skipped.get("filtered").copied().unwrap_or_default();
        assert_eq!(filtered, 3 - left, "{filter:?}");
    }
    // Other filters on the same queue add what they let pass besides.
    assert_eq!(photos.queued(&["--max-size", "1K"]).await.0, 2);
    let (queued, skipped) = photos.queued(&["--min-size", "1K"]).await;
    assert_eq!(
        (queued, skipped),
        (1, reasons([("already_queued", 1), ("filtered", 1)]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_none_or_that_nothing_can_meet_are_refused() {
    let photos = Photos::new(&[("a.jpg", b"x")]);
    for (arguments, says) in [
        (&["--min-size", "big"][..], "10K"),
        (&["--newer-than", "yesterday"], "2024-01-31"),
        (&["--older-than", "30"], "30d"),
    ] {
        let output = photos.populate(arguments).await.expect_code(2);
        assert!(output.stderr.contains(says), "{}", output.stderr);
    }
    for arguments in [
        ["--min-size", "2M", "--max-size", "1M"],
        ["--newer-than", "1d", "--older-than", "2d"],
    ] {
        let output = photos.populate(&arguments).await;
        assert_ne!(output.code(), Some(0));
        assert!(
            output.stderr.contains("no file is both"),
            "{}",
            output.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_count_letters_and_need_not_mind_their_case() {
    let photos = Photos::new(&[
        ("Café.jpg", b"x"),
        ("Cafe\u{301}s.jpg", b"y"),
        ("ÉTÉ.JPG", b"z"),
    ]);
    for (filter, queued) in [
        (vec!["--include", "Caf?.jpg"], 1),
        (vec!["--include", "Caf[é]*"], 2),
        (vec!["--exclude", "?????.jpg"], 2),
        (vec!["--include", "été.*", "--ignore-case"], 1),
        (vec!["--exclude", "*.jpg", "--ignore-case"], 0),
    ] {
        let dry = [&filter[..], &["-n"]].concat();
        assert_eq!(photos.queued(&dry).await.0, queued, "{filter:?}");
    }
    let output = photos
        .populate(&["--include", "*.Jpg"])
        .await
        .expect_code(1);
    for says in ["3 match", "Caf", "--ignore-case"] {
        assert!(output.stderr.contains(says), "{}", output.stderr);
    }
    let output = photos
        .populate(&["--include", "*.jpeg"])
        .await
        .expect_code(1);
    assert!(
        output.stderr.contains("matches --include"),
        "{}",
        output.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clutter_is_passed_over_unless_all_names_are_asked_for() {
    let photos = Photos::new(&[
        ("a.jpg", b"1"),
        ("@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", b"2"),
        ("._a.JPG", b"3"),
        ("$RECYCLE.BIN/x.jpg", b"4"),
        (".trashed-170-IMG.jpg", b"5"),
    ]);
    let queued = photos.queued(&["-n"]).await;
    assert_eq!(queued, (1, reasons([("clutter", 4)])));
    assert_eq!(photos.queued(&["-n", "--all-names"]).await.0, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_name_says_no_type_is_taken_if_its_bytes_are_an_image_s() {
    let env = Env::start().await;
    let picture = picture("scan");
    let photos = Photos::of(
        env.user(),
        &[
            ("scan", &picture),
            ("old/IMG 3.5", b"\x89PNG\r\n\x1a\n0000IHDR"),
            ("b.jfif", b"\xff\xd8\xff\xe0b"),
            ("c.pjpeg", b"\xff\xd8\xff\xe0c"),
            ("README", b"just text"),
            ("sheet", b"%PDF-1.4"),
            ("d.txt", b"\xff\xd8\xff\xe0d"),
        ],
    );
    let queued = photos.queued(&[]).await;
    assert_eq!(queued, (4, reasons([("type", 3)])));
    photos.user.run(["work"]).await.expect_success();
    let titles: Vec<String> = env
        .photos()
        .await
        .into_iter()
        .map(|photo| photo.title)
        .collect();
    assert_eq!(titles, ["b.jfif", "c.pjpeg", "old/IMG 3.5", "scan"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_bucket_the_content_type_counts_where_the_bytes_say_nothing() {
    let aws = ministack().await;
    let bucket = aws.bucket("untyped").await;
    let put = async |key: &str, kind: &str, bytes: &[u8]| {
        let put = aws.s3().await.put_object().bucket(&bucket).key(key);
        let put = put.content_type(kind).body(bytes.to_vec().into());
        put.send().await.expect("an object");
    };
    put("by type", "image/jpeg", b"no signature").await;
    put("by bytes", "binary/octet-stream", &picture("x")).await;
    put("by neither", "text/plain", b"words").await;
    put("empty", "image/jpeg", b"").await;
    let user = User::new().with_all(aws.env());
    let output = user
        .run(["populate", "--json", "-n", "--bucket", &bucket])
        .await;
    let expected = (2, reasons([("empty", 1), ("type", 1)]));
    assert_eq!(counts(&output.expect_success()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_files_is_copied_without_a_listing_and_what_is_not_there_is_told() {
    let aws = ministack().await;
    let bucket = aws.bucket("listed").await;
    let keys = ["a/1.jpg", "a/é 2.jpg", "a/3.jpg", "b/4.jpg"];
    aws.put_objects(&bucket, keys.map(|key| (key, picture(key))))
        .await;
    let user = User::new().with_all(aws.env());
    let list = user.home().join("list");
    let lines = format!("a/1.jpg\r\n\na/é 2.jpg\na/1.jpg\ns3://{bucket}/b/4.jpg\na/gone.jpg\n");
    write(&list, lines).expect("a list");
    let list = list.to_str().expect("UTF-8");
    let arguments = [
        "populate",
        "--json",
        "--bucket",
        &bucket,
        "--files-from",
        list,
    ];
    let output = user.run(arguments).await.expect_code(3);
    assert_eq!(counts(&output), (3, reasons([("unreadable", 1)])));
    assert!(output.stderr.contains("a/gone.jpg"), "{}", output.stderr);
    assert!(output.stderr.contains("not there"), "{}", output.stderr);
    // A job is the same whether its file was listed or named.
    let again = user.run(["populate", "--json", "--bucket", &bucket]).await;
    let expected = (1, reasons([("already_queued", 3)]));
    assert_eq!(counts(&again.expect_success()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_may_come_from_find_by_way_of_stdin() {
    let photos = Photos::new(&[("a/1.jpg", b"1"), ("2.jpg", b"2"), ("3.jpg", b"3")]);
    let folder = photos.folder.display().to_string();
    let lines = format!("./a/1.jpg\n{folder}/2.jpg\n../photos/3.jpg\n");
    let mut command = photos
        .user
        .command_of(crate::support::cli::binary().expect("built"));
    command.args(["populate", "--json", "--from", &folder, "--files-from", "-"]);
    command.stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let mut stdin = child.stdin.take().expect("a pipe");
    tokio::io::AsyncWriteExt::write_all(&mut stdin, lines.as_bytes())
        .await
        .expect("written");
    drop(stdin);
    let output = child.wait_with_output().await.expect("an end");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["queued"], json!(2));
    // What leads out of the folder is never opened.
    assert_eq!(result["skipped"], json!({ "unreadable": 1 }));
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_the_nearest_that_is_there_is_named() {
    let aws = ministack().await;
    let bucket = aws.bucket("hints").await;
    let keys = ["2012/Paris/1.jpg", "2012/Parma/2.jpg", "2013/3.jpg"];
    aws.put_objects(&bucket, keys.map(|key| (key, picture(key))))
        .await;
    let user = User::new().with_all(aws.env());
    let store = format!("s3://{bucket}");
    for (arguments, says) in [
        (
            vec!["--bucket", &bucket, "--prefix", "2012/Pariss"],
            format!("{store}/2012/Paris/"),
        ),
        (
            vec!["--bucket", &bucket, "--prefix", "2012/paris/"],
            format!("{store}/2012/Paris/"),
        ),
        (
            vec!["--from", &format!("{store}/2O13/")],
            format!("{store}/2013/"),
        ),
        (
            vec!["--from", &format!("{store}/2012/*.jpg")],
            format!("--from {store}/2012/ --include '*.jpg'"),
        ),
        (
            vec!["--bucket", &bucket, "--prefix", "2012/*/1.jpg"],
            format!("--from {store}/2012/ --include '*/1.jpg'"),
        ),
        (
            vec!["--from", &format!("{store}/2012/Paris/1.jpg")],
            format!("--from {store}/2012/Paris/ --include 1.jpg"),
        ),
    ] {
        let all = [&["populate"], &arguments[..]].concat();
        let output = user.run(&all).await.expect_code(1);
        assert!(
            output.stderr.contains(&says),
            "{arguments:?}: {}",
            output.stderr
        );
        let queue = user.home().join("data/s3flickr/queue.db");
        assert!(!queue.exists(), "{arguments:?} made a queue for nothing");
    }
    // An empty bucket is no mistake.
    let empty = aws.bucket("empty").await;
    user.run(["populate", "--bucket", &empty])
        .await
        .expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_none_gets_the_same_hints() {
    let photos = Photos::new(&[("2012/a.jpg", b"1")]);
    let folder = photos.folder.display().to_string();
    for (from, says) in [
        (format!("{folder}/2o12"), format!("{folder}/2012/")),
        (
            format!("{folder}/2012/*.jpg"),
            format!("--from {folder}/2012/ --include '*.jpg'"),
        ),
        (
            format!("{folder}/2012/a.jpg"),
            format!("--from {folder}/2012/ --include a.jpg"),
        ),
    ] {
        let output = photos
            .user
            .run(["populate", "--from", &from])
            .await
            .expect_code(1);
        assert!(output.stderr.contains(&says), "{from}: {}", output.stderr);
    }
    let output = photos.populate(&["--prefix", "2021/"]).await.expect_code(1);
    assert!(output.stderr.contains("2012/"), "{}", output.stderr);
}
