//! Keys of the config file that mean nothing: misspelt, or in the wrong place.

use toml_edit::{Item, TableLike};

use super::Error;
use super::account::KEYS;
use super::file::{ConfigFile, option_name, texts};

/// What a `[flickr]` table may hold besides the four keys: whose they are.
const OF_HOLDER: [&str; 3] = ["nsid", "name", "endpoint"];
/// How alike two words must be for one to be a misspelling of the other, of 1.
const ALIKE: f64 = 0.7;

impl ConfigFile {
    /// Fails where a key is none of these options, with its line and what was likely meant.
    pub fn check(&self, options: &[String]) -> Result<(), Error> {
        let mut problems = Vec::new();
        for (name, item) in self.document.iter() {
            match (name, item.as_table_like()) {
                ("flickr", Some(table)) => self.check_flickr(table, options, &mut problems),
                ("profile", Some(profiles)) => {
                    self.check_profiles(profiles, options, &mut problems);
                }
                _ => self.check_option(self.document.as_table(), name, options, &mut problems),
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::Keys {
            path: self.path().display().to_string(),
            problems,
        })
    }

    fn check_profiles(
        &self,
        profiles: &dyn TableLike,
        options: &[String],
        problems: &mut Vec<String>,
    ) {
        for (name, item) in profiles.iter() {
            let Some(profile) = item.as_table_like() else {
                let line = self.line_of(profiles, name);
                problems.push(format!(
                    "line {line}: {name:?} is an option of no profile: write it below [profile.NAME]"
                ));
                continue;
            };
            for (name, item) in profile.iter() {
                match (name, item.as_table_like()) {
                    ("flickr", Some(table)) => self.check_flickr(table, options, problems),
                    _ => self.check_option(profile, name, options, problems),
                }
            }
        }
    }

    fn check_flickr(&self, table: &dyn TableLike, options: &[String], problems: &mut Vec<String>) {
        let known = KEYS.map(|(name, _)| name).into_iter().chain(OF_HOLDER);
        let known: Vec<String> = known.map(option_name).collect();
        for (name, item) in table.iter() {
            let line = self.line_of(table, name);
            let plain = option_name(name);
            if known.contains(&plain) {
                if item.as_str().is_none() {
                    problems.push(format!("line {line}: {name:?} must be text in quotes"));
                }
            } else if options.contains(&plain) {
                problems.push(format!(
                    "line {line}: {name:?} is an option: write it above the line [flickr]"
                ));
            } else {
                let meant = meant(&plain, &known).map(|meant| meant.replace('-', "_"));
                problems.push(format!(
                    "line {line}: {name:?} is no key of [flickr]{}",
                    question(meant)
                ));
            }
        }
    }

    fn check_option(
        &self,
        table: &dyn TableLike,
        name: &str,
        options: &[String],
        problems: &mut Vec<String>,
    ) {
        let line = self.line_of(table, name);
        let plain = option_name(name);
        let item = table.get(name).unwrap_or(&Item::None);
        if options.contains(&plain) {
            if texts(item).is_none() {
                problems.push(format!("line {line}: {name:?} takes a value, not a table"));
            }
            let spellings = table
                .iter()
                .filter(|(other, _)| option_name(other) == plain);
            if name.contains('_') && spellings.count() > 1 {
                problems.push(format!("line {line}: {plain:?} is set twice: keep one"));
            }
        } else if item.is_table_like() {
            problems.push(format!(
                "line {line}: the table {name:?} is unknown: options of all commands stand above the \
                 first table, or in [profile.NAME]"
            ));
        } else {
            problems.push(format!(
                "line {line}: {name:?} is no option of s3flickr{}",
                question(meant(&plain, options))
            ));
        }
    }
}

/// The known word that is most like this one, if any is.
fn meant(word: &str, known: &[String]) -> Option<String> {
    let alike = known
        .iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(alike, _)| *alike > ALIKE);
    let best = alike.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, known)| known.clone())
}

fn question(meant: Option<String>) -> String {
    meant.map_or_else(String::new, |meant| format!(", did you mean {meant:?}?"))
}
