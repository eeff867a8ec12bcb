//! What the help says besides the options: the commands in the order in which a newcomer needs
//! them, examples, variables and files. The man pages have the same.

use clap::Command;

/// The commands as the help lists them.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "To copy a collection, in this order",
        &["login", "populate", "work", "status", "assign-sets"],
    ),
    ("To look after it", &["failed", "merge-sets", "doctor"]),
    ("To rehearse, without any account", &["demo", "sandbox"]),
    ("To set it up", &["completions", "man", "help"]),
];

/// Examples of each command, by the words that it is called by. All lines but the first are
/// indented as they are shown.
const EXAMPLES: [(&str, &str); 16] = [
    (
        "",
        "\
s3flickr demo                         # the whole migration, without any account
  s3flickr login                        # once
  s3flickr populate --bucket my-photos  # once
  s3flickr work                         # on one machine, or on many
  s3flickr assign-sets                  # once all is uploaded",
    ),
    (
        "login",
        "\
s3flickr login                        # opens Flickr's page and asks for the code
  s3flickr login --check                # whose account it is, and how full
  s3flickr --profile family login       # a second account, as [profile.family]",
    ),
    (
        "populate",
        "\
s3flickr populate --bucket my-photos --dry-run
  s3flickr populate --bucket my-photos --prefix 2012/ --queue sqs://photos
  s3flickr populate --from ~/Pictures --exclude '*/drafts/*'
  s3flickr populate --inventory s3://lists/my-photos/all/2026-01-01T01-00Z/manifest.json",
    ),
    (
        "work",
        "\
s3flickr work                                   # one machine, its own queue
  s3flickr work --queue sqs://photos              # the same on each of many machines
  s3flickr work --privacy family --bwlimit 2M --log-file work.log",
    ),
    (
        "status",
        "\
s3flickr status
  s3flickr status --queue sqs://photos --watch    # until all is done
  s3flickr status --json | jq .failed",
    ),
    (
        "assign-sets",
        "\
s3flickr assign-sets --dry-run        # what it would do
  s3flickr assign-sets                  # albums named 2012/Paris
  s3flickr assign-sets --set-name leaf  # albums named Paris",
    ),
    (
        "merge-sets",
        "\
s3flickr merge-sets --dry-run         # which albums would be deleted
  s3flickr merge-sets",
    ),
    (
        "failed",
        "\
s3flickr failed list
  s3flickr failed export > failed.csv
  s3flickr failed retry",
    ),
    ("failed list", "s3flickr failed list --queue sqs://photos"),
    (
        "failed retry",
        "s3flickr failed retry --queue sqs://photos --retries 3",
    ),
    ("failed export", "s3flickr failed export > failed.csv"),
    (
        "doctor",
        "\
s3flickr doctor
  s3flickr doctor --queue sqs://photos --bucket my-photos",
    ),
    (
        "sandbox",
        "\
s3flickr sandbox --dir rehearsal      # then type what it prints into another terminal",
    ),
    (
        "demo",
        "\
s3flickr demo
  s3flickr demo --exit --photos ~/Pictures/few",
    ),
    (
        "completions",
        "\
s3flickr completions bash > ~/.local/share/bash-completion/completions/s3flickr
  s3flickr completions zsh > \"${fpath[1]}/_s3flickr\"
  s3flickr completions fish > ~/.config/fish/completions/s3flickr.fish",
    ),
    (
        "man",
        "\
s3flickr man | man -l -               # the main page
  s3flickr man ~/.local/share/man/man1  # every page, into that folder",
    ),
];

const ENVIRONMENT: &str = "\
S3FLICKR_<OPTION>
      Any option, such as S3FLICKR_QUEUE or S3FLICKR_LOG_FILE. What is typed
      goes before a variable, and a variable before the config file. An empty
      variable is unset.
  FLICKR_API_KEY, FLICKR_API_SECRET,
  FLICKR_OAUTH_TOKEN, FLICKR_OAUTH_TOKEN_SECRET
      The Flickr account, in place of what `s3flickr login` saved
  FLICKR_ENDPOINT_URL
      Another address than Flickr's: that of `s3flickr sandbox`
  AWS_PROFILE, AWS_REGION, AWS_CA_BUNDLE, AWS_ENDPOINT_URL,
  AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_SQS, ...
      AWS credentials and addresses, as for the AWS CLI
  XDG_CONFIG_HOME, XDG_DATA_HOME
      Where the files below are, in place of ~/.config and ~/.local/share
  NO_COLOR, TERM=dumb
      No colours; with TERM=dumb no progress bar either";

const FILES: &str = "\
~/.config/s3flickr/config.toml
      Defaults for options, as in: queue = \"sqs://photos\"
      Others below [profile.NAME], for --profile NAME. Below [flickr] what
      `s3flickr login` saved: nobody else may be able to read the file.
  $CREDENTIALS_DIRECTORY/s3flickr.toml
      The same from systemd, read in place of the other
  ~/.local/share/s3flickr/queue.db
      The queue, where none is named";

const EXIT_STATUS: &str = "\
0  All well
  1  It could not be done, or the result could not be written
  2  Wrong usage
  3  Finished, but some photos failed or differ
  4  Stopped early by a signal; nothing is lost";

/// The command line with all that the help says besides its options.
pub fn with_help(command: Command) -> Command {
    let command = with_examples(command, "");
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{}\n{{options}}{{after-help}}",
        groups(&command),
        heading("Options"),
    );
    let long: Vec<String> = sections()
        .iter()
        .map(|(name, text)| format!("{}\n  {text}", heading(name)))
        .collect();
    // A build without the sandbox has no demo.
    let is_there = |line: &&str| {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        command.find_subcommand(name).is_some()
    };
    let lines = example_of("").unwrap_or_default().lines();
    let lines: Vec<&str> = lines.filter(is_there).collect();
    let examples = format!(
        "{}\n  {}",
        heading("Examples"),
        lines.join("\n").trim_start()
    );
    command
        .help_template(template)
        .after_help(format!(
            "{examples}\n\nThe environment, files and exit statuses: s3flickr --help"
        ))
        .after_long_help(format!("{examples}\n\n{}", long.join("\n\n")))
}

/// What holds for all commands: each section's name and its text, in lines of two columns.
pub fn sections() -> [(&'static str, &'static str); 3] {
    [
        ("Environment", ENVIRONMENT),
        ("Files", FILES),
        ("Exit status", EXIT_STATUS),
    ]
}

/// The examples of a command, by the words that it is called by: `failed list`.
pub fn example_of(words: &str) -> Option<&'static str> {
    let found = EXAMPLES.iter().find(|(name, _)| *name == words);
    found.map(|(_, text)| *text)
}

fn with_examples(command: Command, words: &str) -> Command {
    let mut command = match example_of(words) {
        Some(examples) => command.after_help(format!("{}\n  {examples}", heading("Examples"))),
        None => command,
    };
    let names: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        let words = format!("{words} {name}");
        command = command.mut_subcommand(name, |below| with_examples(below, words.trim()));
    }
    command
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (title, names) in GROUPS {
        let lines: Vec<String> = names
            .iter()
            .filter_map(|name| {
                let about = match *name {
                    "help" => "Show this, or the help of a command".to_owned(),
                    name => command.find_subcommand(name)?.get_about()?.to_string(),
                };
                Some(format!("  \x1b[1m{name:<12}\x1b[0m {about}\n"))
            })
            .collect();
        if !lines.is_empty() {
            text.push_str(&format!("{}\n{}\n", heading(title), lines.concat()));
        }
    }
    text
}

/// A heading as clap writes them; where there are no colours, it takes them away.
fn heading(name: &str) -> String {
    format!("\x1b[1m\x1b[4m{name}:\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    fn all(command: &Command, words: &str, found: &mut Vec<String>) {
        for below in command
            .get_subcommands()
            .filter(|below| !below.is_hide_set())
        {
            let words = format!("{words} {}", below.get_name()).trim().to_owned();
            found.push(words.clone());
            all(below, &words, found);
        }
    }

    #[test]
    fn every_command_is_listed_once_and_has_examples() {
        let command = command();
        let mut commands = Vec::new();
        all(&command, "", &mut commands);
        for words in &commands {
            assert!(example_of(words).is_some(), "{words} has no example");
            if words.contains(' ') {
                continue;
            }
            let listed = GROUPS.iter().flat_map(|(_, names)| names.iter());
            let times = listed.filter(|name| *name == words).count();
            assert_eq!(times, 1, "{words} is listed {times} times");
        }
        for (words, _) in EXAMPLES.iter().filter(|(words, _)| !words.is_empty()) {
            let is_absent = !cfg!(feature = "sandbox") && ["demo", "sandbox"].contains(words);
            assert!(
                is_absent || commands.iter().any(|known| known == words),
                "{words}"
            );
        }
    }

    #[test]
    fn every_example_is_understood() {
        for (words, text) in EXAMPLES {
            for line in text.lines() {
                let typed = line.split('#').next().unwrap_or_default();
                let typed = typed.split(['|', '>']).next().unwrap_or_default();
                let word = typed.split_whitespace().nth(1).unwrap_or_default();
                if !cfg!(feature = "sandbox") && ["demo", "sandbox"].contains(&word) {
                    continue;
                }
                let arguments: Vec<&str> = typed
                    .split_whitespace()
                    .map(|word| word.trim_matches('\''))
                    .collect();
                let matches = command().try_get_matches_from(&arguments);
                assert!(matches.is_ok(), "{typed}: {:?}", matches.err());
                assert!(typed.contains(words), "{typed} is no example of {words}");
            }
        }
    }

    #[test]
    fn the_list_of_commands_fits_a_terminal() {
        let help = command().render_help().to_string();
        for line in help.lines() {
            let in_list = GROUPS.iter().flat_map(|(_, names)| names.iter());
            let is_command = in_list
                .into_iter()
                .any(|name| line.starts_with(&format!("  {name} ")));
            assert!(!is_command || line.chars().count() <= 80, "{line}");
        }
    }
}
