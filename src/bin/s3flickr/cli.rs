//! The command line: clap's parser, and nothing that acts. Each verb's own options are with the verb.
//!
//! Every option can also be given as `S3FLICKR_<OPTION>` or in the config file;
//! [`parse`] adds both to what is declared here.

mod defaults;
mod precedence;

use clap::{Args, Parser, ValueEnum};

pub use self::defaults::parse;
use crate::commands::Command;

/// Copies a whole photo collection from Amazon S3 to Flickr, bit for bit, with as many machines as you start.
#[derive(Debug, Parser)]
#[command(name = "s3flickr", version, propagate_version = true, after_help = format!("{DEMO}{EXIT_STATUSES}"))]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much is said, and how.
    #[command(flatten)]
    pub output: OutputOptions,
}

const DEMO: &str = if cfg!(feature = "sandbox") {
    "To see the whole migration without an account:  s3flickr demo\n"
} else {
    ""
};

const EXIT_STATUSES: &str = "\
Exit status: 0 all well; 1 it could not be done; 2 wrong usage; 3 finished, but some photos failed;
4 stopped early by a signal, nothing lost.";

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
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// No progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// Use an AWS endpoint that is plain http to another machine: on a network of your own
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
