//! `sandbox`: a stand-in for Flickr on this machine, until Ctrl-C.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use s3flickr::sandbox::{self, Fault, Options};
use serde_json::{Map, Value};

use crate::console::Console;
use crate::exit::Exit;
use crate::signals::asked_to_end;

/// `sandbox`
#[derive(Debug, clap::Args)]
pub struct Sandbox {
    /// The address to listen on; only this machine's own
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8765")]
    pub listen: SocketAddr,
    /// The folder that keeps photos and sets [default: one that goes when it ends]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A file with a script of faults, as JSON
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

impl Sandbox {
    /// Runs it until a signal.
    pub async fn run(self, console: &Console) -> Result<Exit> {
        let faults: Vec<Fault> = match &self.faults {
            None => Vec::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_str(&text)
                    .with_context(|| format!("{} is no script of faults", path.display()))?
            }
        };
        let options = Options {
            listen: self.listen,
            dir: self.dir,
            faults,
            ..Options::default()
        };
        let mut sandbox = sandbox::start(options).await?;
        let environment = sandbox.environment();
        let document: Map<String, Value> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())))
            .collect();
        console.result(&document, &exports(&environment));
        console.say(&format!(
            "\nThe gallery is at {}/  -  type the lines above into another terminal, \
             then use s3flickr there. Ctrl-C ends the sandbox.",
            sandbox.base_url()
        ));
        tokio::select! {
            () = asked_to_end() => {}
            () = sandbox.finished() => anyhow::bail!("the sandbox ended by itself"),
        }
        sandbox.stop().await;
        Ok(Exit::Well)
    }
}

/// The lines that point a shell at a sandbox.
pub fn exports(environment: &[(&str, String)]) -> String {
    let lines: Vec<String> = environment
        .iter()
        .map(|(name, value)| format!("export {name}={value}"))
        .collect();
    lines.join("\n")
}
