//! What every row works with: the servers, our binary, the peers, and commands for each.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::measured::{self, Usage};
use crate::s3;
use crate::served::Served;
use crate::support::python;

/// The keys that all clients use; the servers check none.
const KEY: &str = "bench";

/// The servers, and a folder for queues and downloads.
pub struct Bench {
    /// The S3 server.
    pub s3: Served,
    /// The sink in Flickr's place.
    pub sink: Served,
    /// Whether runs are few and small.
    pub quick: bool,
    folder: TempDir,
    peers: PathBuf,
}

impl Bench {
    /// Starts the servers, and installs the peers if that was not done.
    pub fn start(quick: bool) -> Bench {
        let python = python::interpreter_with(include_str!("requirements.txt"));
        Bench {
            s3: Served::start("s3"),
            sink: Served::start("sink"),
            quick,
            folder: tempfile::tempdir().expect("a temporary folder"),
            peers: python
                .parent()
                .expect("the folder of the interpreter")
                .to_owned(),
        }
    }

    /// How often each side of a row runs.
    pub fn runs(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// One of two sizes.
    pub fn size(&self, whole: u64, quick: u64) -> u64 {
        if self.quick { quick } else { whole }
    }

    /// A path of this run's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Our binary with nothing of this user's environment, all services being ours.
    pub fn ours(&self) -> Command {
        let mut command = Command::new(binary());
        let sink = self.sink.url();
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", self.s3.url())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("FLICKR_ENDPOINT_URL", sink)
            .envs(["FLICKR_API_KEY", "FLICKR_API_SECRET"].map(|name| (name, KEY)))
            .envs(["FLICKR_OAUTH_TOKEN", "FLICKR_OAUTH_TOKEN_SECRET"].map(|name| (name, KEY)));
        command
    }

    /// Fills a new queue from a bucket, and answers with its location and what that took.
    pub fn populate(&self, bucket: &str) -> (String, Usage) {
        let queue = format!("sqlite:{}", self.path(&format!("{bucket}.db")).display());
        self.forget(&queue);
        let mut command = self.ours();
        command.args(["populate", "--quiet", "--bucket", bucket, "--queue", &queue]);
        let usage = measured::run(&mut command);
        (queue, usage)
    }

    /// Removes a queue's file.
    pub fn forget(&self, queue: &str) {
        let path = queue.trim_start_matches("sqlite:");
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{path}{end}"));
        }
    }

    /// A worker of a queue.
    pub fn work(&self, queue: &str, lanes: u64) -> Command {
        let mut command = self.ours();
        command.args(["work", "--quiet", "--calls-per-hour", "0", "--queue", queue]);
        command.args(["--transfers", &lanes.to_string()]);
        command
    }

    /// Copies a whole bucket with our binary; what `populate` took is not in it.
    pub fn copy(&self, bucket: &str, lanes: u64, delay_ms: u64) -> Usage {
        let (queue, _) = self.populate(bucket);
        self.sink.reset(delay_ms);
        let usage = measured::run(&mut self.work(&queue, lanes));
        assert_eq!(self.sink.stats().photos, s3::keys(bucket), "photos of ours");
        self.forget(&queue);
        usage
    }

    /// The same with the script; listing is in it, a fraction of a second.
    pub fn script(&self, bucket: &str, threads: u64, delay_ms: u64) -> Usage {
        self.sink.reset(delay_ms);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/benchmark/script.py");
        let mut command = self.peer("python");
        command
            .arg(script)
            .args([self.s3.url(), self.sink.url(), bucket.to_owned()]);
        let usage = measured::run(command.arg(threads.to_string()));
        assert_eq!(
            self.sink.stats().photos,
            s3::keys(bucket),
            "photos of the script"
        );
        usage
    }

    /// rclone from S3 through the client to S3, which is as near as it comes.
    pub fn rclone(&self, bucket: &str, lanes: u64) -> Usage {
        let mut command = self.peer("rclone");
        command.args([
            "copy",
            &format!("from:{bucket}"),
            "to:elsewhere",
            "--config",
            "/dev/null",
        ]);
        // What costs and is no part of the copy is left out.
        command.args([
            "--s3-no-head",
            "--s3-no-check-bucket",
            "--no-traverse",
            "--fast-list",
            "--s3-list-version=2",
            "--ignore-checksum",
        ]);
        command.args([
            "--transfers",
            &lanes.to_string(),
            "--s3-upload-cutoff",
            "5G",
        ]);
        for remote in ["FROM", "TO"] {
            let name = |option: &str| format!("RCLONE_CONFIG_{remote}_{option}");
            command
                .env(name("TYPE"), "s3")
                .env(name("PROVIDER"), "Other");
            command
                .env(name("ENDPOINT"), self.s3.url())
                .env(name("FORCE_PATH_STYLE"), "true");
            command
                .env(name("ACCESS_KEY_ID"), KEY)
                .env(name("SECRET_ACCESS_KEY"), KEY);
        }
        let before = self.s3.put_bytes();
        let usage = measured::run(&mut command);
        // rclone ends well, too, where it found nothing to copy.
        assert!(
            self.s3.put_bytes() - before >= s3::bytes(bucket),
            "rclone did not copy all of {bucket}"
        );
        usage
    }

    /// s5cmd from S3 to files: the download alone.
    pub fn s5cmd(&self, bucket: &str, lanes: u64) -> Usage {
        let files = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        let mut command = self.peer("s5cmd");
        command.args([
            "--endpoint-url",
            &self.s3.url(),
            "--numworkers",
            &lanes.to_string(),
        ]);
        command.args(["cp", "--concurrency", "1", &format!("s3://{bucket}/*")]);
        command.arg(format!("{}/", files.path().display()));
        command
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY);
        let usage = measured::run(command.env("AWS_REGION", "us-east-1"));
        let found = walkdir::WalkDir::new(files.path()).into_iter().flatten();
        let sizes = found.filter_map(|entry| entry.metadata().ok().filter(|of| of.is_file()));
        let bytes: u64 = sizes.map(|of| of.len()).sum();
        assert_eq!(bytes, s3::bytes(bucket), "bytes that s5cmd downloaded");
        usage
    }

    /// A peer's program, with an empty environment.
    pub fn peer(&self, name: &str) -> Command {
        let mut command = Command::new(self.peers.join(name));
        command.env_clear().env("HOME", self.folder.path());
        command
    }
}

/// Our binary, beside this example's folder.
pub fn binary() -> PathBuf {
    let example = std::env::current_exe().expect("the path of this program");
    let folder = example
        .parent()
        .and_then(Path::parent)
        .expect("target/release");
    folder.join("s3flickr")
}

/// Builds our binary as users do; nothing where it is up to date.
pub fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bin", "s3flickr"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "cargo could not build s3flickr"
    );
}
