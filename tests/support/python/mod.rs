//! A Python of our own, with pinned packages, made once under `target/`: the servers and
//! clients that this project did not write run in it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tokio::io::AsyncWriteExt;

/// The packages of the usual environment, every one with its version.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The interpreter that has the packages of `requirements.txt`; made at the first use.
///
/// Panics, in one line, where there is no python3 or the packages cannot be had.
pub fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| interpreter_with(REQUIREMENTS))
}

/// An interpreter that has exactly these packages (the text of a requirements file that names
/// every version and every dependency). Made once for all processes that share `target/`.
///
/// Panics as [`interpreter`] does.
pub fn interpreter_with(requirements: &str) -> PathBuf {
    let folder = test_servers().join(format!("venv-{:016x}", fingerprint(requirements)));
    let python = folder.join("bin/python");
    let finished = folder.join("installed");
    if finished.exists() {
        return python;
    }
    // Other test processes wait here for the one that installs.
    let lock = File::create(test_servers().join("venv.lock")).expect("a lock file in target/");
    lock.lock().expect("the lock on target/'s venv");
    if !finished.exists() {
        // What an interrupted install left is not trusted.
        let _ = fs::remove_dir_all(&folder);
        install(&folder, requirements);
        File::create(&finished).expect("the mark of a finished install");
    }
    python
}

/// A script of `tests/support/python/`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support/python")
        .join(name)
}

/// Runs a script of `tests/support/python/` with these variables and nothing else of this environment,
/// gives it `input` on stdin, and answers with the JSON that it prints.
///
/// Panics with its output where it fails.
pub async fn run_script<'a>(
    name: &str,
    variables: impl IntoIterator<Item = (&'a str, String)>,
    input: &Value,
) -> Value {
    let interpreter = blocking(interpreter).await;
    let mut child = tokio::process::Command::new(interpreter)
        .arg(script(name))
        .env_clear()
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the interpreter of the venv");
    let mut stdin = child.stdin.take().expect("a pipe, asked for above");
    let given = stdin.write_all(input.to_string().as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.expect("a child of ours");
    assert!(
        given.is_ok() && output.status.success(),
        "{name} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON from a script of ours")
}

/// Does slow work beside the runtime; its panic goes on here, and is not told twice.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// The folder under `target/` that holds what the tests' servers need and write.
pub fn test_servers() -> PathBuf {
    let folder = target().join("test-servers");
    fs::create_dir_all(&folder).expect("a folder in target/");
    folder
}

/// `target/`, as cargo tells it to tests; an example finds it above its own binary.
fn target() -> PathBuf {
    if let Some(tmp) = option_env!("CARGO_TARGET_TMPDIR") {
        return Path::new(tmp).parent().expect("target/").to_owned();
    }
    let binary = std::env::current_exe().expect("the path of this program");
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let target = binary.ancestors().find(marked);
    target.expect("target/ above this program").to_owned()
}

/// Tells one environment from another: by its packages and by the Python that it was made from.
fn fingerprint(requirements: &str) -> u64 {
    let told = Command::new("python3")
        .args(["-c", "import sys; print(sys.version, sys.base_prefix)"])
        .output();
    let told = match told {
        Ok(output) if output.status.success() => output.stdout,
        _ => panic!("python3 (3.10 or newer) is needed for the AWS tests, and was not found"),
    };
    let mut hasher = DefaultHasher::new();
    (requirements, told).hash(&mut hasher);
    hasher.finish()
}

/// Makes the environment and installs the packages.
fn install(folder: &Path, requirements: &str) {
    let list = folder.with_extension("txt");
    fs::write(&list, requirements).expect("a requirements file in target/");
    let mut pip = pip_of_new_environment(folder);
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip.args(["--no-input", "--no-deps", "--requirement"]);
    run(pip.arg(&list));
}

/// Makes the environment, and answers with the pip that installs into it.
fn pip_of_new_environment(folder: &Path) -> Command {
    let python = folder.join("bin/python");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    if said_by(&mut venv).is_ok() {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip"]);
        return pip;
    }
    // Debian's bare python3 has no ensurepip; its pip, where there is one, installs from outside.
    let _ = fs::remove_dir_all(folder);
    run(venv.arg("--without-pip"));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--python"]).arg(python);
    pip
}

/// Runs a command that must work.
fn run(command: &mut Command) {
    if let Err(why) = said_by(command) {
        panic!(
            "python3 could not make the environment that the AWS tests need \
             (on Debian: apt-get install python3 python3-venv): {why}"
        );
    }
}

/// Runs a command; its error is the last line of its output.
fn said_by(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it said nothing").to_owned())
}
