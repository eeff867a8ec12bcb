//! Where an option comes from when it is not typed: `S3FLICKR_<OPTION>`, else the config file.

use std::collections::HashMap;

use anyhow::{Result, bail};
use clap::builder::{BoolishValueParser, OsStr};
use clap::{ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches, Id};
use s3flickr::config::ConfigFile;

use super::Cli;
use super::precedence::{self, Place, Places};

/// The options of the config file.
type File<'a> = &'a [(String, Vec<String>)];

/// Reads the command line, with the environment and the config file behind it.
/// Ends the process where clap has something to say (help, version, wrong usage).
pub fn parse(config: &ConfigFile) -> Result<Cli> {
    let file = config.options();
    let mut known = Vec::new();
    let typed = precedence::typed(Cli::command());
    let command = with_defaults(Cli::command(), &file, typed.as_ref(), &mut known)?;
    if let Some((unknown, _)) = file.iter().find(|(name, _)| !known.contains(name)) {
        bail!("the config file sets {unknown:?}, which is no option of s3flickr");
    }
    let matches = command.get_matches();
    Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// Gives every option of a command and of those below it its two further sources. `typed` is
/// what was typed of this command, if it was.
fn with_defaults(
    command: Command,
    file: File,
    typed: Option<&ArgMatches>,
    known: &mut Vec<String>,
) -> Result<Command> {
    // Only a command that is built knows which options its groups have.
    let mut built = command.clone();
    built.build();
    let places = Places::new(&built, file, typed);
    places.check()?;
    let lowest: HashMap<Id, Place> = built
        .get_arguments()
        .map(|arg| (arg.get_id().clone(), places.lowest(arg)))
        .collect();
    let given: Vec<Id> = built
        .get_groups()
        .map(|group| group.get_id().clone())
        .filter(|group| places.is_in_file(group.as_str()))
        .collect();
    let mut command = command.mut_args(|arg| {
        let Some(name) = arg.get_long().map(str::to_owned) else {
            return arg;
        };
        if name == "help" || name == "version" {
            return arg;
        }
        let lowest = lowest.get(arg.get_id()).copied().unwrap_or(Place::File);
        known.push(name.clone());
        with_places(arg, &name, file, lowest)
    });
    for group in given {
        // To clap a default is nothing that was given.
        command = command.mut_group(group, |group| group.required(false));
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        let typed = typed.and_then(|typed| typed.subcommand_matches(&name));
        let mut failed = None;
        command = command.mut_subcommand(&name, |below| {
            with_defaults(below, file, typed, known).unwrap_or_else(|error| {
                failed = Some(error);
                Command::new(name.clone())
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(command)
}

/// An option with its variable and its value of the config file, as far as they count.
fn with_places(arg: clap::Arg, name: &str, file: File, lowest: Place) -> clap::Arg {
    let mut arg = arg;
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        arg = arg.value_parser(BoolishValueParser::new());
    }
    if matches!(arg.get_action(), ArgAction::Append) {
        arg = arg.value_delimiter(None);
    }
    if lowest <= Place::Environment && precedence::set_variable(name).is_some() {
        let variable = OsStr::from(precedence::variable(name));
        arg = arg.env(variable).hide_env(true);
    }
    match precedence::values_in_file(file, name) {
        Some(values) if lowest == Place::File => arg.default_values(values),
        _ => arg,
    }
}
