//! The command line of s3flickr: reads what was typed, runs one operation, prints its result.

mod cli;
mod commands;
mod connect;
mod console;
mod descriptors;
mod exit;
mod parse;
mod progress;
mod report;
mod screen;
mod signals;

use std::io::{IsTerminal, stderr};

use s3flickr::config::{ConfigFile, Folders};

use crate::connect::Connector;
use crate::console::Console;
use crate::exit::Exit;

fn main() -> Exit {
    descriptors::raise_limit();
    let (cli, connector) = match read() {
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
    let ended = runtime.block_on(cli.command.run(connector, &console));
    // A thread that waits for a line of the terminal must not keep the process.
    runtime.shutdown_background();
    console.finish();
    ended.unwrap_or_else(|error| {
        console::complain(&error);
        Exit::Failed
    })
}

fn read() -> anyhow::Result<(cli::Cli, Connector)> {
    let folders = Folders::of_user()?;
    let config = ConfigFile::read(&folders.config_file())?;
    Ok((cli::parse(&config)?, Connector::new(config, folders)))
}
