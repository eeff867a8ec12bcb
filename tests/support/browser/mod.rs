//! A real browser that looks at a page, where this machine has one.

pub mod script;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::python::test_servers;

/// The names that the browser goes by.
const NAMES: [&str; 2] = ["chromium", "chromium-browser"];
/// A browser that hangs must not hang the tests.
const PATIENCE: Duration = Duration::from_secs(120);
/// No sandbox (root has none), and no talk with the env.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
];

/// The page as it stands after its scripts ran, as HTML; `None` where there is no browser.
pub async fn dump_dom(url: &str) -> Option<String> {
    let output = visit(url, ["--dump-dom".into()]).await?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes a picture of the page (PNG) to `file`; `None` where there is no browser.
pub async fn screenshot(url: &str, file: &Path, width: u32, height: u32) -> Option<()> {
    let mut picture = OsString::from("--screenshot=");
    picture.push(file);
    let size = format!("--window-size={width},{height}");
    visit(url, [picture, size.into()]).await?;
    assert!(file.exists(), "the browser took no picture of {url}");
    Some(())
}

/// Says, past the test harness's capture, that a test was left out for want of a browser.
pub fn left_out(test: &str) {
    let line = format!("{test}: left out, there is no chromium (or no node and npm) here\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Opens a page with these further flags; panics where the browser fails or hangs.
async fn visit<const N: usize>(url: &str, flags: [OsString; N]) -> Option<Output> {
    let program = NAMES.into_iter().find(|name| on_path(name))?;
    let profile = TempDir::with_prefix_in("browser-", test_servers());
    let profile = profile.expect("a folder in target/");
    let mut own = OsString::from("--user-data-dir=");
    own.push(profile.path());
    let running = Command::new(program)
        .args(FLAGS)
        .arg(own)
        .args(flags)
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, running).await;
    let output = output.unwrap_or_else(|_| panic!("{program} hangs at {url}"));
    let output = output.expect("a program on the path");
    assert!(
        output.status.success(),
        "{program} failed at {url}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output)
}

fn on_path(program: &str) -> bool {
    found(program).is_some()
}

/// Where a program is.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(program));
    candidates.find(|file| file.is_file())
}
