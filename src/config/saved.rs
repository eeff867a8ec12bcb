//! Which account is used: what the environment says, else what `login` saved, where that is for
//! the same place and the same application.

use secrecy::SecretString;
use toml_edit::TableLike;

use super::account::{Account, FLICKR, Holder, KEYS};
use super::file::ConfigFile;
use super::{Error, stray, variable};

/// What a table of the file holds.
#[derive(Debug, Clone, Default)]
struct Saved {
    values: [Option<String>; 4],
    endpoint: Option<String>,
}

impl Saved {
    fn of_table(table: &dyn TableLike) -> Saved {
        Saved {
            values: KEYS.map(|(name, _)| text(table, name)),
            endpoint: text(table, "endpoint"),
        }
    }

    /// A token is for the key that it was asked for with, and for the place that gave it.
    fn has_token(&self) -> bool {
        self.values[2].is_some() || self.values[3].is_some()
    }

    /// This profile's keys, before those that stand outside of profiles.
    fn over(self, general: Saved) -> Saved {
        let same_key = self.values[0].is_none() || self.values[0] == general.values[0];
        if !self.has_token() && self.endpoint.is_none() && same_key {
            let [key, secret, ..] = self.values;
            let [general_key, general_secret, token, token_secret] = general.values;
            return Saved {
                values: [
                    key.or(general_key),
                    secret.or(general_secret),
                    token,
                    token_secret,
                ],
                endpoint: general.endpoint,
            };
        }
        let [key, secret, token, token_secret] = self.values;
        let [general_key, general_secret, ..] = general.values;
        let (key, secret) = match key {
            Some(key) => (Some(key), secret),
            None => (general_key, secret.or(general_secret)),
        };
        Saved {
            values: [key, secret, token, token_secret],
            endpoint: self.endpoint,
        }
    }
}

impl ConfigFile {
    /// The account at this endpoint (none is Flickr itself): what the environment says, else what
    /// the file does.
    ///
    /// What was saved at another endpoint is not used, nor is a token that was got with another
    /// application's key than the one that is set.
    ///
    /// # Errors
    /// [`Error::Stray`] where a key has a character that no key has.
    pub fn account(&self, endpoint: Option<&str>) -> Result<Account, Error> {
        let set = KEYS.map(|(_, name)| variable(name));
        let mut saved = self.saved();
        let mut unused = None;
        let is_bound = saved.has_token() || saved.endpoint.is_some();
        if is_bound && saved.endpoint.as_deref() != endpoint {
            unused = Some(format!(
                "the keys in {} were got at {} and are not used at {}",
                self.path().display(),
                saved.endpoint.as_deref().unwrap_or(FLICKR),
                endpoint.unwrap_or(FLICKR),
            ));
            saved = Saved::default();
        } else if saved.has_token() && set[0].is_some() && set[0] != saved.values[0] {
            unused = Some(format!(
                "the token in {} was got with another key than FLICKR_API_KEY",
                self.path().display(),
            ));
            saved.values[1..].fill(None);
        }
        // A token and its secret are one thing: half of it from here and half from there is none.
        if set[2..].iter().any(Option::is_some) {
            saved.values[2..].fill(None);
        }
        let mut values = Vec::with_capacity(KEYS.len());
        for ((set, saved), (key, name)) in set.into_iter().zip(saved.values).zip(KEYS) {
            let name = match &set {
                Some(_) => name.to_owned(),
                None => format!("{key} in {}", self.path().display()),
            };
            let value = set.or(saved);
            if let Some(problem) = value.as_deref().and_then(stray::in_key) {
                return Err(Error::Stray { name, problem });
            }
            values.push(value);
        }
        let mut values = values.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().filter(|value| !value.is_empty());
        Ok(Account {
            api_key: next(),
            api_secret: next().map(SecretString::from),
            token: next().map(SecretString::from),
            token_secret: next().map(SecretString::from),
            unused,
        })
    }

    /// Whose token the file holds where `login` would save, if it holds any.
    pub fn holder(&self) -> Option<Holder> {
        let table = self.flickr_table()?;
        Saved::of_table(table).has_token().then(|| Holder {
            nsid: text(table, "nsid"),
            name: text(table, "name"),
            endpoint: text(table, "endpoint"),
        })
    }

    fn saved(&self) -> Saved {
        let general = self.general_flickr_table().map(Saved::of_table);
        let general = general.unwrap_or_default();
        if self.profile().is_none() {
            return general;
        }
        match self.flickr_table() {
            Some(own) => Saved::of_table(own).over(general),
            None => general,
        }
    }
}

/// A text of a table; an empty one is unset. `api-key` is `api_key`.
fn text(table: &dyn TableLike, name: &str) -> Option<String> {
    let item = table
        .get(name)
        .or_else(|| table.get(&name.replace('_', "-")));
    item.and_then(toml_edit::Item::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
