//! What the packages are made of fits this program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use toml_edit::DocumentMut;

use crate::support::cli::User;

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/packaging")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(packaging(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What the service runs, without the program's name.
fn arguments_of_the_service() -> Vec<String> {
    let unit = read("s3flickr.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words = start.expect("ExecStart").split_whitespace();
    words.skip(1).map(str::to_owned).collect()
}

/// What the image runs when nothing else is said.
fn arguments_of_the_image() -> Vec<String> {
    let image = read("Dockerfile");
    let command = image.lines().find_map(|line| line.strip_prefix("CMD "));
    let list: Value = serde_json::from_str(command.expect("CMD")).expect("a list");
    let words = list.as_array().expect("a list").iter();
    words
        .map(|word| word.as_str().expect("a word").to_owned())
        .collect()
}

#[tokio::test]
async fn the_service_and_the_image_start_a_worker_with_options_that_exist() {
    for mut arguments in [arguments_of_the_service(), arguments_of_the_image()] {
        assert_eq!(arguments[0], "work");
        // clap refuses an unknown option before it prints help.
        arguments.push("--help".into());
        User::new().run(&arguments).await.expect_success();
    }
}

/// The files of `target/package` that the Debian package is made of.
fn listed() -> Vec<String> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let manifest: DocumentMut = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array();
    let source = |asset: &toml_edit::Value| {
        let path = asset.as_array().and_then(|asset| asset.get(0));
        let path = path.and_then(toml_edit::Value::as_str).expect("a path");
        path.strip_prefix("target/package/").map(str::to_owned)
    };
    assets.expect("assets").iter().filter_map(source).collect()
}

#[test]
fn a_package_has_the_program_its_pages_and_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package");
    let made = Command::new(packaging("package"))
        .arg(env!("CARGO_BIN_EXE_s3flickr"))
        .arg(&package)
        .output()
        .expect("bash");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    for asset in listed() {
        let (before, rest) = asset.split_once('*').unwrap_or((&asset, ""));
        if rest.is_empty() {
            assert!(package.join(&asset).exists(), "{asset}");
        } else {
            let found = fs::read_dir(package.join(before)).unwrap().count();
            assert!(found > 5, "{asset}: {found}");
        }
    }
    for page in ["s3flickr", "s3flickr-populate", "s3flickr-work"] {
        let page = package.join(format!("man/{page}.1"));
        let text = fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
        assert!(text.contains(".TH s3flickr"), "{text}");
    }
    let completions = package.join("completions/s3flickr");
    let checked = Command::new("bash").arg("-n").arg(&completions).status();
    assert!(checked.expect("bash").success());
}

#[test]
fn systemd_accepts_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("s3flickr.service");
    let text =
        read("s3flickr.service").replace("/usr/bin/s3flickr", env!("CARGO_BIN_EXE_s3flickr"));
    // Its manual page is not installed here.
    let text = text.replace("Documentation=man:s3flickr(1)\n", "");
    fs::write(&unit, text).unwrap();
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output();
    let Ok(verified) = verified else {
        let _ = writeln!(
            std::io::stderr(),
            "left out: there is no systemd-analyze here"
        );
        return;
    };
    let complaints = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<_> = complaints
        .lines()
        .filter(|line| line.contains("s3flickr"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
