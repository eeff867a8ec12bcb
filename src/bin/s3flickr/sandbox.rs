//! `sandbox`: a stand-in for Flickr on this machine, until Ctrl-C.

use anyhow::{Context, Result};
use s3flickr::sandbox::{self, Fault, Options};
use serde_json::{Map, Value};

use crate::args;
use crate::console::Console;
use crate::exit::Exit;
use crate::signals::stop_on_signals;

/// `sandbox`
pub async fn sandbox(args: args::Sandbox, console: &Console) -> Result<Exit> {
    let faults: Vec<Fault> = match &args.faults {
        None => Vec::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_str(&text)
                .with_context(|| format!("{} is no script of faults", path.display()))?
        }
    };
    let options = Options {
        listen: args.listen,
        dir: args.dir,
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
    let stop = stop_on_signals(console);
    tokio::select! {
        () = stop.draining() => {}
        () = sandbox.finished() => anyhow::bail!("the sandbox ended by itself"),
    }
    sandbox.stop().await;
    Ok(Exit::Well)
}

/// The lines that point a shell at a sandbox.
pub fn exports(environment: &[(&str, String)]) -> String {
    let lines: Vec<String> = environment
        .iter()
        .map(|(name, value)| format!("export {name}={value}"))
        .collect();
    lines.join("\n")
}
