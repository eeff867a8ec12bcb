//! What users of other tools type, and what it is here: one line beside the error.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// Options of rclone, aws s3, s5cmd, immich-go and their like.
const OPTIONS: [(&[&str], &str); 24] = [
    (
        &["-r", "-R", "--recursive", "--recurse"],
        "all that is below a bucket or folder is taken; --exclude leaves some out",
    ),
    (
        &[
            "--no-clobber",
            "--ignore-existing",
            "--skip-existing",
            "--no-overwrite",
            "--size-only",
            "--if-size-differ",
            "--if-source-newer",
            "--update",
            "-u",
            "--checksum",
            "--immutable",
        ],
        "a photo that is on Flickr already is never uploaded again, so this needs no option",
    ),
    (
        &[
            "--concurrency",
            "--concurrent",
            "--concurrent-tasks",
            "--max-concurrent-requests",
            "--jobs",
            "-j",
            "-c",
            "--numworkers",
            "--workers",
            "--threads",
            "--parallel",
            "--checkers",
            "--multi-thread-streams",
        ],
        "`s3flickr work --transfers N` sets how many photos are under way at once; \
         `work` may run on many machines",
    ),
    (
        &[
            "--bandwidth",
            "--bw-limit",
            "--limit-rate",
            "--max-bandwidth",
        ],
        "`s3flickr work --bwlimit 2M` limits the bytes a second",
    ),
    (
        &["--tpslimit", "--rate-limit", "--rate", "--qps"],
        "`s3flickr work --calls-per-hour N` sets the calls to Flickr of all machines together",
    ),
    (
        &[
            "--max-retries",
            "--retry",
            "--retry-count",
            "--low-level-retries",
        ],
        "`s3flickr populate --retries N` sets how often each photo is tried",
    ),
    (
        &["--dry", "--just-print", "--simulate", "--plan"],
        "--dry-run of populate, assign-sets and merge-sets says what would be done",
    ),
    (
        &[
            "--delete",
            "--delete-after",
            "--delete-source",
            "--remove-source-files",
            "--move",
        ],
        "s3flickr never deletes anything from the source",
    ),
    (
        &["--max-age", "--since", "--min-mtime", "--modified-after"],
        "`s3flickr populate --newer-than` takes later files only",
    ),
    (
        &["--min-age", "--until", "--max-mtime", "--modified-before"],
        "`s3flickr populate --older-than` takes earlier files only",
    ),
    (
        &[
            "--filter",
            "--filter-from",
            "--include-from",
            "--exclude-from",
        ],
        "--include GLOB and --exclude GLOB of populate may be given again; \
         --files-from FILE takes a list of names",
    ),
    (
        &["--endpoint-url", "--endpoint", "--s3-endpoint"],
        "set AWS_ENDPOINT_URL_S3 for S3, and FLICKR_ENDPOINT_URL for a sandbox of Flickr",
    ),
    (
        &["--region", "--source-region", "--s3-region"],
        "set AWS_REGION",
    ),
    (
        &[
            "--access-key",
            "--access-key-id",
            "--secret-key",
            "--credentials-file",
        ],
        "AWS credentials are found as by the AWS CLI: AWS_PROFILE, AWS_ACCESS_KEY_ID, a role",
    ),
    (
        &[
            "--api-key",
            "--key",
            "--api-secret",
            "--token",
            "--user",
            "--server",
        ],
        "`s3flickr login` asks for the keys of Flickr and saves them; \
         FLICKR_API_KEY and its like are read too",
    ),
    (
        &["--config", "--conf", "--config-file"],
        "the config file is ~/.config/s3flickr/config.toml; XDG_CONFIG_HOME moves it, \
         and --profile NAME chooses a part of it",
    ),
    (
        &["--debug", "--trace", "--log-level", "--loglevel", "--log"],
        "-v shows each photo, -vv what happens inside, and --log-file FILE keeps it",
    ),
    (
        &["--progress", "-P", "--stats", "--show-progress"],
        "progress is shown by itself; --no-progress hides it",
    ),
    (
        &["--silent", "--only-show-errors", "--no-verbose"],
        "-q says nothing but errors",
    ),
    (
        &[
            "--no-color",
            "--no-colour",
            "--color",
            "--colour",
            "--no-ui",
        ],
        "NO_COLOR=1 turns colours off",
    ),
    (
        &[
            "--public",
            "--private",
            "--friends",
            "--family",
            "--visibility-level",
            "--acl",
        ],
        "`s3flickr work --privacy private|friends|family|friends-family|public` \
         sets who may see the photos",
    ),
    (
        &[
            "--album",
            "--albums",
            "--into-album",
            "--folder-as-album",
            "--set",
            "--sets",
        ],
        "`s3flickr assign-sets` makes an album of each folder once all is uploaded",
    ),
    (
        &[
            "--yes",
            "-y",
            "--force",
            "-f",
            "--no-prompt",
            "--non-interactive",
        ],
        "this command asks nothing",
    ),
    (
        &["--source", "--src", "--path", "--input", "--dir", "-d"],
        "`s3flickr populate --from s3://BUCKET/PREFIX/` or `--from FOLDER` says what to copy",
    ),
];

/// Commands of the same tools.
const COMMANDS: [(&[&str], &str); 6] = [
    (
        &[
            "sync", "copy", "cp", "upload", "up", "put", "run", "start", "pipe", "import",
            "migrate", "transfer", "backup", "push", "archive",
        ],
        "`s3flickr populate --bucket BUCKET` lists what to copy, then `s3flickr work` copies it",
    ),
    (
        &["mv", "move", "rm", "delete", "del", "purge", "remove"],
        "s3flickr copies, and never deletes anything from the source: populate, then work",
    ),
    (
        &["ls", "list", "lsd", "lsf", "du", "size", "tree"],
        "`s3flickr populate --bucket BUCKET --dry-run -v` names what would be copied; \
         `s3flickr status` says how far it is",
    ),
    (
        &[
            "config",
            "configure",
            "auth",
            "authorize",
            "authenticate",
            "init",
            "setup",
            "signin",
        ],
        "`s3flickr login` sets up the Flickr account; AWS credentials are found as by the AWS CLI",
    ),
    (
        &["check", "verify", "cryptcheck", "diff", "compare"],
        "`s3flickr status` compares what was queued with what was done; \
         `s3flickr failed list` names the rest",
    ),
    (
        &[
            "album", "albums", "set", "sets", "organise", "organize", "stack",
        ],
        "`s3flickr assign-sets` makes an album of each folder",
    ),
];

/// Adds to an error of the command line what was likely meant.
pub fn add(error: &mut clap::Error, command: &Command) {
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => {
            invalid(error, ContextKind::InvalidArg).and_then(|typed| of_option(&typed, command))
        }
        ErrorKind::InvalidSubcommand => {
            invalid(error, ContextKind::InvalidSubcommand).and_then(|typed| of_command(&typed))
        }
        _ => None,
    };
    if let Some(tip) = tip {
        // What only looks alike would lead astray beside it.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
}

fn invalid(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(typed)) => Some(typed.clone()),
        _ => None,
    }
}

fn of_option(typed: &str, command: &Command) -> Option<String> {
    let name = typed.split(['=', ' ']).next().unwrap_or(typed);
    if let Some(name) = name.strip_prefix("--") {
        let spelled = name.replace('_', "-").to_lowercase();
        let owners = owners(command, &spelled);
        if !owners.is_empty() {
            let owners: Vec<String> = owners.iter().map(|owner| format!("`{owner}`")).collect();
            return Some(format!("--{spelled} is an option of {}", owners.join(", ")));
        }
    } else if !name.starts_with('-') {
        return of_place(typed);
    }
    let spelled = name.replace('_', "-");
    find(&OPTIONS, &spelled)
}

/// A store or a queue that was typed without its option.
fn of_place(typed: &str) -> Option<String> {
    if typed.starts_with("sqs://") || typed.starts_with("sqlite:") {
        return Some(format!("a queue is named with --queue {typed}"));
    }
    let is_place = typed.contains("://") || typed.contains('/') || typed.starts_with('.');
    is_place.then(|| format!("what to copy is named with `s3flickr populate --from {typed}`"))
}

fn of_command(typed: &str) -> Option<String> {
    find(&COMMANDS, &typed.to_lowercase()).or_else(|| of_place(typed))
}

fn find<const N: usize>(table: &[(&[&str], &str); N], word: &str) -> Option<String> {
    let found = table.iter().find(|(words, _)| words.contains(&word));
    found.map(|(_, tip)| (*tip).to_owned())
}

/// The commands that have an option of this name: `s3flickr` itself where all have.
fn owners(command: &Command, name: &str) -> Vec<String> {
    let mut owners = Vec::new();
    collect_owners(command, name, command.get_name(), &mut owners);
    owners
}

fn collect_owners(command: &Command, name: &str, words: &str, owners: &mut Vec<String>) {
    let has = |arg: &Arg| {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        !arg.is_hide_set() && (arg.get_long() == Some(name) || aliases.contains(&name))
    };
    if command.get_arguments().any(has) {
        owners.push(words.to_owned());
    }
    for below in command.get_subcommands() {
        let words = format!("{words} {}", below.get_name());
        collect_owners(below, name, &words, owners);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    #[test]
    fn no_tip_is_for_what_exists() {
        let command = command();
        for (word, _) in OPTIONS
            .iter()
            .flat_map(|(words, tip)| words.iter().map(move |w| (w, tip)))
        {
            if let Some(name) = word.strip_prefix("--") {
                let owners = owners(&command, name);
                assert!(owners.iter().all(|owner| owner != "s3flickr"), "{word}");
            }
        }
        for word in COMMANDS.iter().flat_map(|(words, _)| words.iter()) {
            assert!(command.find_subcommand(word).is_none(), "{word} exists");
        }
    }

    #[test]
    fn a_tip_is_found_however_the_word_is_written() {
        let command = command();
        for (typed, says) in [
            ("--dry_run", "--dry-run is an option of"),
            ("--no_clobber", "never uploaded again"),
            ("--bucket", "`s3flickr populate`"),
            ("-r", "all that is below"),
            ("s3://photos/2012", "populate --from s3://photos/2012"),
            ("sqs://photos", "--queue sqs://photos"),
        ] {
            let tip = of_option(typed, &command).unwrap_or_default();
            assert!(tip.contains(says), "{typed}: {tip}");
        }
        assert_eq!(of_option("--colour-blind", &command), None);
        assert!(of_command("SYNC").unwrap().contains("populate"));
    }
}
