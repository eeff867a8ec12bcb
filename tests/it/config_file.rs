//! The config file as a user writes it: profiles, misspelt keys, what it does not stop, and
//! values with characters that do not belong there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::cli::User;
use crate::support::env::Env;

/// Writes this user's config file.
fn write(user: &User, text: &str) {
    let file = user.home().join("config/s3flickr/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misspelt_key_is_told_at_once_with_its_line() {
    let user = User::new();
    write(
        &user,
        "queue = \"sqlite:a.db\"\ntranfers = 3\n\n[flickr]\napi_kye = \"k\"\n",
    );
    let stderr = user.run(["status"]).await.expect_code(2).stderr;
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for says in [
        "line 2: \"tranfers\"",
        "did you mean \"transfers\"?",
        "line 5: \"api_kye\"",
        "did you mean \"api_key\"?",
    ] {
        assert!(stderr.contains(says), "{says}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_is_told_with_its_place() {
    let user = User::new();
    write(&user, "\ntransfers = \"many\"\n");
    let stderr = user.run(["work"]).await.expect_code(2).stderr;
    assert!(stderr.contains("config.toml line 2"), "{stderr}");
    let user = user.with("S3FLICKR_TRANSFERS", "lots");
    let stderr = user.run(["work"]).await.expect_code(2).stderr;
    assert!(
        stderr.contains("the variable S3FLICKR_TRANSFERS"),
        "{stderr}"
    );
    let typed = user
        .run(["work", "--transfers", "all"])
        .await
        .expect_code(2);
    assert!(!typed.stderr.contains("S3FLICKR_"), "{}", typed.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_does_not_stop_what_it_means_nothing_to() {
    let user = User::new();
    write(&user, "queue = \n[[[");
    for arguments in [
        vec!["--help"],
        vec!["--version"],
        vec!["help", "work"],
        vec!["work", "-h"],
        vec!["completions", "bash"],
        vec!["man"],
    ] {
        let output = user.run(&arguments).await.expect_success();
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    let stderr = user.run(["status"]).await.expect_code(2).stderr;
    assert!(stderr.contains("config.toml line 1"), "{stderr}");
    // What was typed wrong is told before what the file has wrong.
    let stderr = user.run(["sync"]).await.expect_code(2).stderr;
    assert!(stderr.contains("'sync'"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_goes_before_the_file_and_after_the_environment() {
    let text = "queue = \"sqlite:general.db\"\ncalls_per_hour = 7\n\
                [profile.mum]\nqueue = \"sqlite:mum.db\"\n";
    let queue_of = async |user: &User, arguments: &[&str]| {
        let stderr = user.run(arguments).await.expect_code(1).stderr;
        let name = stderr.split(".db").next().unwrap_or_default();
        name.rsplit(['/', ':', '"'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let user = User::new();
    write(&user, text);
    assert_eq!(queue_of(&user, &["status"]).await, "general");
    assert_eq!(
        queue_of(&user, &["--profile", "mum", "status"]).await,
        "mum"
    );
    assert_eq!(queue_of(&user, &["status", "--profile=mum"]).await, "mum");
    let user = user.with("S3FLICKR_PROFILE", "mum");
    assert_eq!(queue_of(&user, &["status"]).await, "mum");
    let unknown = user
        .run(["--profile", "dad", "status"])
        .await
        .expect_code(2);
    for says in ["\"dad\"", "there are: mum", "AWS_PROFILE=dad"] {
        assert!(unknown.stderr.contains(says), "{}", unknown.stderr);
    }
    let user = user.with("S3FLICKR_QUEUE", "sqlite:variable.db");
    assert_eq!(queue_of(&user, &["status"]).await, "variable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profiles_source_beats_another_of_the_file() {
    let user = User::new();
    fs::create_dir(user.home().join("folder")).unwrap();
    write(
        &user,
        "bucket = \"none\"\nprefix = \"x/\"\n[profile.here]\nfrom = \"folder\"\n",
    );
    let arguments = ["--profile", "here", "populate", "--dry-run", "--json"];
    let output = user.run(arguments).await.expect_success();
    assert_eq!(output.json()["queued"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_systemd_is_read_whatever_its_mode() {
    let user = User::new();
    let folder = user.home().join("credentials");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("s3flickr.toml");
    fs::write(&file, "queue = \"sqlite:from-systemd.db\"\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let user = user.with("CREDENTIALS_DIRECTORY", folder.to_str().unwrap());
    let stderr = user.run(["status"]).await.expect_code(1).stderr;
    assert!(stderr.contains("from-systemd.db"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stray_character_in_a_key_is_named_and_the_key_is_not_shown() {
    let env = Env::start().await;
    let key = s3flickr::sandbox::Credentials::default().api_key;
    for (value, says) in [
        (format!("{key}\r"), "at its end (a carriage return)"),
        (format!("\"{key}\""), "at its end (the quotation mark \")"),
        (format!(" {key}"), "at its beginning (a space)"),
    ] {
        let user = env.user().with("FLICKR_API_KEY", value);
        for command in ["work", "assign-sets"] {
            let stderr = user.run([command]).await.expect_code(1).stderr;
            assert!(
                stderr.contains("FLICKR_API_KEY has a stray character"),
                "{stderr}"
            );
            assert!(stderr.contains(says) && !stderr.contains(&key), "{stderr}");
        }
    }
    let user = User::new().with("S3FLICKR_QUEUE", "sqlite:a.db\r");
    let stderr = user.run(["status"]).await.expect_code(2).stderr;
    assert!(
        stderr.contains("S3FLICKR_QUEUE has a stray character"),
        "{stderr}"
    );
    let user = env.user();
    write(&user, "[flickr]\noauth_token = \"a b\"\n");
    let user = user
        .with("FLICKR_OAUTH_TOKEN", "")
        .with("FLICKR_OAUTH_TOKEN_SECRET", "");
    write(
        &user,
        &format!(
            "[flickr]\nendpoint = \"{}\"\napi_key = \"{key}\"\noauth_token = \"a b\"\n",
            env.url("")
        ),
    );
    let stderr = user.run(["work"]).await.expect_code(1).stderr;
    assert!(
        stderr.contains("oauth_token in ") && stderr.contains("config.toml"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_of_other_tools_type_is_answered_with_what_it_is_here() {
    let user = User::new();
    for (arguments, says) in [
        (
            vec!["sync", "s3://b", "flickr:"],
            "s3flickr populate --bucket",
        ),
        (vec!["cp"], "s3flickr work"),
        (vec!["ls"], "--dry-run -v"),
        (vec!["populate", "--recursive"], "all that is below"),
        (vec!["populate", "-r"], "all that is below"),
        (vec!["work", "--no-clobber"], "never uploaded again"),
        (vec!["work", "--concurrency", "8"], "--transfers N"),
        (vec!["work", "--bucket", "b"], "`s3flickr populate`"),
        (vec!["populate", "--dry_run"], "--dry-run"),
        (vec!["populate", "s3://photos"], "--from s3://photos"),
        (vec!["status", "sqs://photos"], "--queue sqs://photos"),
    ] {
        let stderr = user.run(&arguments).await.expect_code(2).stderr;
        assert!(
            stderr.contains("tip: ") && stderr.contains(says),
            "{arguments:?}: {stderr}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_has_a_page_for_every_command() {
    let user = User::new();
    let main = user.run(["man"]).await.expect_success().stdout;
    for section in [
        "SYNOPSIS",
        "EXAMPLES",
        "ENVIRONMENT",
        "FILES",
        "EXIT STATUS",
    ] {
        assert!(main.contains(section), "{section}");
    }
    let output = user.run(["man", "pages", "--json"]).await.expect_success();
    let pages = output.json()["pages"].as_array().unwrap().clone();
    for page in ["s3flickr.1", "s3flickr-work.1", "s3flickr-failed-retry.1"] {
        assert!(pages.contains(&page.into()), "{page}");
        let text = fs::read_to_string(user.home().join("pages").join(page)).unwrap();
        assert!(
            text.contains(".TH") && text.contains("EXAMPLES"),
            "{page}: {text}"
        );
    }
    assert_eq!(
        fs::read_dir(user.home().join("pages")).unwrap().count(),
        pages.len()
    );
}
