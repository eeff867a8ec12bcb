//! `completions`: the script that teaches a shell this command line.

use anyhow::Result;

use crate::console::Console;
use crate::exit::Exit;

/// `completions`
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

impl Completions {
    /// Prints the script for this command line.
    pub fn run(self, mut command: clap::Command, console: &Console) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "s3flickr", &mut script);
        console.line(String::from_utf8_lossy(&script).trim_end());
        Ok(Exit::Well)
    }
}
