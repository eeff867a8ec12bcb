//! From a command to its operation and its result.

use anyhow::Result;
use clap::CommandFactory;
use s3flickr::config::{ConfigFile, Folders};
use s3flickr::flickr::{self, Budget, Client};
use s3flickr::model::flickr::name::SetName;
use s3flickr::ops;
use s3flickr::ops::sets::{self, AssignOptions, SetsSummary};
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;

use crate::args::{AssignSets, Cli, Command, MergeSets, SetNaming};
use crate::console::Console;
use crate::exit::Exit;
use crate::lock::OrganiseLock;
use crate::signals::{asked_to_end, stop_on_signals};
use crate::{demo, login, migrate, report, sandbox, services};

/// Runs one command.
pub async fn run(
    cli: Cli,
    config: ConfigFile,
    folders: Folders,
    console: &Console,
) -> Result<Exit> {
    let ended = match cli.command {
        Command::Populate(args) => migrate::populate(args, &config, &folders, console).await,
        Command::Work(args) => migrate::work(args, &config, &folders, console).await,
        Command::Status(args) => or_signal(migrate::status(args, &folders, console), console).await,
        Command::Failed(args) => or_signal(migrate::failed(args, &folders, console), console).await,
        Command::AssignSets(args) => assign_sets(&args, &config, &folders, console).await,
        Command::MergeSets(args) => merge_sets(&args, &config, &folders, console).await,
        Command::Login(args) => {
            or_signal(login::login(&args, config, &folders, console), console).await
        }
        Command::Sandbox(args) => sandbox::sandbox(args, console).await,
        Command::Demo(args) => demo::demo(args, console).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "s3flickr", &mut script);
            console.line(String::from_utf8_lossy(&script).trim_end());
            Ok(Exit::Well)
        }
    };
    match ended {
        // A call would have had to be waited for when a signal came.
        Err(error) if is_draining(&error) => Ok(Exit::Stopped),
        ended => ended,
    }
}

/// A command that a signal ends at once: each of its steps stands by itself.
async fn or_signal(command: impl Future<Output = Result<Exit>>, console: &Console) -> Result<Exit> {
    tokio::select! {
        ended = command => ended,
        () = asked_to_end() => {
            console.say("stopped; what was done so far stays done");
            Ok(Exit::Stopped)
        }
    }
}

fn is_draining(error: &anyhow::Error) -> bool {
    let mut cause = error.downcast_ref::<ops::Error>();
    while let Some(ops::Error::Midway { cause: inner, .. }) = cause {
        cause = Some(inner);
    }
    let draining = |error: &flickr::Error| matches!(error, flickr::Error::Draining);
    match cause {
        Some(ops::Error::Flickr(error)) => draining(error),
        _ => error.downcast_ref().is_some_and(draining),
    }
}

async fn assign_sets(
    args: &AssignSets,
    config: &ConfigFile,
    folders: &Folders,
    console: &Console,
) -> Result<Exit> {
    let stop = stop_on_signals(console);
    let (queue, pace) = (args.queue.as_deref(), args.calls_per_hour);
    let _alone = OrganiseLock::take(folders)?;
    let flickr = client(queue, pace, config, folders, &stop).await?;
    let options = AssignOptions {
        naming: match args.set_name {
            SetNaming::Path => SetName::Path,
            SetNaming::Leaf => SetName::Leaf,
        },
        dry_run: args.dry_run,
        read_all: args.read_all,
        delete_duplicates: args.delete_duplicates,
    };
    let summary = sets::assign_sets(&flickr, options, &stop, console).await?;
    let (document, text) = report::assigned(&summary, args.dry_run);
    console.result(&document, &text);
    Ok(exit(&summary))
}

async fn merge_sets(
    args: &MergeSets,
    config: &ConfigFile,
    folders: &Folders,
    console: &Console,
) -> Result<Exit> {
    let stop = stop_on_signals(console);
    let (queue, pace) = (args.queue.as_deref(), args.calls_per_hour);
    let _alone = OrganiseLock::take(folders)?;
    let flickr = client(queue, pace, config, folders, &stop).await?;
    let summary = sets::merge_sets(&flickr, args.dry_run, &stop, console).await?;
    let (document, text) = report::merged(&summary, args.dry_run);
    console.result(&document, &text);
    Ok(exit(&summary))
}

/// A client whose calls come out of the budget of a queue's fleet, or of this machine's own.
async fn client(
    queue: Option<&str>,
    calls_per_hour: u32,
    config: &ConfigFile,
    folders: &Folders,
    stop: &Stop,
) -> Result<Client> {
    // First what may be wrong with the user's side, then the queue.
    services::flickr(config, Budget::unlimited())?;
    let queue = match queue {
        Some(place) => Some(Queue::open(place).await?),
        None => None,
    };
    let budget =
        services::budget_for(queue.as_ref(), calls_per_hour, config, folders, stop).await?;
    services::flickr(config, budget)
}

fn exit(summary: &SetsSummary) -> Exit {
    if summary.stopped {
        Exit::Stopped
    } else if !summary.refused.is_empty() || !summary.unlisted.is_empty() {
        Exit::SomeFailed
    } else {
        Exit::Well
    }
}
