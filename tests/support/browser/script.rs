//! A browser that does what a person does: `visit.mjs`, with packages of npm made once under `target/`.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{NAMES, PATIENCE, found};
use crate::support::python::{blocking, test_servers};

/// The packages, with their versions.
const PACKAGES: &str = include_str!("package.json");

/// Runs `visit.mjs` with this task, and returns what it prints; `None` where there is no browser,
/// no node, or no npm.
///
/// Panics with its output where it fails or hangs.
pub async fn run_script(mut task: Value) -> Option<Value> {
    let chromium = NAMES.into_iter().find_map(found)?;
    let (node, npm) = (found("node")?, found("npm")?);
    let modules = blocking(move || modules(&npm)).await;
    task["chromium"] = json!(chromium);
    task["modules"] = json!(modules);
    let mut child = tokio::process::Command::new(node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/browser/visit.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node");
    let mut stdin = child.stdin.take().expect("a pipe, asked for above");
    let given = stdin.write_all(task.to_string().as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("the browser hangs at {task}"));
    let output = output.expect("a child of ours");
    assert!(
        given.is_ok() && output.status.success(),
        "visit.mjs failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).expect("JSON from a script of ours"))
}

/// The folder that has `node_modules`; made at the first use, for all processes that share `target/`.
fn modules(npm: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    PACKAGES.hash(&mut hasher);
    let folder = test_servers().join(format!("npm-{:016x}", hasher.finish()));
    let finished = folder.join("installed");
    let lock = File::create(test_servers().join("npm.lock")).expect("a lock file in target/");
    lock.lock().expect("the lock on npm's folder");
    if finished.exists() {
        return folder;
    }
    // What an interrupted install left is not trusted.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder in target/");
    fs::write(folder.join("package.json"), PACKAGES).expect("a file in target/");
    let installed = Command::new(npm)
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder)
        .output()
        .expect("npm");
    assert!(
        installed.status.success(),
        "npm cannot install axe-core and playwright-core: {}",
        String::from_utf8_lossy(&installed.stderr)
    );
    File::create(&finished).expect("the mark of a finished install");
    folder
}
