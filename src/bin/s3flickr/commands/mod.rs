//! The verbs. One file each: what may be typed, and how it runs.

mod completions;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod failed;
mod filter_options;
mod login;
mod populate;
#[cfg(feature = "sandbox")]
mod s3_options;
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
    /// List the photos of a bucket or folder and put one message a photo on the queue
    Populate(populate::Populate),
    /// Copy what is on the queue to Flickr; start it on as many machines as you like
    Work(work::Work),
    /// Put the uploaded photos into sets named after their folders; run it once, on one machine
    AssignSets(sets::AssignSets),
    /// Make one set of all sets of one title; run it once, on one machine
    MergeSets(sets::MergeSets),
    /// Show how far a queue is
    Status(status::Status),
    /// Look at the photos that failed, or try them again
    #[command(subcommand)]
    Failed(failed::Failed),
    /// Allow s3flickr to use a Flickr account
    Login(login::Login),
    /// Check keys, rights, queue, source and machine, and say how to mend what is wrong
    Doctor(doctor::Doctor),
    /// Run a stand-in for Flickr on this machine, to rehearse on
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Sandbox),
    /// Show the whole migration on the example photos, without any account
    #[cfg(feature = "sandbox")]
    Demo(demo::Demo),
    /// Is not in this build
    #[cfg(not(feature = "sandbox"))]
    #[command(hide = true, alias = "demo")]
    Sandbox(without_sandbox::WithoutSandbox),
    /// Print the completion script of a shell
    #[command(hide = true)]
    Completions(completions::Completions),
}

impl Command {
    /// Runs the verb to its end.
    pub async fn run(self, connector: Connector, console: &Console) -> Result<Exit> {
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
            Command::Sandbox(verb) => Ok(verb.run()),
            Command::Completions(verb) => verb.run(console),
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
