//! Log lines: on stderr around the line of progress, and in the file that `--log-file` names.
//!
//! With `--log-format json` every line is one JSON object, whatever it comes from: an event, what
//! is said to a person, an error of the command line, a panic.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tracing::{Subscriber, error};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

pub use self::line::early_error;
use self::line::{LineFormat, Place};
use crate::options::{LogFormat, OutputOptions};
use crate::screen::Screen;

mod line;

/// The target of what is said to the person at the terminal, beside the result.
pub const NOTICE: &str = "s3flickr::notice";
/// The target of the error that a run ends with.
pub const COMPLAINT: &str = "s3flickr::complaint";

/// Sets up the log, once for the process. Lines on stderr are written while the line of progress is
/// out of the way; `terminal` says whether a person sees them.
///
/// # Errors
/// Where the log file cannot be opened.
pub fn start(output: &OutputOptions, terminal: bool, screen: &Screen) -> Result<()> {
    let file = match &output.log_file {
        Some(path) => Some(LogFile::open(path, output.log_format)?),
        None => None,
    };
    let place = match terminal {
        true => Place::Terminal { color: has_color() },
        false => Place::Pipe,
    };
    let stderr = layer(output.log_format, place, AroundScreen(screen.clone()))
        .with_filter(levels_of_stderr(output));
    let file = file.map(|file| {
        layer(output.log_format, Place::File, Arc::new(file))
            .with_filter(levels_of_file(output.verbose))
    });
    tracing_subscriber::registry()
        .with(stderr)
        .with(file)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        error!(target: COMPLAINT, "{}", line::panicked(panic));
    }));
    Ok(())
}

fn layer<S, W>(format: LogFormat, place: Place, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .event_format(LineFormat { format, place })
        .log_internal_errors(false)
        .with_writer(writer)
}

/// What is shown: with a log file, the terminal stays with warnings and what is said.
fn levels_of_stderr(output: &OutputOptions) -> Targets {
    let verbose = match output.log_file {
        Some(_) => 0,
        None => output.verbose,
    };
    let (ours, others) = match (output.quiet, verbose) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::ERROR),
        (_, 0) => (LevelFilter::WARN, LevelFilter::ERROR),
        (_, 1) => (LevelFilter::INFO, LevelFilter::WARN),
        (_, _) => (LevelFilter::DEBUG, LevelFilter::INFO),
    };
    let said = if output.quiet {
        LevelFilter::OFF
    } else {
        LevelFilter::INFO
    };
    Targets::new()
        .with_target("s3flickr", ours)
        .with_target(NOTICE, said)
        .with_default(others)
}

/// What is kept: each photo at least.
fn levels_of_file(verbose: u8) -> Targets {
    let (ours, others) = match verbose {
        0 | 1 => (LevelFilter::INFO, LevelFilter::WARN),
        _ => (LevelFilter::DEBUG, LevelFilter::INFO),
    };
    Targets::new()
        .with_target("s3flickr", ours)
        .with_default(others)
}

/// Whether a terminal is one that understands colours, and its user wants them.
fn has_color() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
    !plain && !is_dumb()
}

/// Whether the terminal can do nothing but print one line after another.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Lines are written while the line of progress is out of the way.
#[derive(Clone)]
struct AroundScreen(Screen);

impl<'a> MakeWriter<'a> for AroundScreen {
    type Writer = AroundScreen;

    fn make_writer(&'a self) -> AroundScreen {
        self.clone()
    }
}

impl Write for AroundScreen {
    /// Is given a whole line at a time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.around(|| io::stderr().lock().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file that is appended to.
struct LogFile {
    file: File,
    format: LogFormat,
    /// Whether a line could not be written, which is said once.
    has_failed: AtomicBool,
}

impl LogFile {
    /// Opens the file. A new one can be read by this user alone: keys of photos are private.
    fn open(path: &Path, format: LogFormat) -> Result<LogFile> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot write the log file {}", path.display()))?;
        Ok(LogFile {
            file,
            format,
            has_failed: AtomicBool::new(false),
        })
    }
}

impl Write for &LogFile {
    /// Is given a whole line at a time; what other processes append does not cut into it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(error) = (&self.file).write_all(line)
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            early_error(
                self.format,
                &format!("the log file is incomplete from here on: {error}"),
            );
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
