//! Where an option comes from when it is not typed: `S3FLICKR_<OPTION>`, else the config file.

use anyhow::{Result, bail};
use clap::builder::{BoolishValueParser, OsStr};
use clap::{ArgAction, CommandFactory, FromArgMatches};
use s3flickr::config::ConfigFile;

use crate::args::Cli;

/// Reads the command line, with the environment and the config file behind it.
/// Ends the process where clap has something to say (help, version, wrong usage).
pub fn parse(config: &ConfigFile) -> Result<Cli> {
    let options = config.options();
    let mut known = Vec::new();
    let command = with_defaults(Cli::command(), &options, &mut known);
    if let Some((unknown, _)) = options.iter().find(|(name, _)| !known.contains(name)) {
        bail!("the config file sets {unknown:?}, which is no option of s3flickr");
    }
    let matches = command.get_matches();
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// Gives every option of a command and of those below it its two further sources.
fn with_defaults(
    command: clap::Command,
    options: &[(String, Vec<String>)],
    known: &mut Vec<String>,
) -> clap::Command {
    let command = command.mut_args(|arg| {
        let Some(name) = arg.get_long().map(str::to_owned) else {
            return arg;
        };
        if name == "help" || name == "version" {
            return arg;
        }
        let variable = format!("S3FLICKR_{}", name.to_uppercase().replace('-', "_"));
        let mut arg = arg.env(OsStr::from(variable)).hide_env(true);
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            arg = arg.value_parser(BoolishValueParser::new());
        }
        if matches!(arg.get_action(), ArgAction::Append) {
            arg = arg.value_delimiter(None);
        }
        if let Some((_, values)) = options.iter().find(|(option, _)| *option == name) {
            arg = arg.default_values(values.iter().map(OsStr::from));
        }
        known.push(name);
        arg
    });
    command.mut_subcommands(|below| with_defaults(below, options, known))
}
