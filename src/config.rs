//! The user's folders, the config file, and whose Flickr account it is.
//!
//! `config.toml` holds defaults for options (`queue = "sqs://photos"`, `transfers = 8`) and, in
//! `[flickr]`, the keys that `login` saved. It may hold secrets, so it is refused when others
//! can read it.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use secrecy::{ExposeSecret, SecretString};
use toml_edit::{DocumentMut, Item, Table, value};

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
    #[error("{path} cannot be understood: {detail}")]
    Malformed {
        /// The file.
        path: String,
        /// Where and why.
        detail: String,
    },
    /// Keys of Flickr are missing.
    #[error(
        "no Flickr account is set up: run `s3flickr login`, \
         or set FLICKR_API_KEY, FLICKR_API_SECRET, FLICKR_OAUTH_TOKEN and FLICKR_OAUTH_TOKEN_SECRET \
         (missing: {0})"
    )]
    NoAccount(String),
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

/// The keys of one Flickr account; any of them may be missing yet. Prints no secret.
#[derive(Clone, Default)]
pub struct Account {
    /// The application's key.
    pub api_key: Option<String>,
    /// The application's secret.
    pub api_secret: Option<SecretString>,
    /// The account's token; as good as a secret.
    pub token: Option<SecretString>,
    /// The token's secret.
    pub token_secret: Option<SecretString>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

const KEYS: [(&str, &str); 4] = [
    ("api_key", "FLICKR_API_KEY"),
    ("api_secret", "FLICKR_API_SECRET"),
    ("oauth_token", "FLICKR_OAUTH_TOKEN"),
    ("oauth_token_secret", "FLICKR_OAUTH_TOKEN_SECRET"),
];

/// The config file, read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Reads the file; one that is not there counts as empty.
    pub fn read(path: &Path) -> Result<ConfigFile, Error> {
        let io = |error: std::io::Error| Error::Io {
            path: path.display().to_string(),
            detail: error.to_string(),
        };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io(error)),
        };
        if !text.is_empty() {
            let mode = fs::metadata(path).map_err(io)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(Error::Readable(path.display().to_string()));
            }
        }
        let document = text
            .parse::<DocumentMut>()
            .map_err(|error| Error::Malformed {
                path: path.display().to_string(),
                // Its own text is several lines with the file's text, which may hold a secret.
                detail: error.message().to_owned(),
            })?;
        Ok(ConfigFile {
            path: path.to_owned(),
            document,
        })
    }

    /// The defaults for options: name and values, in the file's order.
    pub fn options(&self) -> Vec<(String, Vec<String>)> {
        let options = self.document.iter().filter(|(name, _)| *name != "flickr");
        options
            .map(|(name, item)| (name.to_owned(), texts(item)))
            .collect()
    }

    /// The account: what the environment says, else what the file does.
    pub fn account(&self) -> Account {
        let [api_key, api_secret, token, token_secret] = KEYS.map(|(name, variable)| {
            let set = std::env::var(variable).ok().filter(|text| !text.is_empty());
            set.or_else(|| {
                self.document
                    .get("flickr")?
                    .get(name)?
                    .as_str()
                    .map(str::to_owned)
            })
        });
        Account {
            api_key,
            api_secret: api_secret.map(SecretString::from),
            token: token.map(SecretString::from),
            token_secret: token_secret.map(SecretString::from),
        }
    }

    /// Saves an account's keys, readable by this user alone; the rest of the file stays as it is.
    pub fn save(&mut self, account: &Account) -> Result<(), Error> {
        let table = self
            .document
            .entry("flickr")
            .or_insert(Item::Table(Table::new()));
        let secret = |secret: &Option<SecretString>| {
            secret
                .as_ref()
                .map(|secret| secret.expose_secret().to_owned())
        };
        let values = [
            account.api_key.clone(),
            secret(&account.api_secret),
            secret(&account.token),
            secret(&account.token_secret),
        ];
        for ((name, _), text) in KEYS.iter().zip(values) {
            if let Some(text) = text {
                table[name] = value(text);
            }
        }
        write_private(&self.path, &self.document.to_string()).map_err(|error| Error::Io {
            path: self.path.display().to_string(),
            detail: error.to_string(),
        })
    }
}

impl Account {
    /// The names of the variables that are still missing, or nothing.
    pub fn missing(&self) -> Option<String> {
        let there = [
            self.api_key.is_some(),
            self.api_secret.is_some(),
            self.token.is_some(),
            self.token_secret.is_some(),
        ];
        let missing: Vec<&str> = KEYS
            .iter()
            .zip(there)
            .filter(|(_, there)| !there)
            .map(|((_, variable), _)| *variable)
            .collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

fn texts(item: &Item) -> Vec<String> {
    let text = |value: &toml_edit::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string().trim().to_owned(),
    };
    match item.as_array() {
        Some(array) => array.iter().map(text).collect(),
        None => item.as_value().map(text).into_iter().collect(),
    }
}

/// Writes beside the file and renames, so that a crash leaves the old one or the new one.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("toml.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saving_keeps_the_rest_of_the_file_and_is_readable_by_the_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/config.toml");
        let mut file = ConfigFile::read(&path).unwrap();
        file.document = "# mine\ntransfers = 8\ninclude = [\"*.jpg\", \"*.png\"]\n"
            .parse()
            .unwrap();
        let account = Account {
            token: Some("t".to_owned().into()),
            ..Account::default()
        };
        file.save(&account).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let again = ConfigFile::read(&path).unwrap();
        assert!(again.document.to_string().starts_with("# mine\n"));
        let options = [
            ("transfers".to_owned(), vec!["8".to_owned()]),
            (
                "include".to_owned(),
                vec!["*.jpg".to_owned(), "*.png".to_owned()],
            ),
        ];
        assert_eq!(again.options(), options);
        assert_eq!(again.account().token.unwrap().expose_secret(), "t");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "queue = \"x\"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = ConfigFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn an_account_prints_no_secret_and_says_what_is_missing() {
        let account = Account {
            api_key: Some("key".into()),
            api_secret: Some("hush".to_owned().into()),
            ..Account::default()
        };
        assert!(!format!("{account:?}").contains("hush"));
        assert_eq!(
            account.missing().unwrap(),
            "FLICKR_OAUTH_TOKEN, FLICKR_OAUTH_TOKEN_SECRET"
        );
    }
}
