//! `man`: the manual pages, made of the same text as the help.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man as Page;
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::help;

/// `man`
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The folder to write all pages to, made if missing [default: print the main page]
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

impl Man {
    /// Prints the main page, or writes every page.
    pub fn run(self, mut command: Command, console: &Console) -> Result<Exit> {
        command.build();
        let Some(dir) = &self.dir else {
            console.line(page(&command, "")?.trim_end());
            return Ok(Exit::Well);
        };
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let mut written = Vec::new();
        write_all(&command, "", dir, &mut written)?;
        let text = format!("{} pages written to {}", written.len(), dir.display());
        console.result(&json!({ "pages": written }), &text);
        Ok(Exit::Well)
    }
}

fn write_all(command: &Command, words: &str, dir: &Path, written: &mut Vec<String>) -> Result<()> {
    let name = format!("{}.1", name(words));
    let path = dir.join(&name);
    fs::write(&path, page(command, words)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    written.push(name);
    for below in command.get_subcommands() {
        if below.get_name() != "help" && !below.is_hide_set() {
            let words = format!("{words} {}", below.get_name());
            write_all(below, words.trim(), dir, written)?;
        }
    }
    Ok(())
}

/// `s3flickr-failed-list`
fn name(words: &str) -> String {
    format!("s3flickr {words}").trim().replace(' ', "-")
}

/// One page, of the command that is called by these words.
fn page(command: &Command, words: &str) -> Result<String> {
    let bare = command
        .clone()
        .name(name(words))
        .display_name(name(words))
        .after_help("")
        .after_long_help("");
    let page = Page::new(bare).source("").manual("s3flickr");
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    if command.get_subcommands().next().is_some() {
        page.render_subcommands_section(&mut roff)?;
    }
    page.render_options_section(&mut roff)?;
    let mut text = String::from_utf8(roff)?;
    if let Some(examples) = help::example_of(words) {
        text.push_str(&section("Examples", examples));
    }
    for (name, lines) in help::sections().iter().filter(|_| words.is_empty()) {
        text.push_str(&section(name, lines));
    }
    if !words.is_empty() {
        text.push_str(".SH \"SEE ALSO\"\n.BR s3flickr (1)\n");
    }
    Ok(text)
}

/// A section whose lines stay as they are.
fn section(name: &str, lines: &str) -> String {
    let escaped: Vec<String> = format!("  {lines}")
        .lines()
        .map(|line| {
            let line = line.replace('\\', "\\e").replace('-', "\\-");
            match line.starts_with(['.', '\'']) {
                true => format!("\\&{line}"),
                false => line,
            }
        })
        .collect();
    format!(
        ".SH {:?}\n.nf\n{}\n.fi\n",
        name.to_uppercase(),
        escaped.join("\n")
    )
}
