//! `login`: the three steps of OAuth, with the user's browser in the middle.

use std::io::{IsTerminal, Write, stderr, stdin};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use s3flickr::config::Account;
use s3flickr::flickr::{Login as OAuth, Rights, Timeouts};
use s3flickr::ops::account;
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;
use secrecy::SecretString;
use serde_json::json;

use crate::connect::{self, CALLS_PER_HOUR, Connector};
use crate::console::Console;
use crate::exit::Exit;
use crate::report;

/// Where a key is made.
const KEYS: &str = "https://www.flickr.com/services/apps/create/";

/// `login`
#[derive(Debug, clap::Args)]
pub struct Login {
    /// Only say whose account it is, and with which rights
    #[arg(long)]
    pub check: bool,
    /// Ask for the right to delete photos too, which only `assign-sets --delete-duplicates` needs
    #[arg(long, conflicts_with = "check")]
    pub allow_delete: bool,
    /// The queue whose fleet the calls of --check are counted with, as the config file may name it
    #[arg(long, value_name = "QUEUE", hide = true)]
    pub queue: Option<String>,
}

impl Login {
    /// Leads the user through the three steps, and saves what comes of them.
    pub async fn run(self, mut connector: Connector, console: &Console) -> Result<Exit> {
        if self.check {
            return self.check(&connector, console).await;
        }
        let (api_key, api_secret) = key(connector.account(), console).await?;
        let timeouts = Timeouts::default();
        let oauth = OAuth::new(connect::endpoints()?, api_key, api_secret, &timeouts)?;
        let token = oauth.request_token("oob").await?;
        let rights = if self.allow_delete {
            Rights::Delete
        } else {
            Rights::Write
        };
        let address = oauth.authorize_url(&token, rights);
        console.say(&format!(
            "Open this address, allow s3flickr, and copy the code that Flickr shows:\n\n  {address}\n"
        ));
        open_browser(&address);
        let code = ask("Code: ", "the code that Flickr shows").await?;
        let (credentials, user) = oauth.access_token(token, &code).await?;
        connector.save(&Account {
            api_key: Some(credentials.api_key),
            api_secret: Some(credentials.api_secret),
            token: Some(credentials.token.into()),
            token_secret: Some(credentials.token_secret),
        })?;
        let text = format!("logged in as {} ({})", user.name, user.nsid);
        console.result(&json!({ "nsid": user.nsid, "name": user.name }), &text);
        Ok(Exit::Well)
    }

    /// Says whose account it is.
    async fn check(&self, connector: &Connector, console: &Console) -> Result<Exit> {
        // First all that may be wrong with the user's side, then the services.
        connector.check_account()?;
        // Its few calls are the key's too. A queue that is not there yet has no fleet.
        let queue = match &self.queue {
            Some(queue) => Queue::open(queue).await.ok(),
            None => None,
        };
        let budget = connector
            .budget(queue.as_ref(), CALLS_PER_HOUR, &Stop::new())
            .await?;
        let owner = account::owner(&connector.flickr(budget)?).await?;
        let mut text = format!(
            "{} ({}), with the right to {}",
            owner.name, owner.nsid, owner.rights
        );
        match (owner.photos, owner.photos_limit) {
            (Some(photos), Some(limit)) => {
                text.push_str(&format!(
                    "\nit holds {photos} of the {limit} photos that it may"
                ));
            }
            (Some(photos), None) => text.push_str(&format!("\nit holds {photos} photos")),
            (None, _) => {}
        }
        console.result(&report::document(&owner)?, &text);
        Ok(Exit::Well)
    }
}

/// The application's key and secret: those that are set, else what is typed.
async fn key(account: Account, console: &Console) -> Result<(String, SecretString)> {
    if account.api_key.is_none() || account.api_secret.is_none() {
        console.say(&format!(
            "You need an API key of your own (Flickr may ask for a Pro account): {KEYS}"
        ));
    }
    let api_key = match account.api_key {
        Some(key) => key,
        None => ask("API key: ", "the API key (or set FLICKR_API_KEY)").await?,
    };
    let api_secret = match account.api_secret {
        Some(secret) => secret,
        None => {
            let _hidden = Hidden::start();
            ask("API secret: ", "the API secret (or set FLICKR_API_SECRET)")
                .await?
                .into()
        }
    };
    Ok((api_key, api_secret))
}

/// Reads a line from whoever is there: a person, or a pipe.
async fn ask(prompt: &str, what: &str) -> Result<String> {
    if stdin().is_terminal() {
        let mut out = stderr().lock();
        write!(out, "{prompt}")
            .and_then(|()| out.flush())
            .context("cannot ask")?;
    }
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).map(|_| line)
    });
    let line = read.await?.with_context(|| format!("cannot read {what}"))?;
    match line.trim() {
        "" => bail!("{what} is missing: nothing was typed"),
        text => Ok(text.to_owned()),
    }
}

/// While it lives, the terminal does not show what is typed; where there is none, nothing is
/// changed. A signal that ends the command drops it, too.
struct Hidden(Termios);

impl Hidden {
    fn start() -> Option<Hidden> {
        let before = tcgetattr(stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The end of the line is still shown, so that what comes next has its own.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Now, &hidden).ok()?;
        Some(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// Opens the browser where there is one; over ssh, or without a screen, the address is enough.
fn open_browser(address: &str) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = match std::env::consts::OS {
        "macos" if !is_set("SSH_CONNECTION") => "open",
        _ if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") => "xdg-open",
        _ => return,
    };
    // That no browser opened shows by itself.
    let _ = Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
