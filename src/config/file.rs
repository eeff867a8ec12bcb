//! The config file: read, and written by `login` alone.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use toml_edit::{Document, DocumentMut, Item, Table, TableLike, value};

use super::account::{Account, Holder, KEYS};
use super::{Error, Folders, variable};

/// The config file, read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    path: PathBuf,
    /// Where `login` saves: a credential of systemd cannot be written.
    save_path: PathBuf,
    /// With the places of its keys.
    pub(super) document: Document<String>,
    profile: Option<String>,
}

/// One option that the file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The option's name, as it is typed: `calls-per-hour`.
    pub name: String,
    /// Its values; several where an option may be given again.
    pub values: Vec<String>,
    /// The line of the file, from 1.
    pub line: usize,
    /// Whether it stands in the chosen profile, which goes before what stands outside.
    pub in_profile: bool,
}

impl ConfigFile {
    /// The user's file: `$CREDENTIALS_DIRECTORY/s3flickr.toml` where systemd made one, whose mode
    /// is systemd's business; else `config.toml`, which others must not be able to read.
    pub fn of_user(folders: &Folders) -> Result<ConfigFile, Error> {
        let save_path = folders.config_file();
        let credential = variable("CREDENTIALS_DIRECTORY")
            .map(|folder| Path::new(&folder).join("s3flickr.toml"))
            .filter(|path| path.exists());
        match credential {
            Some(path) => {
                let text = fs::read_to_string(&path).map_err(|error| io(&path, &error))?;
                ConfigFile::parse(path, save_path, text)
            }
            None => ConfigFile::read(&save_path),
        }
    }

    /// Reads the file; one that is not there counts as empty.
    pub fn read(path: &Path) -> Result<ConfigFile, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io(path, &error)),
        };
        if !text.is_empty() {
            let metadata = fs::metadata(path).map_err(|error| io(path, &error))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(Error::Readable(path.display().to_string()));
            }
        }
        ConfigFile::parse(path.to_owned(), path.to_owned(), text)
    }

    /// No file at all.
    pub fn empty(folders: &Folders) -> Result<ConfigFile, Error> {
        let path = folders.config_file();
        ConfigFile::parse(path.clone(), path, String::new())
    }

    fn parse(path: PathBuf, save_path: PathBuf, text: String) -> Result<ConfigFile, Error> {
        let document = Document::parse(text.clone()).map_err(|error| Error::Malformed {
            path: path.display().to_string(),
            line: error.span().map_or(1, |span| line_at(&text, span.start)),
            // Its own text is several lines with the file's text, which may hold a secret.
            detail: error.message().replace('\n', ", "),
        })?;
        Ok(ConfigFile {
            path,
            save_path,
            document,
            profile: None,
        })
    }

    /// Chooses a profile, whose settings go before those that stand outside of any.
    ///
    /// # Errors
    /// [`Error::NoProfile`] where the file has none of that name and `may_be_new` is false.
    pub fn with_profile(mut self, name: &str, may_be_new: bool) -> Result<ConfigFile, Error> {
        self.profile = Some(name.to_owned());
        if !may_be_new && self.profile_table().is_none() {
            return Err(Error::NoProfile {
                name: name.to_owned(),
                path: self.path.display().to_string(),
                known: self.profiles(),
            });
        }
        Ok(self)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where `login` saves.
    pub fn save_path(&self) -> &Path {
        &self.save_path
    }

    /// The profile that was chosen.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    fn profiles(&self) -> Vec<String> {
        let tables = self.document.get("profile").and_then(Item::as_table_like);
        let names = tables.into_iter().flat_map(|tables| tables.iter());
        names.map(|(name, _)| name.to_owned()).collect()
    }

    fn profile_table(&self) -> Option<&dyn TableLike> {
        let name = self.profile.as_deref()?;
        let profiles = self.document.get("profile")?.as_table_like()?;
        profiles.get(name)?.as_table_like()
    }

    /// `[flickr]`.
    pub(super) fn general_flickr_table(&self) -> Option<&dyn TableLike> {
        self.document.get("flickr")?.as_table_like()
    }

    /// The table that `login` writes to: `[flickr]`, or the profile's.
    pub(super) fn flickr_table(&self) -> Option<&dyn TableLike> {
        match &self.profile {
            Some(_) => self.profile_table()?.get("flickr")?.as_table_like(),
            None => self.general_flickr_table(),
        }
    }

    /// What the file sets, of the chosen profile and outside of any, in the file's order.
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        self.collect(self.document.as_table(), false, &mut settings);
        if let Some(table) = self.profile_table() {
            self.collect(table, true, &mut settings);
        }
        settings
    }

    fn collect(&self, table: &dyn TableLike, in_profile: bool, settings: &mut Vec<Setting>) {
        for (name, item) in table.iter() {
            let Some(values) = texts(item) else { continue };
            settings.push(Setting {
                name: option_name(name),
                values,
                line: self.line_of(table, name),
                in_profile,
            });
        }
    }

    /// The line that a key of a table stands in, from 1.
    pub(super) fn line_of(&self, table: &dyn TableLike, name: &str) -> usize {
        let span = table.get_key_value(name).and_then(|(key, _)| key.span());
        span.map_or(1, |span| line_at(self.document.raw(), span.start))
    }

    /// Fails where an account's keys could not be saved; writes nothing that stays.
    pub fn check_writable(&self) -> Result<(), Error> {
        let cannot = |error| cannot_save(&self.save_path, &error);
        let path = followed(&self.save_path);
        let beside = beside(&path);
        open_private(&beside).map_err(cannot)?;
        fs::remove_file(&beside).map_err(cannot)
    }

    /// Saves an account's keys and whose they are, readable by this user alone; the rest of the
    /// file stays as it is.
    pub fn save(&mut self, account: &Account, holder: &Holder) -> Result<(), Error> {
        let mut document = match self.path == self.save_path {
            true => self.document.clone().into_mut(),
            false => ConfigFile::read(&self.save_path)?.document.into_mut(),
        };
        fill(
            login_table(&mut document, self.profile.as_deref()),
            account,
            holder,
        );
        let text = document.to_string();
        write_private(&followed(&self.save_path), &text)
            .map_err(|error| cannot_save(&self.save_path, &error))?;
        if self.path == self.save_path {
            let saved = ConfigFile::parse(self.path.clone(), self.save_path.clone(), text)?;
            self.document = saved.document;
        }
        Ok(())
    }
}

/// An option is called alike with hyphens and with underscores.
pub(super) fn option_name(name: &str) -> String {
    name.replace('_', "-")
}

/// A scalar's or an array's values as texts; none for a table or what holds one.
pub(super) fn texts(item: &Item) -> Option<Vec<String>> {
    let text = |value: &toml_edit::Value| match value {
        toml_edit::Value::String(text) => Some(text.value().clone()),
        toml_edit::Value::Array(_) | toml_edit::Value::InlineTable(_) => None,
        other => {
            let mut bare = other.clone();
            bare.decor_mut().clear();
            Some(bare.to_string())
        }
    };
    match item.as_value()? {
        toml_edit::Value::Array(array) => array.iter().map(text).collect(),
        one => text(one).map(|one| vec![one]),
    }
}

fn login_table<'a>(document: &'a mut DocumentMut, profile: Option<&str>) -> &'a mut Item {
    let table = || Item::Table(Table::new());
    let Some(profile) = profile else {
        return document.entry("flickr").or_insert_with(table);
    };
    let profiles = document.entry("profile").or_insert_with(|| {
        // No line of its own: `[profile.NAME.flickr]` says it all.
        let mut profiles = Table::new();
        profiles.set_implicit(true);
        Item::Table(profiles)
    });
    if profiles.get(profile).is_none() {
        let mut own = Table::new();
        own.set_implicit(true);
        profiles[profile] = Item::Table(own);
    }
    if profiles[profile].get("flickr").is_none() {
        profiles[profile]["flickr"] = table();
    }
    &mut profiles[profile]["flickr"]
}

fn fill(table: &mut Item, account: &Account, holder: &Holder) {
    let secret = |secret: &Option<SecretString>| {
        secret
            .as_ref()
            .map(|secret| secret.expose_secret().to_owned())
    };
    let keys = [
        account.api_key.clone(),
        secret(&account.api_secret),
        secret(&account.token),
        secret(&account.token_secret),
    ];
    for ((name, _), text) in KEYS.iter().zip(keys) {
        if let Some(text) = text {
            table[*name] = value(text);
        }
    }
    let of_holder = [
        ("nsid", &holder.nsid),
        ("name", &holder.name),
        ("endpoint", &holder.endpoint),
    ];
    for (name, text) in of_holder {
        match text {
            Some(text) => table[name] = value(text),
            None => {
                if let Some(table) = table.as_table_like_mut() {
                    table.remove(name);
                }
            }
        }
    }
}

/// The line that an offset is in, from 1.
fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn io(path: &Path, error: &std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        detail: error.to_string(),
    }
}

fn cannot_save(path: &Path, error: &std::io::Error) -> Error {
    Error::Io {
        path: format!("the login cannot be saved in {}", path.display()),
        detail: error.to_string(),
    }
}

/// The file itself where `path` is a link to it, which then stays a link.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("toml.new")
}

fn open_private(path: &Path) -> std::io::Result<fs::File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Writes beside the file and renames, so that a crash leaves the old one or the new one.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = beside(path);
    let mut file = open_private(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests;
