//! The command line of s3flickr: reads what was typed, runs one operation, prints its result.

mod cli;
mod commands;
mod connect;
mod console;
mod descriptors;
mod events;
mod exit;
mod help;
mod log;
mod options;
mod parse;
mod progress;
mod question;
mod report;
mod screen;
mod signals;

use std::io::{IsTerminal, stderr};

use crate::console::Console;
use crate::exit::Exit;

fn main() -> Exit {
    descriptors::raise_limit();
    s3flickr::tls::install();
    let (cli, connector) = match cli::read() {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    if cli.output.allow_plain_http {
        s3flickr::aws::allow_plain_http();
    }
    let console = match Console::new(&cli.output, stderr().is_terminal()) {
        Ok(console) => console,
        Err(error) => {
            log::early_error(cli.output.log_format, &format!("{error:#}"));
            return Exit::Failed;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(cli.command.run(cli::command(), connector, &console));
        // A thread that waits for a line of the terminal must not keep the process.
        runtime.shutdown_background();
        ended
    });
    let ended = ended.and_then(|exit| console.finish().map(|()| exit));
    ended.unwrap_or_else(|error| {
        console.complain(&error);
        Exit::of(&error)
    })
}
