//! Options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How much is said, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Print the result as one JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more: -v each photo, -vv what happens inside
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but errors: no result either, unless --json
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// No progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// How lines on stderr and in the log file look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// Append the log to this file too, each photo on a line; the terminal then shows warnings only
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Allow an AWS endpoint that is plain http to another machine (only on a network of your own)
    #[arg(long, global = true, hide_short_help = true)]
    pub allow_plain_http: bool,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Which queue.
#[derive(Debug, Clone, Args)]
pub struct QueueArg {
    /// The queue: sqs://NAME, an SQS URL, or sqlite:PATH [default: a SQLite file in your data folder]
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
}
