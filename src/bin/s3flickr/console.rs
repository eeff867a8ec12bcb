//! The only file that draws: the progress bar, the log lines around it, and the results.

use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use s3flickr::model::outcome::FailureClass;
use s3flickr::monitor::{Event, Monitor};
use serde::Serialize;
use tracing::{debug, error, info, warn};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::{LogFormat, OutputOptions};
use crate::progress::{Progress, cut, outage};
use crate::screen::{Screen, columns};

/// Prints an error, cause by cause, on one line.
pub fn complain(error: &anyhow::Error) {
    let text = format!("{error:#}").replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "s3flickr: {text}");
}

/// Where everything that a person or a program reads goes through. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    screen: Screen,
    json: bool,
    /// Whether progress is drawn in place; else it is a line now and then.
    draws: bool,
    quiet: bool,
}

impl Console {
    /// Sets up the log, once for the process.
    pub fn new(output: &OutputOptions, terminal: bool) -> Console {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let draws = terminal && !dumb && !output.no_progress && !output.quiet;
        let screen = Screen::default();
        let (ours, others) = match (output.quiet, output.verbose) {
            (true, _) => (LevelFilter::ERROR, LevelFilter::ERROR),
            (_, 0) => (LevelFilter::WARN, LevelFilter::ERROR),
            (_, 1) => (LevelFilter::INFO, LevelFilter::WARN),
            (_, _) => (LevelFilter::DEBUG, LevelFilter::INFO),
        };
        let levels = Targets::new()
            .with_target("s3flickr", ours)
            .with_default(others);
        let plain = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(terminal && !plain)
            .with_target(false)
            .with_writer(AroundBar(screen.clone()));
        let registry = tracing_subscriber::registry().with(levels);
        match output.log_format {
            LogFormat::Text => registry.with(log.without_time().compact()).init(),
            LogFormat::Json => registry.with(log.json().flatten_event(true)).init(),
        }
        Console {
            screen,
            json: output.json,
            draws,
            quiet: output.quiet,
        }
    }

    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress is drawn in place.
    pub fn draws(&self) -> bool {
        self.draws
    }

    /// Prints a result: the document for a program, or the text for a person.
    pub fn result(&self, document: &impl Serialize, text: &str) {
        self.clear();
        if self.json {
            match serde_json::to_string(document) {
                Ok(line) => self.line(&line),
                Err(error) => error!("the result is no JSON: {error}"),
            }
        } else if !text.is_empty() {
            self.line(text);
        }
    }

    /// Prints a line of a result. A reader that went away is no error.
    pub fn line(&self, text: &str) {
        let _ = writeln!(io::stdout().lock(), "{text}");
    }

    /// Says something to the person at the terminal, beside the result.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.screen.around(|| {
                let _ = writeln!(io::stderr().lock(), "{text}");
            });
        }
    }

    /// The same, in clauses that are joined by commas; on a terminal, broken between two of them.
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
            false => self.say(&progress.text()),
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
    pub fn finish(&self) {
        self.clear();
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
        match event {
            Event::Listed { files } => debug!(files, "listed"),
            Event::Skipped { path, reason } => info!("passed over {path}: {reason}"),
            Event::CannotRead { path, reason } => warn!("passed over {path}: {reason}"),
            Event::Queued { jobs, bytes } => debug!(jobs, bytes, "queued"),
            Event::Account { message } => warn!("{message}"),
            Event::Started { key, bytes } => debug!(size_bytes = bytes, "{key}: started"),
            Event::Uploaded { key, photo, bytes } => {
                info!(key = %key, photo, size_bytes = bytes, "{key}: uploaded");
            }
            Event::AlreadyThere { key, photo } => {
                info!(key = %key, photo, "{key}: was on Flickr already");
            }
            Event::Requeued {
                key,
                reason,
                retries,
            } => {
                warn!(key = %key, retries, "{key}: {reason}; {} left", attempts(retries));
            }
            Event::Failed { key, class, reason } => {
                let class = FailureClass::name(class);
                error!(key = %key, class, "{key}: failed: {reason}");
            }
            Event::UnreadableMessage { reason } => error!("a message was put aside: {reason}"),
            Event::Released { key } => info!("{key}: given back"),
            Event::Throttled => info!("Flickr asks for fewer calls: slower for a while"),
            Event::Limited { limit } => debug!("limited by: {limit}"),
            Event::Stalled { wait } => debug!(?wait, "what all lanes wait for"),
            Event::Lanes { lanes } => debug!(lanes, "transfers at once"),
            Event::Outage {
                service,
                way,
                since,
                next_try,
            } => {
                let seconds = next_try.as_secs_f64();
                let text = outage::waiting(&service, &way, since, next_try);
                warn!(service = %service, since = %outage::utc(since), next_try_seconds = seconds, "{text}");
            }
            Event::Recovered { service, lasted } => {
                let text = outage::over(&service, lasted);
                warn!(service = %service, lasted_seconds = lasted.as_secs(), "{text}");
            }
            Event::Stopping { reason } => debug!("stopping: {reason}"),
            Event::Deleting { key, photo } => {
                warn!("deleting photo {photo}, a later copy of {key}")
            }
            Event::Reading { photos, total } => debug!(photos, total, "reading the account"),
            Event::Planned { steps } => debug!(steps, "planned"),
            Event::StepDone { .. } => {}
            Event::SetRefused { title, reason } => {
                error!("album {title:?} was left as it is: {reason}")
            }
            Event::Waiting { reason } => warn!("{reason}"),
            Event::Edited {
                edit,
                number,
                total,
            } => info!("{number}/{total} {edit}"),
        }
    }
}

fn attempts(n: u32) -> String {
    if n == 1 {
        "1 attempt".to_owned()
    } else {
        format!("{n} attempts")
    }
}

/// Log lines are written while the bar is out of the way.
#[derive(Clone)]
struct AroundBar(Screen);

impl<'a> MakeWriter<'a> for AroundBar {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            screen: self.0.clone(),
            text: Vec::new(),
        }
    }
}

/// One log line, written at once when it is whole.
struct Line {
    screen: Screen,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.screen.around(|| {
            let _ = io::stderr().lock().write_all(&self.text);
        });
    }
}
