//! Options that exclude each other, set on the command line, in the environment and in the config
//! file: the higher place wins whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::bent_s3::{Bent, BentS3};
use crate::support::cli::{Output, User};
use crate::support::env::picture;

/// A bucket of three photos in two folders, and a folder of one.
struct Sources {
    s3: BentS3,
}

/// The three ways to say what is copied, with a value for each.
const WAYS: [(&str, &str); 3] = [
    ("bucket", "photos"),
    ("from", "folder"),
    ("inventory", "s3://photos/none/manifest.json"),
];

impl Sources {
    async fn new() -> Sources {
        let keys = ["2012/1.jpg", "2012/2.jpg", "2013/3.jpg"];
        let s3 = BentS3::start(keys, 100, |_, list| Bent::List(list)).await;
        Sources { s3 }
    }

    /// A user with these options in the environment and in the config file.
    fn user(&self, variables: &[(&str, &str)], file: &[(&str, &str)]) -> User {
        let user = User::new().with_all(self.s3.env());
        fs::create_dir(user.home().join("folder")).unwrap();
        fs::write(user.home().join("folder/2012.jpg"), picture("x")).unwrap();
        let path = user.home().join("config/s3flickr/config.toml");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text: String = file
            .iter()
            .map(|(name, value)| format!("{name} = {value:?}\n"))
            .collect();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        variables.iter().fold(user, |user, (name, value)| {
            let name = name.to_uppercase().replace('-', "_");
            user.with(&format!("S3FLICKR_{name}"), *value)
        })
    }
}

async fn dry_run(user: &User, typed: &[(&str, &str)]) -> Output {
    let typed = typed
        .iter()
        .flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]);
    let arguments = ["--json", "populate", "--dry-run"].map(str::to_owned);
    user.run(arguments.into_iter().chain(typed)).await
}

/// The run copied what this way names.
#[track_caller]
fn copied(output: Output, way: &str, when: &str) {
    match way {
        "bucket" => assert_eq!(output.expect_success().json()["queued"], 3, "{when}"),
        "from" => assert_eq!(output.expect_success().json()["queued"], 1, "{when}"),
        _ => {
            let output = output.expect_code(1);
            assert!(
                output.stderr.contains("none/manifest.json"),
                "{when}: {}",
                output.stderr
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_beats_the_environment_and_that_the_config_file() {
    let sources = Sources::new().await;
    for high in WAYS {
        for low in WAYS {
            let when = format!("{} over {}", high.0, low.0);
            let user = sources.user(&[low], &[]);
            copied(dry_run(&user, &[high]).await, high.0, &when);
            let user = sources.user(&[], &[low]);
            copied(dry_run(&user, &[high]).await, high.0, &when);
            let user = sources.user(&[high], &[low]);
            copied(dry_run(&user, &[]).await, high.0, &when);
        }
    }
    let [bucket, from, inventory] = WAYS;
    let user = sources.user(&[inventory], &[bucket]);
    copied(dry_run(&user, &[from]).await, "from", "all three");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_place_may_name_one_source_alone() {
    let sources = Sources::new().await;
    let [bucket, from, inventory] = WAYS;
    let user = sources.user(&[], &[bucket, from]);
    let refused = dry_run(&user, &[]).await.expect_code(2).stderr;
    assert!(
        refused.contains("bucket") && refused.contains("from"),
        "{refused}"
    );
    // It does not matter where something higher is set, nor to another command.
    copied(dry_run(&user, &[from]).await, "from", "typed");
    let status = user.run(["status"]).await.expect_code(1).stderr;
    assert!(status.contains("not found"), "{status}");
    let user = sources.user(&[bucket, inventory], &[]);
    let refused = dry_run(&user, &[]).await.expect_code(2).stderr;
    assert!(
        refused.contains("S3FLICKR_BUCKET and S3FLICKR_INVENTORY"),
        "{refused}"
    );
    let user = sources.user(&[], &[]);
    dry_run(&user, &[bucket, from]).await.expect_code(2);
    dry_run(&user, &[]).await.expect_code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_goes_with_the_bucket_that_it_stands_beside() {
    let sources = Sources::new().await;
    let [bucket, from, _] = WAYS;
    let queued = async |user: User, typed: &[(&str, &str)]| {
        dry_run(&user, typed).await.expect_success().json()["queued"].clone()
    };
    let prefix = ("prefix", "2012/");
    assert_eq!(queued(sources.user(&[], &[bucket, prefix]), &[]).await, 2);
    assert_eq!(
        queued(sources.user(&[], &[bucket, prefix]), &[from]).await,
        1
    );
    assert_eq!(
        queued(sources.user(&[bucket, prefix], &[]), &[from]).await,
        1
    );
    assert_eq!(
        queued(sources.user(&[], &[bucket, prefix]), &[bucket]).await,
        2
    );
    // Alone, or higher than what lost, it counts.
    assert_eq!(queued(sources.user(&[], &[prefix]), &[bucket]).await, 2);
    assert_eq!(queued(sources.user(&[prefix], &[from]), &[bucket]).await, 2);
    assert_eq!(
        queued(sources.user(&[], &[from]), &[bucket, prefix]).await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_variable_is_unset() {
    let sources = Sources::new().await;
    let [bucket, from, _] = WAYS;
    let user = sources.user(&[("bucket", ""), ("prefix", ""), ("retries", "")], &[from]);
    copied(dry_run(&user, &[]).await, "from", "from the file");
    let user = sources.user(&[("from", "")], &[]);
    copied(dry_run(&user, &[bucket]).await, "bucket", "typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_and_verbose_exclude_each_other_in_one_place_only() {
    let sources = Sources::new().await;
    let says_much = |output: Output| output.expect_success().stderr.contains("passed over");
    let populate = |more: &'static str| {
        [
            "populate",
            "-n",
            "--from",
            "folder",
            "--exclude",
            "*.jpg",
            more,
        ]
    };
    let quiet = ("quiet", "true");
    assert!(says_much(
        sources.user(&[quiet], &[]).run(populate("-v")).await
    ));
    assert!(says_much(
        sources
            .user(&[("quiet", "false")], &[])
            .run(populate("-v"))
            .await
    ));
    let user = sources.user(&[("verbose", "1")], &[]);
    assert!(says_much(user.run(populate("--json")).await));
    assert!(!says_much(user.run(populate("-q")).await));
    let user = sources.user(&[("verbose", "1")], &[quiet]);
    assert!(says_much(user.run(populate("--json")).await));
    let user = sources.user(&[("quiet", "false")], &[quiet, ("verbose", "0")]);
    assert!(
        user.run(populate("--no-progress"))
            .await
            .expect_success()
            .stdout
            .contains("would queue")
    );
    let both = sources.user(&[quiet, ("verbose", "1")], &[]);
    both.run(populate("--json")).await.expect_code(2);
}
