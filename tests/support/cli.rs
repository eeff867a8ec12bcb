//! The real binary, run as a process of its own with nothing of this user's environment.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::terminal;

/// The binary that cargo built. Cargo tells tests where it is; an example finds it in
/// `target/PROFILE/`, one folder above its own. `None` if it has not been built.
pub fn binary() -> Option<PathBuf> {
    if let Some(path) = option_env!("CARGO_BIN_EXE_s3flickr") {
        return Some(PathBuf::from(path));
    }
    let here = std::env::current_exe().ok()?;
    let binary = here.parent()?.parent()?.join("s3flickr");
    binary.exists().then_some(binary)
}

fn built() -> PathBuf {
    binary().expect("the binary: run `cargo build` first")
}

/// A user of the command line: an empty home, and the variables that they have set.
pub struct User {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl User {
    /// Someone who has never run s3flickr: `PATH` and an empty home are all that is set.
    pub fn new() -> User {
        User {
            home: tempfile::tempdir().expect("an empty home"),
            variables: Vec::new(),
        }
    }

    /// Sets a variable for everything they run.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> User {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Sets many.
    pub fn with_all<'a>(self, variables: impl IntoIterator<Item = (&'a str, String)>) -> User {
        let set = |user: User, (name, value)| user.with(name, value);
        variables.into_iter().fold(self, set)
    }

    /// Their home, which is also the working directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs the binary to its end.
    pub async fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.start(arguments).output().await
    }

    /// Runs the binary to its end by way of another program, which gets `options` first.
    pub async fn run_by<S: AsRef<OsStr>>(
        &self,
        program: &str,
        options: impl IntoIterator<Item = S>,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Output {
        let mut command = self.command_of(program);
        command.args(options).arg(built());
        Running::new(command.args(arguments).spawn()).output().await
    }

    /// Starts the binary; it is killed when the value is dropped.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        Running::new(self.command(arguments).spawn())
    }

    /// Starts the binary with somebody at its stdin: see [`Running::type_line`].
    pub fn start_talking<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Running {
        Running::new(self.command(arguments).stdin(Stdio::piped()).spawn())
    }

    /// Starts the binary from a shell that did something first: set a limit, say.
    pub fn start_after<S: AsRef<OsStr>>(
        &self,
        first: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Running {
        let script = format!("{first} && exec \"$0\" \"$@\"");
        let mut shell = self.command_of("/bin/sh");
        shell.args(["-c", &script]).arg(built()).args(arguments);
        Running::new(shell.spawn())
    }

    /// Starts the binary with a terminal at its stdin; gives the side where a person sits.
    pub fn start_at_terminal<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> (Running, File) {
        let (person, program) = terminal::open(None);
        let running = Running::new(self.command(arguments).stdin(program).spawn());
        (running, person)
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command_of(built());
        command.args(arguments);
        command
    }

    /// A command of theirs, with their variables and nothing of ours.
    pub fn command_of(&self, program: impl AsRef<OsStr>) -> Command {
        let home = self.home();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// What a run of the binary left behind.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The result.
    pub stdout: String,
    /// Logs, progress and errors.
    pub stderr: String,
}

impl Output {
    /// The exit status; none where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The same output, if the exit status is `code`; panics with all of its output otherwise.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Output {
        assert_eq!(
            self.code(),
            Some(code),
            "{}\n-- stdout --\n{}\n-- stderr --\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The same output, if all went well.
    #[track_caller]
    pub fn expect_success(self) -> Output {
        self.expect_code(0)
    }

    /// The one JSON document on stdout; panics where there is anything else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "stdout is not one JSON document: {error}\n-- stdout --\n{}\n-- stderr --\n{}",
                self.stdout, self.stderr
            )
        })
    }
}

/// A run of the binary that goes on; killed when dropped.
pub struct Running {
    child: Child,
    stdout: StreamOutput,
    stderr: StreamOutput,
}

impl Running {
    fn new(spawned: std::io::Result<Child>) -> Running {
        let mut child = spawned.expect("the binary that cargo built");
        let stdout = child.stdout.take().expect("a pipe, asked for above");
        let stderr = child.stderr.take().expect("a pipe, asked for above");
        Running {
            child,
            stdout: StreamOutput::of(stdout),
            stderr: StreamOutput::of(stderr),
        }
    }

    /// Types a line, if it was started to be talked to.
    pub async fn type_line(&mut self, line: &str) {
        let stdin = self
            .child
            .stdin
            .as_mut()
            .expect("a pipe, asked for by start_talking");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("someone reads");
    }

    /// Sends a signal; nothing where it has ended.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // It may end between the look and the signal.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Kills it with no chance to clean up, as a lost machine would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a process of our own");
    }

    /// Waits until stderr contains `text`, and answers with all of it so far; panics where the
    /// run ends before.
    pub async fn until_stderr(&mut self, text: &str) -> String {
        self.stderr.until(text).await
    }

    /// The same for stdout.
    pub async fn until_stdout(&mut self, text: &str) -> String {
        self.stdout.until(text).await
    }

    /// Waits for its end.
    pub async fn output(mut self) -> Output {
        Output {
            stdout: self.stdout.whole().await,
            stderr: self.stderr.whole().await,
            status: self.child.wait().await.expect("a process of our own"),
        }
    }

    /// Its number; none where it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    fn pid(&self) -> Option<Pid> {
        let id = self.id()?;
        Pid::from_raw(id.try_into().ok()?)
    }
}

/// What a process has written to one stream until now. A task reads it all the time, because a
/// full pipe would block the process.
struct StreamOutput {
    so_far: watch::Receiver<Vec<u8>>,
}

impl StreamOutput {
    fn of(mut stream: impl AsyncRead + Unpin + Send + 'static) -> StreamOutput {
        let (sender, so_far) = watch::channel(Vec::new());
        tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                sender.send_modify(|output| output.extend_from_slice(&buffer[..read]));
            }
        });
        StreamOutput { so_far }
    }

    async fn until(&mut self, text: &str) -> String {
        let contains = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(text);
        let found = self.so_far.wait_for(contains).await.is_ok();
        let so_far = self.text();
        assert!(found, "ended without printing {text:?}:\n{so_far}");
        so_far
    }

    async fn whole(&mut self) -> String {
        // The sender goes when the stream ends.
        while self.so_far.changed().await.is_ok() {}
        self.text()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.so_far.borrow()).into_owned()
    }
}
