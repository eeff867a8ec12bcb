//! Where an option comes from when it is not typed: `S3FLICKR_<OPTION>`, else the config file.

use std::collections::HashMap;

use anyhow::{Result, bail};
use clap::builder::{BoolishValueParser, OsStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Id};
use s3flickr::config::{ConfigFile, Setting, stray};

use super::precedence::{self, Place, Places};
use super::{Cli, command};

/// Options that the file does not set: the profile chooses a part of it.
const NOT_IN_FILE: [&str; 3] = ["help", "version", "profile"];

/// Reads the command line, with the environment and the config file behind it.
///
/// # Errors
/// A `clap::Error` where an option is wrong, else what is wrong with the file or a variable.
pub fn parse(config: &ConfigFile) -> Result<Cli> {
    let command = command();
    config.check(&option_names(&command))?;
    let settings = config.settings();
    let typed = precedence::typed(command.clone());
    let command = with_defaults(command, &settings, typed.as_ref())?;
    let matches = command.try_get_matches();
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    Ok(cli.map_err(|error| with_place(error, typed.as_ref(), config))?)
}

/// The options of a command and of those below it that the config file may set.
fn option_names(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(Arg::get_long);
    let mut names: Vec<String> = own
        .filter(|name| !NOT_IN_FILE.contains(name))
        .map(str::to_owned)
        .collect();
    for below in command.get_subcommands() {
        names.extend(option_names(below));
    }
    names
}

/// Gives every option of a command and of those below it its two further sources. `typed` is
/// what was typed of this command, if it was.
fn with_defaults(
    command: Command,
    settings: &[Setting],
    typed: Option<&ArgMatches>,
) -> Result<Command> {
    // Only a command that is built knows which options its groups have.
    let mut built = command.clone();
    built.build();
    let places = Places::new(&built, settings, typed);
    places.check()?;
    if typed.is_some() {
        check_values(&built, settings)?;
    }
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
        let lowest = lowest.get(arg.get_id()).copied().unwrap_or(Place::File);
        with_places(arg, &places, lowest)
    });
    for group in given {
        // To clap a default is nothing that was given.
        command = command.mut_group(group, |group| group.required(false));
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        let typed = typed.and_then(|typed| typed.subcommand_matches(&name));
        let mut failed = None;
        command = command.mut_subcommand(&name, |below| {
            with_defaults(below, settings, typed).unwrap_or_else(|error| {
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
fn with_places(arg: Arg, places: &Places, lowest: Place) -> Arg {
    let Some(name) = arg.get_long().map(str::to_owned) else {
        return arg;
    };
    if name == "help" || name == "version" {
        return arg;
    }
    let mut arg = arg;
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        arg = arg.value_parser(BoolishValueParser::new());
    }
    if matches!(arg.get_action(), ArgAction::Append) {
        arg = arg.value_delimiter(None);
    }
    if lowest <= Place::Environment && precedence::set_variable(&name).is_some() {
        let variable = OsStr::from(precedence::variable(&name));
        arg = arg.env(variable).hide_env(true);
    }
    match places.values_in_file(&name, lowest) {
        Some(values) => arg.default_values(values),
        None => arg,
    }
}

/// Fails where a variable has a character that no value has, or the file gives several values to
/// an option that takes one.
fn check_values(command: &Command, settings: &[Setting]) -> Result<()> {
    for arg in command.get_arguments() {
        let Some(name) = arg.get_long() else { continue };
        let value = precedence::set_variable(name);
        if let Some(problem) = value.as_deref().and_then(stray::in_value) {
            bail!("{} {problem}: remove it", precedence::variable(name));
        }
        let takes_many = matches!(arg.get_action(), ArgAction::Append);
        let many = |set: &&Setting| set.name == name && set.values.len() != 1;
        if let Some(set) = settings.iter().find(many).filter(|_| !takes_many) {
            bail!(
                "the config file's line {} gives {} values to {name}, which takes one",
                set.line,
                set.values.len()
            );
        }
    }
    Ok(())
}

/// An error of a value that was not typed, with the place that it stands in.
fn with_place(
    mut error: clap::Error,
    typed: Option<&ArgMatches>,
    config: &ConfigFile,
) -> clap::Error {
    let is_value = matches!(
        error.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::TooManyValues
    );
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let name = arg.trim_start_matches('-').split([' ', '=', '[']).next();
    let name = name.unwrap_or_default().to_owned();
    if !is_value || typed.is_some_and(|typed| is_typed(typed, &name)) {
        return error;
    }
    let variable = precedence::variable(&name);
    let settings = config.settings();
    let in_file = settings.iter().rfind(|set| set.name == name);
    let place = match (precedence::set_variable(&name), in_file) {
        (Some(_), _) => format!("the value stands in the variable {variable}"),
        (None, Some(set)) => format!(
            "the value stands in {} line {}",
            config.path().display(),
            set.line
        ),
        (None, None) => return error,
    };
    let tip = ContextValue::StyledStrs(vec![place.into()]);
    error.insert(ContextKind::Suggested, tip);
    error
}

fn is_typed(typed: &ArgMatches, name: &str) -> bool {
    let id = name.replace('-', "_");
    let here = typed.try_contains_id(&id).is_ok()
        && typed.value_source(&id) == Some(ValueSource::CommandLine);
    let below = typed.subcommand();
    here || below.is_some_and(|(_, below)| is_typed(below, name))
}
