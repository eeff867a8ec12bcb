//! From the process's arguments to what shall be done, or to the exit status where that is all.

use std::ffi::OsString;
use std::io::{self, ErrorKind as IoError, Write};

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{ArgMatches, Command};
use s3flickr::config::{ConfigFile, Folders};

use super::{Cli, command, defaults, precedence, tips};
use crate::connect::Connector;
use crate::exit::Exit;
use crate::log;
use crate::options::LogFormat;

/// Commands that the config file means nothing to, so that a broken one does not stop them.
const WITHOUT_CONFIG: [&str; 4] = ["completions", "demo", "man", "sandbox"];

/// Reads the command line. Where that is already all that is to be done (help, a version, wrong
/// usage), it is done, and the exit status comes back.
pub fn read() -> Result<(Cli, Connector), Exit> {
    let mut format = early_format(std::env::args_os());
    let shown = |format: Option<LogFormat>| format.unwrap_or_default();
    let command = command();
    if let Err(error) = command.clone().try_get_matches()
        && is_final(&error)
    {
        return Err(end_with(error, &command, shown(format)));
    }
    let typed = precedence::typed(command.clone());
    let read = with_config(typed.as_ref(), &mut format);
    read.map_err(|error| match error.downcast::<clap::Error>() {
        Ok(error) => end_with(error, &command, shown(format)),
        Err(error) => {
            log::early_error(shown(format), &format!("{error:#}"));
            Exit::Usage
        }
    })
}

/// Reads it once more with what the variables and the config file add. The file may say how
/// lines look, those of its own errors too.
fn with_config(
    typed: Option<&ArgMatches>,
    format: &mut Option<LogFormat>,
) -> Result<(Cli, Connector)> {
    let folders = Folders::of_user()?;
    let config = config(&folders, typed)?;
    let in_file = config.settings().into_iter();
    let json_in_file = in_file
        .filter(|set| set.name == "log-format")
        .any(|set| set.values == ["json"]);
    if json_in_file && format.is_none() {
        *format = Some(LogFormat::Json);
    }
    Ok((defaults::parse(&config)?, Connector::new(config, folders)))
}

/// The config file with the chosen profile. A command that it means nothing to has none.
fn config(folders: &Folders, typed: Option<&ArgMatches>) -> Result<ConfigFile> {
    let verb = typed
        .and_then(ArgMatches::subcommand_name)
        .unwrap_or_default();
    if WITHOUT_CONFIG.contains(&verb) {
        return Ok(ConfigFile::empty(folders)?);
    }
    let config = ConfigFile::of_user(folders)?;
    let profile = typed
        .and_then(typed_profile)
        .or_else(|| precedence::set_variable("profile"));
    match profile {
        // A login makes the profile that it is for.
        Some(name) => Ok(config.with_profile(&name, verb == "login")?),
        None => Ok(config),
    }
}

/// `--profile`, before or after the verb.
fn typed_profile(typed: &ArgMatches) -> Option<String> {
    let below = typed
        .subcommand()
        .and_then(|(_, below)| typed_profile(below));
    below.or_else(|| {
        let found = typed.try_get_one::<String>("profile").ok().flatten();
        found.cloned()
    })
}

/// Whether nothing that stands in a file or a variable could change an error of what was typed.
fn is_final(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::InvalidSubcommand
            | ErrorKind::UnknownArgument
            | ErrorKind::MissingSubcommand
    )
}

/// Says what clap has to say: help on stdout, an error on stderr in the format of its lines.
fn end_with(mut error: clap::Error, command: &Command, format: LogFormat) -> Exit {
    if !error.use_stderr() {
        let written = error.print().and_then(|()| io::stdout().flush());
        return match written {
            Err(error) if error.kind() != IoError::BrokenPipe => {
                log::early_error(format, &format!("the help could not be written: {error}"));
                Exit::Failed
            }
            _ => Exit::Well,
        };
    }
    tips::add(&mut error, command);
    match format {
        LogFormat::Text => {
            let _ = error.print();
        }
        LogFormat::Json => log::early_error(format, &in_one_line(&error)),
    }
    Exit::Usage
}

/// An error of the command line without its usage, which is for people.
fn in_one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "say what to do: `s3flickr --help` lists the commands".to_owned();
    }
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or(&text);
    let text = text
        .split("\n\nFor more information")
        .next()
        .unwrap_or(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}

/// How lines look, as far as that can be seen before anything is understood.
fn early_format(arguments: impl Iterator<Item = OsString>) -> Option<LogFormat> {
    let arguments: Vec<String> = arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .take_while(|argument| argument != "--")
        .collect();
    let typed = arguments.iter().enumerate().find_map(|(at, argument)| {
        let value = argument.strip_prefix("--log-format")?;
        match value.strip_prefix('=') {
            Some(value) => Some(value),
            None if value.is_empty() => arguments.get(at + 1).map(String::as_str),
            None => None,
        }
    });
    let set = precedence::set_variable("log-format");
    match typed.or(set.as_deref())? {
        "json" => Some(LogFormat::Json),
        _ => Some(LogFormat::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_lines_is_seen_before_anything_is_understood() {
        let format = |arguments: &[&str]| early_format(arguments.iter().map(OsString::from));
        let json = Some(LogFormat::Json);
        assert_eq!(format(&["s3flickr", "--log-format=json", "wrok"]), json);
        assert_eq!(format(&["s3flickr", "work", "--log-format", "json"]), json);
        assert_eq!(format(&["s3flickr", "work", "--log-format"]), None);
        assert_eq!(format(&["s3flickr", "--", "--log-format=json"]), None);
    }
}
