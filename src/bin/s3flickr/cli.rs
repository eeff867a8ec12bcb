//! The command line: clap's parser, and nothing that acts. Each verb's own options are with the verb.
//!
//! Every option can also be given as `S3FLICKR_<OPTION>` or in the config file;
//! [`read`] adds both to what is declared here.

mod defaults;
mod precedence;
mod read;
mod tips;

use clap::{CommandFactory, Parser};

pub use self::read::read;
use crate::commands::Command;
use crate::help::with_help;
use crate::options::OutputOptions;

/// Copies a whole photo collection from Amazon S3 to Flickr, bit for bit, with as many machines as you start.
#[derive(Debug, Parser)]
#[command(name = "s3flickr", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Use the settings of [profile.NAME] in the config file (AWS's own profiles: AWS_PROFILE)
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// How much is said, and how.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// The command line with all that the help says.
pub fn command() -> clap::Command {
    with_help(Cli::command())
}
