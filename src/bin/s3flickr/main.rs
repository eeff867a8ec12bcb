//! The command line of s3flickr: reads what was typed, runs one operation, prints its result.

mod args;
mod console;
mod defaults;
mod demo;
mod descriptors;
mod exit;
mod limits;
mod lock;
mod login;
mod migrate;
mod outage;
mod precedence;
mod progress;
mod report;
mod run;
mod sandbox;
mod services;
mod signals;
mod watch;

use std::io::{IsTerminal, stderr};

use s3flickr::config::{ConfigFile, Folders};

use crate::console::Console;
use crate::exit::Exit;

fn main() -> Exit {
    descriptors::raise_limit();
    let (cli, config, folders) = match read() {
        Ok(read) => read,
        Err(error) => {
            console::complain(&error);
            return Exit::Usage;
        }
    };
    if cli.output.allow_plain_http {
        s3flickr::aws::allow_plain_http();
    }
    let console = Console::new(&cli.output, stderr().is_terminal());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            console::complain(&error.into());
            return Exit::Failed;
        }
    };
    let ended = runtime.block_on(run::run(cli, config, folders, &console));
    // A thread that waits for a line of the terminal must not keep the process.
    runtime.shutdown_background();
    console.finish();
    ended.unwrap_or_else(|error| {
        console::complain(&error);
        Exit::Failed
    })
}

fn read() -> anyhow::Result<(args::Cli, ConfigFile, Folders)> {
    let folders = Folders::of_user()?;
    let config = ConfigFile::read(&folders.config_file())?;
    Ok((defaults::parse(&config)?, config, folders))
}
