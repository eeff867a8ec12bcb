//! The user's folders, the config file, and whose Flickr account it is.
//!
//! `config.toml` holds defaults for options (`queue = "sqs://photos"`, `transfers = 8`), in
//! `[profile.NAME]` others that `--profile NAME` puts before them, and in `[flickr]` what `login`
//! saved. It may hold secrets, so it is refused when others can read it.

mod account;
mod file;
mod keys;
mod saved;
pub mod stray;

use std::path::PathBuf;

use etcetera::BaseStrategy;

pub use self::account::{Account, Holder};
pub use self::file::{ConfigFile, Setting};

/// The name of the user's folders for this program.
const NAME: &str = "s3flickr";

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user has no home folder.
    #[error("no home folder is known: set HOME")]
    NoHome,
    /// A file or folder cannot be read or written.
    #[error("{path}: {detail}")]
    Io {
        /// Which one.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// Others can read a file with secrets.
    #[error("{0} can be read by others, and it may hold keys: run `chmod 600 {0}`")]
    Readable(String),
    /// It is no TOML.
    #[error("{path} line {line} cannot be understood: {detail}")]
    Malformed {
        /// The file.
        path: String,
        /// Where.
        line: usize,
        /// Why.
        detail: String,
    },
    /// Keys of the file mean nothing, or have no value that an option can have.
    #[error("{path} {}", problems.join("; "))]
    Keys {
        /// The file.
        path: String,
        /// One text for each key: `line 3: "tranfers" is no option ...`.
        problems: Vec<String>,
    },
    /// The file has no profile of that name.
    #[error(
        "no profile {name:?} in {path}{}; `s3flickr --profile {name} login` makes it, \
         and AWS credentials of that name are chosen with AWS_PROFILE={name}",
        there_are(known)
    )]
    NoProfile {
        /// The profile that was asked for.
        name: String,
        /// The file.
        path: String,
        /// The profiles that it has.
        known: Vec<String>,
    },
    /// Keys of Flickr are missing.
    #[error(
        "no Flickr account is set up: run `s3flickr login`, \
         or set FLICKR_API_KEY, FLICKR_API_SECRET, FLICKR_OAUTH_TOKEN and FLICKR_OAUTH_TOKEN_SECRET \
         (missing: {missing}){}",
        unused.as_ref().map(|why| format!("; {why}")).unwrap_or_default()
    )]
    NoAccount {
        /// The variables that are not set.
        missing: String,
        /// Why what the file holds is not used, where it holds any.
        unused: Option<String>,
    },
    /// A key has a character that belongs to a shell, an editor or a file of variables.
    #[error("{name} {problem}: remove it")]
    Stray {
        /// The variable, or the key and its file.
        name: String,
        /// Where the character is, and which.
        problem: String,
    },
}

fn there_are(profiles: &[String]) -> String {
    match profiles {
        [] => String::new(),
        known => format!(" (there are: {})", known.join(", ")),
    }
}

/// Where this user's configuration and data are.
#[derive(Debug, Clone)]
pub struct Folders {
    /// `~/.config/s3flickr`, or as `XDG_CONFIG_HOME` says.
    pub config: PathBuf,
    /// `~/.local/share/s3flickr`, or as `XDG_DATA_HOME` says.
    pub data: PathBuf,
}

impl Folders {
    /// The folders of the user who runs this process; they may not exist yet.
    pub fn of_user() -> Result<Folders, Error> {
        let base = etcetera::choose_base_strategy().map_err(|_| Error::NoHome)?;
        Ok(Folders {
            config: base.config_dir().join(NAME),
            data: base.data_dir().join(NAME),
        })
    }

    /// The queue of a user who names none: a SQLite file in the data folder.
    pub fn default_queue(&self) -> String {
        format!("sqlite:{}", self.data.join("queue.db").display())
    }

    /// The config file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// The variable's value; an empty one is unset.
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}
