//! `login`: the three steps of OAuth, with the user's browser in the middle.

use std::io::stdin;

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use s3flickr::config::{self, Account, ConfigFile, Holder, stray};
use s3flickr::flickr::{Login as OAuth, Rights, Timeouts};
use s3flickr::ops::account;
use s3flickr::queue::Queue;
use s3flickr::stop::Stop;
use secrecy::SecretString;
use serde_json::json;
use tracing::warn;

use crate::connect::{self, CALLS_PER_HOUR, Connector};
use crate::console::Console;
use crate::exit::Exit;
use crate::{question, report};

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
    /// Replace the account that is saved already, without asking
    #[arg(short, long, conflicts_with = "check")]
    pub yes: bool,
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
        // What is asked for in vain is lost: Flickr's code is good for one time.
        connector.config().check_writable()?;
        let endpoint = connect::saved_endpoint()?;
        console.say(&where_saved(connector.config()));
        let (api_key, api_secret) = key(connector.account()?, console).await?;
        let timeouts = Timeouts::default();
        let oauth = OAuth::new(connect::endpoints()?, api_key, api_secret, &timeouts)?;
        let token = oauth.request_token("oob").await?;
        let address = oauth.authorize_url(&token, self.rights());
        console.say(&format!(
            "Open this address, allow s3flickr, and copy the code that Flickr shows:\n\n  {address}\n"
        ));
        open_browser(&address);
        let code = ask(console, "Code: ", "the code that Flickr shows").await?;
        let (credentials, user) = oauth.access_token(token, &code).await?;
        let holder = Holder {
            nsid: Some(user.nsid.clone()),
            name: Some(user.name.clone()),
            endpoint,
        };
        self.may_replace(connector.config(), &holder, console)
            .await?;
        let account = Account {
            api_key: Some(credentials.api_key),
            api_secret: Some(credentials.api_secret),
            token: Some(credentials.token.into()),
            token_secret: Some(credentials.token_secret),
            unused: None,
        };
        connector.config().save(&account, &holder)?;
        warn_of_variables();
        let path = connector.config().save_path().display().to_string();
        let text = format!(
            "logged in as {} ({}); saved in {path}",
            user.name, user.nsid
        );
        let document = json!({ "nsid": user.nsid, "name": user.name, "saved_in": path });
        console.result(&document, &text);
        Ok(Exit::Well)
    }

    fn rights(&self) -> Rights {
        if self.allow_delete {
            Rights::Delete
        } else {
            Rights::Write
        }
    }

    /// Asks before another account's token is overwritten; fails where that is not wanted.
    async fn may_replace(
        &self,
        config: &ConfigFile,
        new: &Holder,
        console: &Console,
    ) -> Result<()> {
        let Some(old) = config.holder() else {
            return Ok(());
        };
        // A file of an earlier version does not say whose token it holds.
        let is_same = old.endpoint == new.endpoint && (old.nsid == new.nsid || old.nsid.is_none());
        if self.yes || is_same {
            return Ok(());
        }
        let path = config.save_path().display();
        let replace = format!("{path} holds the login of {old}. Replace it by {new}? [y/N] ");
        if question::confirm(console, &replace)
            .await
            .unwrap_or_default()
        {
            return Ok(());
        }
        bail!(
            "nothing was saved, for {path} holds the login of {old}: \
             `s3flickr login --yes` replaces it, `s3flickr --profile NAME login` keeps both"
        )
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

/// Where the login will be saved, and what is there.
fn where_saved(config: &ConfigFile) -> String {
    let path = config.save_path().display();
    let table = match config.profile() {
        Some(profile) => format!(" as [profile.{profile}.flickr]"),
        None => String::new(),
    };
    match config.holder() {
        Some(holder) => {
            format!("The login will be saved in {path}{table}, which holds that of {holder}.")
        }
        None => format!("The login will be saved in {path}{table}."),
    }
}

/// Variables go before what is saved, which their user may have forgotten.
fn warn_of_variables() {
    let set = ["FLICKR_OAUTH_TOKEN", "FLICKR_OAUTH_TOKEN_SECRET"]
        .into_iter()
        .find(|name| config::variable(name).is_some());
    if let Some(name) = set {
        warn!("{name} is set and will be used in place of this login, until it is unset");
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
        None => ask_key(console, "API key: ", "the API key", "FLICKR_API_KEY").await?,
    };
    let api_secret = match account.api_secret {
        Some(secret) => secret,
        None => {
            let _hidden = Hidden::start();
            ask_key(
                console,
                "API secret: ",
                "the API secret",
                "FLICKR_API_SECRET",
            )
            .await?
            .into()
        }
    };
    Ok((api_key, api_secret))
}

/// Reads a key, which has letters and digits only.
async fn ask_key(console: &Console, prompt: &str, what: &str, variable: &str) -> Result<String> {
    let key = ask(console, prompt, &format!("{what} (or set {variable})")).await?;
    match stray::in_key(&key) {
        Some(problem) => bail!("{what} {problem}: type it again without that"),
        None => Ok(key),
    }
}

/// Reads a line from a person or a pipe.
async fn ask(console: &Console, prompt: &str, what: &str) -> Result<String> {
    let line = question::ask(console, prompt).await;
    match line.with_context(|| format!("cannot read {what}"))? {
        line if line.is_empty() => bail!("{what} is missing: nothing was typed"),
        line => Ok(line),
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

/// Opens the browser where there is a screen; over ssh, or without one, the address is enough.
fn open_browser(address: &str) {
    let is_set = |name: &str| config::variable(name).is_some();
    let has_screen = match std::env::consts::OS {
        "macos" => !is_set("SSH_CONNECTION"),
        _ => is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
    };
    if has_screen {
        // That no browser opened shows by itself.
        let _ = webbrowser::open(address);
    }
}
