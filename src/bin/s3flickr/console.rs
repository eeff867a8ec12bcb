//! The only file that draws: the progress bar, the log lines around it, and the results.

use std::io::{self, Write};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, bail};
use s3flickr::monitor::{Event, Monitor};
use s3flickr::printable::printable_lines;
use serde::Serialize;
use tracing::{error, info};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::events;
use crate::log::{self, COMPLAINT, NOTICE};
use crate::options::{LogFormat, OutputOptions};
use crate::progress::{Progress, cut};
use crate::screen::{Screen, columns};

/// Where everything that a person or a program reads goes through. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    screen: Screen,
    json: bool,
    /// Whether progress is drawn in place; else it is a line now and then.
    draws: bool,
    /// Whether progress is told at all.
    reports: bool,
    quiet: bool,
    log_format: LogFormat,
    /// Why stdout takes no more.
    stdout_error: Arc<OnceLock<io::Error>>,
}

impl Console {
    /// Sets up the log, once for the process.
    ///
    /// # Errors
    /// Where the log file cannot be opened.
    pub fn new(output: &OutputOptions, terminal: bool) -> Result<Console> {
        let draws = terminal
            && !output.no_progress
            && !output.quiet
            && output.log_format == LogFormat::Text
            && !log::is_dumb();
        let screen = Screen::default();
        log::start(output, terminal, &screen)?;
        Ok(Console {
            screen,
            json: output.json,
            draws,
            reports: !output.no_progress,
            quiet: output.quiet,
            log_format: output.log_format,
            stdout_error: Arc::default(),
        })
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress is drawn in place.
    pub fn draws(&self) -> bool {
        self.draws
    }

    /// Prints a result: the document for a program, or the text for a person who wants to hear
    /// more than errors.
    pub fn result(&self, document: &impl Serialize, text: &str) {
        self.clear();
        if self.json {
            match serde_json::to_string(document) {
                Ok(line) => self.line(&line),
                Err(error) => error!("the result is no JSON: {error}"),
            }
        } else if !text.is_empty() {
            self.text(text);
        }
    }

    /// Prints a line that a person reads as the command's result, unless only errors are wanted.
    /// What a terminal would obey is escaped.
    pub fn text(&self, line: &str) {
        if !self.quiet {
            self.line(&printable_lines(line));
        }
    }

    /// Prints a line of output as it is. [`Console::finish`] tells whether all lines were taken.
    pub fn line(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        if let Err(error) = written {
            let _ = self.stdout_error.set(error);
        }
    }

    /// Whether stdout takes no more: its reader went away, or the disk under it is full.
    pub fn is_unread(&self) -> bool {
        self.stdout_error.get().is_some()
    }

    /// Says something to the person at the terminal, beside the result.
    pub fn say(&self, text: &str) {
        info!(target: NOTICE, "{text}");
    }

    /// Asks the person at the terminal for something; the answer follows on the same line.
    pub fn prompt(&self, text: &str) -> io::Result<()> {
        if self.log_format == LogFormat::Json {
            self.say(text);
            return Ok(());
        }
        let mut stderr = io::stderr().lock();
        write!(stderr, "{text}").and_then(|()| stderr.flush())
    }

    /// Says what a run ends with, cause by cause, on one line.
    pub fn complain(&self, error: &anyhow::Error) {
        self.clear();
        error!(target: COMPLAINT, "{error:#}");
    }

    /// Says something in clauses that are joined by commas; on a terminal, broken between two of them.
    pub fn say_clauses(&self, clauses: &[String]) {
        match self.draws {
            true => self.say(&folded(clauses, columns())),
            false => self.say(&clauses.join(", ")),
        }
    }

    /// Shows how far it is: in place on a terminal, else as a line.
    pub fn progress(&self, progress: Progress) {
        match self.draws {
            true => self.screen.show(move |width| progress.fit(width)),
            false if self.reports => self.say(&progress.text()),
            false => {}
        }
    }

    /// Waits for something; where that takes long, the terminal shows for what.
    pub async fn busy<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(SILENCE) => {}
        }
        if self.draws {
            let what = format!("{what} ...");
            self.screen.show(move |width| cut(&what, width));
        }
        let done = work.await;
        self.clear();
        done
    }

    /// Takes the line of progress away.
    pub fn clear(&self) {
        self.screen.clear();
    }

    /// Leaves a clean terminal behind.
    ///
    /// # Errors
    /// Where a line of the result could not be written. A reader that went away is no error.
    pub fn finish(&self) -> Result<()> {
        self.clear();
        match self.stdout_error.get() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                bail!("the result could not be written: {error}")
            }
            _ => Ok(()),
        }
    }
}

/// How long a terminal stays silent while something is waited for.
const SILENCE: Duration = Duration::from_millis(700);

/// Clauses in as few rows as have room for them. A long one is shortened in its middle.
fn folded(clauses: &[String], width: usize) -> String {
    let mut rows: Vec<String> = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        let comma = if at + 1 < clauses.len() { "," } else { "" };
        let indent = if at > 0 { "  " } else { "" };
        let room = width.saturating_sub(indent.len() + comma.len());
        let clause = format!("{}{comma}", shortened(clause, room));
        match rows.last_mut() {
            Some(row) if row.width() + 1 + clause.width() <= width => {
                row.push(' ');
                row.push_str(&clause);
            }
            _ => rows.push(format!("{indent}{clause}")),
        }
    }
    rows.join("\n")
}

/// The beginning and the end of a text that is too wide.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let head = cut(text, width / 2);
    let mut tail = String::new();
    for c in text.chars().rev() {
        if head.width() + tail.width() + c.width().unwrap_or(0) > width {
            break;
        }
        tail.insert(0, c);
    }
    head + &tail
}

impl Monitor for Console {
    fn event(&self, event: Event) {
        events::log(event);
    }
}
