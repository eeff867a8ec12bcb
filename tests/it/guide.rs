//! The commands of the README and of the guide, typed in the order in which a reader meets them.
//!
//! They run in a fresh home, against the sandbox and a stand-in for AWS. What a test cannot run
//! (`docker`, `systemctl`) is marked `by-hand` beside the language of its block, and listed here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::aws::Aws;
use crate::support::cli::{Output, User};
use crate::support::env::Env;
use crate::support::python;

/// What is not run: the page, and how the block begins.
const BY_HAND: [(&str, &str); 5] = [
    ("docs/guide/install.md", "cargo install --locked cargo-deb"),
    ("docs/guide/install.md", "docker build"),
    ("docs/guide/rehearse.md", "s3flickr sandbox"),
    ("docs/guide/running-for-days.md", "nohup s3flickr work"),
    ("docs/guide/running-for-days.md", "sudo install"),
];
/// What a reader has who is about to log in: no token yet.
const NO_TOKEN: &str = "unset FLICKR_OAUTH_TOKEN FLICKR_OAUTH_TOKEN_SECRET\n";

/// A fenced block of shell.
#[derive(Debug)]
struct Block {
    page: String,
    line: usize,
    text: String,
    by_hand: bool,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of a page that are marked as shell.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = None;
    for (line, number) in text.lines().zip(1..) {
        match (line.strip_prefix("```"), inside) {
            (Some(info), None) => {
                let mut words = info.split_whitespace();
                let shell = matches!(words.next(), Some("sh" | "console" | "bash" | "shell"));
                inside = Some(shell);
                if shell {
                    found.push(Block {
                        page: page.to_owned(),
                        line: number,
                        text: String::new(),
                        by_hand: words.next() == Some("by-hand"),
                    });
                }
            }
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => {
                let block = found.last_mut().expect("pushed where it began");
                block.text += line;
                block.text.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

/// The pages of the guide, in the order of its table of contents.
fn pages() -> Vec<String> {
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    let links = contents.lines().filter_map(|line| line.split("](").nth(1));
    let paths = links.map(|link| link.trim_end_matches(')'));
    let guide = paths.filter(|path| path.starts_with("guide/"));
    guide.map(|path| format!("docs/{path}")).collect()
}

fn read(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"));
    blocks(page, &text)
}

/// A reader: a clone of the repository, the photos of an example in `~/Pictures` and in the bucket
/// `my-photos`, and nothing else.
struct Reader {
    user: User,
    env: Env,
    aws: Aws,
}

impl Reader {
    async fn new() -> Reader {
        let (aws, env) = (Aws::start().await, Env::start().await);
        let home_user = env.user().with_all(aws.env());
        let home = home_user.home().to_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        let user = home_user
            .with("PATH", format!("{}:{path}", home.join("bin").display()))
            .with("XDG_CONFIG_HOME", "")
            .with("XDG_DATA_HOME", "")
            .with("XDG_CACHE_HOME", "")
            .with("S3FLICKR_CALLS_PER_HOUR", "36000");
        let aws_program = python::blocking(|| {
            let packages = include_str!("../support/python/awscli.txt");
            python::interpreter_with(packages).with_file_name("aws")
        })
        .await;
        programs(&home.join("bin"), &aws_program, &aws.endpoint);
        clone(&home.join("s3flickr"));
        put_photos(&home.join("Pictures"), &aws).await;
        Reader { user, env, aws }
    }

    /// Types the blocks one after the other, in one shell.
    async fn type_all(&self, blocks: &[Block]) -> Output {
        let mut script = String::from("set -euo pipefail\ncd ~/s3flickr\n");
        let variables = self.env.variables().into_iter();
        let keys = variables.filter(|(name, _)| name.starts_with("FLICKR_API"));
        let keys: Vec<String> = keys
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        for block in blocks.iter().filter(|block| !block.by_hand) {
            let place = format!("{}:{}", block.page, block.line);
            script += &format!("trap 'echo \"the block of {place} failed\" >&2' ERR\n");
            if block.text.contains("export FLICKR_API_KEY=") {
                script += NO_TOKEN;
            }
            let text = block
                .text
                .replace("FLICKR_API_KEY=... FLICKR_API_SECRET=...", &keys.join(" "));
            script += &text;
        }
        let nothing: [&str; 0] = [];
        self.user.run_by("bash", ["-c", &script], nothing).await
    }
}

/// The programs that the commands name: the real one, the AWS command line, and a `cargo` that
/// has built already.
fn programs(bin: &Path, aws: &Path, endpoint: &str) {
    let real = env!("CARGO_BIN_EXE_s3flickr");
    let person = format!(
        "exec {} {}",
        python::interpreter().display(),
        python::script("at_the_prompt.py").display()
    );
    let s3flickr = format!(
        "case \"$*\" in login | demo*) {person} {real} \"$@\" ;; *) exec {real} \"$@\" ;; esac"
    );
    let cargo = "case \"$*\" in\n\
        'run -- '*) shift 2; exec s3flickr \"$@\" ;;\n\
        'install --locked --path .' | 'install --path .') test -f Cargo.toml ;;\n\
        test | 'uninstall s3flickr') ;;\n\
        *) echo \"cargo $*: not known here\" >&2; exit 9 ;;\n\
        esac";
    // The second version of it heeds AWS_REGION, and the endpoint for every service; this is the first.
    let aws = format!(
        "AWS_DEFAULT_REGION=$AWS_REGION exec {} --endpoint-url {endpoint} \"$@\"",
        aws.display()
    );
    fs::create_dir(bin).expect("a folder in a new home");
    for (name, text) in [("s3flickr", &*s3flickr), ("cargo", cargo), ("aws", &aws)] {
        let file = bin.join(name);
        fs::write(&file, format!("#!/bin/bash\n{text}\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a script of ours");
    }
}

/// What a clone holds, without what was built in this one.
fn clone(folder: &Path) {
    fs::create_dir(folder).expect("a folder in a new home");
    for entry in fs::read_dir(root()).expect("the repository") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "target" && entry.file_name() != ".git" {
            symlink(entry.path(), folder.join(entry.file_name())).expect("a link");
        }
    }
}

/// The example photos, as a folder of a user's own and as a bucket.
async fn put_photos(folder: &Path, aws: &Aws) {
    let s3 = aws.s3().await;
    let made = s3.create_bucket().bucket("my-photos").send().await;
    made.expect("a bucket");
    let examples = root().join("examples/photos");
    for entry in walkdir::WalkDir::new(&examples) {
        let entry = entry.expect("an entry");
        let path = entry.path().strip_prefix(&examples).expect("below it");
        if entry.file_type().is_dir() {
            fs::create_dir_all(folder.join(path)).expect("a folder");
            continue;
        }
        let bytes = fs::read(entry.path()).expect("a photo");
        fs::write(folder.join(path), &bytes).expect("a photo");
        let key = path.to_str().expect("a name of ours");
        aws.put_object("my-photos", key, bytes).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_works_as_typed() {
    let reader = Reader::new().await;
    let blocks = read("README.md");
    assert!(blocks.iter().all(|block| !block.by_hand));
    assert!(blocks[0].text.starts_with("cargo run -- demo\n"));
    reader.type_all(&blocks).await.expect_success();
    let examples = walkdir::WalkDir::new(root().join("examples/photos"));
    let jpegs = examples.into_iter().filter_map(Result::ok);
    let jpegs = jpegs.filter(|entry| entry.file_type().is_file());
    let photos = jpegs.filter(|entry| entry.file_name() != "PROVENANCE.md");
    assert_eq!(reader.env.contents().await.len(), photos.count());
    assert!(!reader.env.sets().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_guide_works_as_typed() {
    let reader = Reader::new().await;
    let blocks: Vec<Block> = pages().iter().flat_map(|page| read(page)).collect();
    reader.type_all(&blocks).await.expect_success();
    // What it says of cleaning up is true.
    let home = reader.user.home();
    for left in [".config/s3flickr", ".local/share/s3flickr"] {
        assert!(!home.join(left).exists(), "{left}");
    }
    let queues = reader.aws.sqs().await.list_queues().send().await;
    assert_eq!(queues.expect("a list").queue_urls(), [""; 0]);
}

#[test]
fn what_is_not_run_is_listed() {
    let blocks = pages().into_iter().flat_map(|page| read(&page));
    let by_hand: Vec<_> = blocks.filter(|block| block.by_hand).collect();
    assert_eq!(by_hand.len(), BY_HAND.len(), "{by_hand:#?}");
    for (block, (page, start)) in by_hand.iter().zip(BY_HAND) {
        assert_eq!(block.page, page);
        assert!(block.text.starts_with(start), "{block:?}");
    }
}

#[test]
fn a_page_is_in_the_table_of_contents() {
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    for entry in walkdir::WalkDir::new(root().join("docs")) {
        let path = entry.expect("an entry").into_path();
        let name = path.strip_prefix(root().join("docs")).expect("below it");
        let name = name.to_str().expect("a name of ours");
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(contents.contains(&format!("]({name})")), "{name}");
        }
    }
}

#[test]
fn blocks_are_those_of_shell() {
    let page = "```toml\nqueue = 1\n```\ntext\n```sh\na\nb\n```\n```sh by-hand\nc\n```\n";
    let found = blocks("page", page);
    let texts: Vec<_> = found
        .iter()
        .map(|b| (b.line, &*b.text, b.by_hand))
        .collect();
    assert_eq!(texts, [(5, "a\nb\n", false), (9, "c\n", true)]);
}
