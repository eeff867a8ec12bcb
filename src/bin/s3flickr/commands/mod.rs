//! The verbs. One file each: what may be typed, and how it runs.

mod completions;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod failed;
mod filter_options;
mod login;
mod man;
mod populate;
mod s3_options;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sets;
mod sets_lock;
mod status;
#[cfg(not(feature = "sandbox"))]
mod without_sandbox;
mod work;

use anyhow::Result;
use s3flickr::{flickr, ops, store};

use crate::connect::Connector;
use crate::console::Console;
use crate::exit::Exit;
use crate::signals::asked_to_end;

/// The verbs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Allow s3flickr to use your Flickr account
    Login(login::Login),
    /// List the photos of a bucket or folder and put them on a queue
    Populate(populate::Populate),
    /// Copy what is queued to Flickr, on as many machines as you like
    Work(work::Work),
    /// Show how far a queue is
    Status(status::Status),
    /// Put the photos into albums named after their folders
    AssignSets(sets::AssignSets),
    /// List the photos that failed, or try them again
    #[command(subcommand)]
    Failed(failed::Failed),
    /// Make one album of all albums of one title
    MergeSets(sets::MergeSets),
    /// Check all that a run needs
    Doctor(doctor::Doctor),
    /// Show the whole migration on the example photos
    #[cfg(feature = "sandbox")]
    Demo(demo::Demo),
    /// Run a stand-in for Flickr on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Sandbox),
    /// Is not in this build
    #[cfg(not(feature = "sandbox"))]
    #[command(hide = true, alias = "demo")]
    Sandbox(without_sandbox::WithoutSandbox),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Print the manual page, or write all of them to a folder
    Man(man::Man),
}

impl Command {
    /// Runs the verb to its end. `command` is the whole command line, for what describes it.
    pub async fn run(
        self,
        command: clap::Command,
        connector: Connector,
        console: &Console,
    ) -> Result<Exit> {
        let ended = match self {
            Command::Populate(verb) => verb.run(&connector, console).await,
            Command::Work(verb) => verb.run(&connector, console).await,
            Command::AssignSets(verb) => verb.run(&connector, console).await,
            Command::MergeSets(verb) => verb.run(&connector, console).await,
            Command::Status(verb) => until_signal(verb.run(&connector, console), console).await,
            Command::Failed(verb) => until_signal(verb.run(&connector, console), console).await,
            Command::Login(verb) => until_signal(verb.run(connector, console), console).await,
            Command::Doctor(verb) => until_signal(verb.run(&connector, console), console).await,
            #[cfg(feature = "sandbox")]
            Command::Sandbox(verb) => verb.run(console).await,
            #[cfg(feature = "sandbox")]
            Command::Demo(verb) => verb.run(console).await,
            #[cfg(not(feature = "sandbox"))]
            Command::Sandbox(verb) => Ok(verb.run(console)),
            Command::Completions(verb) => verb.run(command, console),
            Command::Man(verb) => verb.run(command, console),
        };
        match ended {
            // A call would have had to be waited for when a signal came.
            Err(error) if is_draining(&error) => Ok(Exit::Stopped),
            ended => ended,
        }
    }
}

/// Runs a verb that a signal ends at once: each of its steps stands by itself.
async fn until_signal(
    command: impl Future<Output = Result<Exit>>,
    console: &Console,
) -> Result<Exit> {
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
        Some(ops::Error::Store(store::Error::Draining)) => true,
        _ => error.downcast_ref().is_some_and(draining),
    }
}
