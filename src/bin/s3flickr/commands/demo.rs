//! `demo`: the whole migration on the example photos, with three workers, against the sandbox.
//!
//! It runs the very commands that it prints, as processes of this program, and checks at the end
//! that every photo arrived byte for byte.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use futures_util::future::try_join_all;
use s3flickr::sandbox::{self, Fault, FaultKind, Options, Sandbox};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use tokio::process::Command;

use super::sandbox::exports;
use crate::console::Console;
use crate::exit::Exit;
use crate::signals::asked_to_end;

/// Workers that drain the queue together.
const WORKERS: usize = 3;

/// How long the stand-in takes for an upload.
const UPLOAD_MS: u64 = 150;

/// `demo`
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// End when it is done, instead of leaving the gallery open
    #[arg(long)]
    pub exit: bool,
    /// The folder of photos to copy [default: examples/photos]
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
}

impl Demo {
    /// Runs every step, and leaves the gallery open until a signal.
    pub async fn run(self, console: &Console) -> Result<Exit> {
        let photos = photos(self.photos)?;
        // Nobody else of this machine can guess its name, or look into it. Nothing of it is worth
        // keeping once the gallery is closed.
        let folder = tempfile::Builder::new()
            .prefix("s3flickr-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .context("cannot make a temporary folder")?;
        Walk::new(&photos, folder.path(), console)
            .await?
            .run(self.exit)
            .await
    }
}

/// The folder of photos: the one named, or the examples beside the program's source.
fn photos(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(folder) = named {
        ensure!(
            folder.is_dir(),
            "{} is no folder of photos",
            folder.display()
        );
        return Ok(folder);
    }
    let here = PathBuf::from("examples/photos");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(&here);
    match [here, source].into_iter().find(|folder| folder.is_dir()) {
        Some(folder) => Ok(folder),
        None => bail!("the example photos are not here: name a folder with --photos DIR"),
    }
}

struct Walk<'a> {
    photos: &'a Path,
    folder: &'a Path,
    queue: String,
    console: &'a Console,
    sandbox: Sandbox,
}

impl<'a> Walk<'a> {
    async fn new(photos: &'a Path, folder: &'a Path, console: &'a Console) -> Result<Walk<'a>> {
        let dir = folder.join("flickr");
        console.text("A stand-in for Flickr, on this machine alone:\n");
        console.text(&format!("$ s3flickr sandbox --dir {}", dir.display()));
        // An upload takes its time with Flickr too, and so every worker gets its share.
        let slow = Fault::new(
            "upload",
            FaultKind::Slow {
                delay_ms: UPLOAD_MS,
            },
        );
        let options = Options {
            dir: Some(dir),
            faults: vec![slow],
            ..Options::default()
        };
        let sandbox = sandbox::start(options).await?;
        console.text(&exports(&sandbox.environment()));
        let queue = format!("sqlite:{}", folder.join("queue.db").display());
        Ok(Walk {
            photos,
            folder,
            queue,
            console,
            sandbox,
        })
    }

    async fn run(self, exit: bool) -> Result<Exit> {
        let queue = ["--queue", &self.queue];
        let from = self.photos.display().to_string();
        self.step(
            "\nOne message a photo goes on a queue:",
            &["populate", "--from", &from, queue[0], queue[1]],
        )
        .await?;
        self.work().await?;
        self.step(
            "\nOne process, alone, puts the photos into sets:",
            &["assign-sets"],
        )
        .await?;
        self.step("\nHow far it is:", &["status", queue[0], queue[1]])
            .await?;
        self.step("\nA second time there is nothing to do:", &["assign-sets"])
            .await?;
        self.check().await?;
        // Nobody is left to look at the gallery, or to press Ctrl-C.
        if exit || self.console.is_unread() {
            self.sandbox.stop().await;
            return Ok(Exit::Well);
        }
        let asked = asked_to_end();
        self.console.text("Ctrl-C ends the demo.");
        asked.await;
        self.sandbox.stop().await;
        Ok(Exit::Well)
    }

    /// Prints a command as a user would type it, and runs it.
    async fn step(&self, what: &str, arguments: &[&str]) -> Result<()> {
        self.announce(what, arguments, "");
        let status = self.command(arguments)?.status().await?;
        ensure!(
            status.success(),
            "`s3flickr {}` ended with {status}",
            arguments.join(" ")
        );
        Ok(())
    }

    async fn work(&self) -> Result<()> {
        // A stand-in has no budget that could run out, and one lane each lets all have a share.
        let arguments = [
            "work",
            "--queue",
            &self.queue,
            "--transfers",
            "1",
            "--calls-per-hour",
            "0",
        ];
        let machines = format!("    # {WORKERS} of them, as if on {WORKERS} machines");
        self.announce("\nWorkers drain the queue:", &arguments, &machines);
        let run = async |n: usize| -> Result<_> {
            let mut command = self.command(&arguments)?;
            // The first shows how far the queue is; one line has no room for all of them.
            if n > 0 {
                command.stderr(Stdio::piped());
            }
            Ok(command
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?
                .wait_with_output()
                .await?)
        };
        let outputs = try_join_all((0..WORKERS).map(run)).await?;
        for (n, output) in outputs.iter().enumerate() {
            ensure!(
                output.status.success(),
                "worker {} ended with {}: {}",
                n + 1,
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
            let text = String::from_utf8_lossy(&output.stdout);
            self.console.text(&format!(
                "worker {}: {}",
                n + 1,
                text.lines().next().unwrap_or("")
            ));
        }
        Ok(())
    }

    fn announce(&self, what: &str, arguments: &[&str], comment: &str) {
        let typed: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        self.console.text(&format!(
            "{what}\n\n$ s3flickr {}{comment}",
            typed.join(" ")
        ));
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).envs(self.sandbox.environment());
        // The user's own settings and files have no part in it.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("S3FLICKR_") {
                command.env_remove(name);
            }
        }
        command
            .env_remove("CREDENTIALS_DIRECTORY")
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_DATA_HOME", self.folder.join("data"));
        Ok(command)
    }

    /// Compares what the sandbox holds with the files.
    async fn check(&self) -> Result<()> {
        let state = reqwest::get(format!("{}/sandbox/state", self.sandbox.base_url())).await?;
        let state: State = serde_json::from_slice(&state.bytes().await?)?;
        let mut there: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for photo in &state.photos {
            there.entry(&photo.title).or_default().push(&photo.sha1);
        }
        for photo in &state.photos {
            let file = self.photos.join(&photo.title);
            let bytes = std::fs::read(&file).with_context(|| {
                format!("{:?} is no file of {}", photo.title, self.photos.display())
            })?;
            let sha1 = HEXLOWER.encode(&Sha1::digest(&bytes));
            ensure!(
                there[photo.title.as_str()] == [sha1.as_str()],
                "{:?} differs",
                photo.title
            );
        }
        self.console.text(&format!(
            "\n{} photos, {} sets; every photo is on \"Flickr\" once, and its bytes are those of its file.",
            state.photos.len(),
            state.sets.len()
        ));
        self.console
            .text(&format!("Look at them: {}/", self.sandbox.base_url()));
        Ok(())
    }
}

#[derive(Deserialize)]
struct State {
    photos: Vec<Photo>,
    sets: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Photo {
    title: String,
    sha1: String,
}

/// An argument as it must be typed into a shell.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,".contains(c);
    if argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}
