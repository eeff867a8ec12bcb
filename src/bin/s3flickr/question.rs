//! Questions to the person at the terminal, each answered by a line.

use std::io::{IsTerminal, stdin};

use anyhow::{Context, Result};

use crate::console::Console;

/// Asks, and reads a line without the white space around it: of a person, or of a pipe, which is
/// not asked.
pub async fn ask(console: &Console, question: &str) -> Result<String> {
    if stdin().is_terminal() {
        console.prompt(question).context("cannot ask")?;
    }
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|_| line)
    });
    Ok(read.await??.trim().to_owned())
}

/// Asks whether something is to be done; anything but a yes is a no.
pub async fn confirm(console: &Console, question: &str) -> Result<bool> {
    let answer = ask(console, question).await?.to_lowercase();
    Ok(["y", "yes"].contains(&answer.as_str()))
}
