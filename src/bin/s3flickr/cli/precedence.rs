//! Options that exclude each other and are set in several places: the higher place wins whole.
//!
//! What is typed goes before `S3FLICKR_<OPTION>`, and that before the config file. For one option
//! clap sees to it; a typed `--from` beside a `bucket` of the config file needs more.

use anyhow::{Result, bail};
use clap::builder::OsStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Id};
use s3flickr::config::Setting;

/// Options that belong to a group's option that is set beside them: they do not outlive it.
const COMPANIONS: [(&str, &str); 1] = [("prefix", "source")];

/// What clap's own parser of flags takes for no.
const NO: [&str; 5] = ["n", "no", "f", "false", "off"];

/// The places that an option may be set in, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The config file, outside of profiles.
    File,
    /// The chosen profile of the config file.
    Profile,
    /// A variable.
    Environment,
    /// The command line.
    Typed,
}

/// Where the options of one command are set.
pub struct Places<'a> {
    command: &'a Command,
    settings: &'a [Setting],
    typed: Option<&'a ArgMatches>,
}

/// The variable of an option.
pub fn variable(name: &str) -> String {
    format!("S3FLICKR_{}", name.to_uppercase().replace('-', "_"))
}

/// A variable's value; an empty one is unset.
pub fn set_variable(name: &str) -> Option<String> {
    let value = std::env::var_os(variable(name))?;
    (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
}

impl<'a> Places<'a> {
    /// `typed` is what was typed of this command, or `None` where another was.
    pub fn new(
        command: &'a Command,
        settings: &'a [Setting],
        typed: Option<&'a ArgMatches>,
    ) -> Places<'a> {
        Places {
            command,
            settings,
            typed,
        }
    }

    /// The lowest place that counts for an option; places below it were beaten.
    pub fn lowest(&self, arg: &Arg) -> Place {
        let beaten_by = self
            .rivals(arg)
            .into_iter()
            .filter_map(|rival| self.highest(rival));
        let mut lowest = beaten_by.max().unwrap_or(Place::File);
        // It is off then, and to clap a flag with a value is one that was given.
        if self.said_no(arg, Place::Environment) {
            return Place::Typed;
        }
        if self.said_no(arg, Place::Profile) {
            lowest = lowest.max(Place::Environment);
        }
        self.companion_of(arg)
            .map_or(lowest, |group| lowest.max(self.above_losers(group)))
    }

    /// Whether a group that must be given is given in the config file.
    pub fn is_in_file(&self, group: &str) -> bool {
        let members = self.members(group).into_iter();
        let in_file = |arg| self.is_set(arg, Place::File) || self.is_set(arg, Place::Profile);
        members.clone().any(in_file)
            && members
                .into_iter()
                .all(|arg| self.highest(arg) <= Some(Place::Profile))
    }

    /// Fails where two options that exclude each other are set in one place, and none above it.
    pub fn check(&self) -> Result<()> {
        if self.typed.is_none() {
            return Ok(());
        }
        for arg in self.command.get_arguments() {
            for rival in self.rivals(arg) {
                let (Some(place), Some(name), Some(other)) =
                    (self.highest(arg), arg.get_long(), rival.get_long())
                else {
                    continue;
                };
                let is_winner = self
                    .rivals(arg)
                    .iter()
                    .all(|r| self.highest(r) <= Some(place));
                if place == Place::Typed || !is_winner || self.highest(rival) != Some(place) {
                    continue;
                }
                match place {
                    Place::File | Place::Profile => {
                        bail!("the config file sets both {name} and {other}: keep one")
                    }
                    _ => bail!(
                        "{} and {} are both set: keep one",
                        variable(name),
                        variable(other)
                    ),
                }
            }
        }
        Ok(())
    }

    fn highest(&self, arg: &Arg) -> Option<Place> {
        let places = [
            Place::Typed,
            Place::Environment,
            Place::Profile,
            Place::File,
        ];
        places.into_iter().find(|place| self.is_set(arg, *place))
    }

    fn is_set(&self, arg: &Arg, place: Place) -> bool {
        let Some(name) = arg.get_long() else {
            return false;
        };
        match place {
            Place::Typed => self.typed.is_some_and(|typed| {
                typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
            }),
            Place::Environment => set_variable(name).is_some() && !self.said_no(arg, place),
            // What says no in a higher place beats the file, too.
            Place::Profile => {
                self.values(name, place).is_some()
                    && !self.said_no(arg, place)
                    && !self.said_no(arg, Place::Environment)
            }
            Place::File => {
                let above = [place, Place::Profile, Place::Environment];
                self.values(name, place).is_some()
                    && !above.into_iter().any(|place| self.said_no(arg, place))
            }
        }
    }

    /// The values of an option in the config file, of the highest place that counts.
    pub fn values_in_file(&self, name: &str, lowest: Place) -> Option<Vec<OsStr>> {
        let places = [Place::Profile, Place::File].into_iter();
        let mut values = places
            .filter(|place| *place >= lowest)
            .filter_map(|place| self.values(name, place));
        Some(values.next()?.iter().map(OsStr::from).collect())
    }

    fn values(&self, name: &str, place: Place) -> Option<&'a [String]> {
        let in_profile = place == Place::Profile;
        let mut found = self.settings.iter();
        let found = found.find(|set| set.name == name && set.in_profile == in_profile)?;
        // To name none of what may be given again is to say nothing.
        (!found.values.is_empty()).then_some(&found.values[..])
    }

    /// Whether a flag is set to no in a place.
    fn said_no(&self, arg: &Arg, place: Place) -> bool {
        let Some(name) = arg.get_long() else {
            return false;
        };
        let value = match place {
            Place::Typed => None,
            Place::Environment => set_variable(name),
            Place::Profile | Place::File => {
                let values = self.values(name, place);
                values.and_then(|values| values.first().cloned())
            }
        };
        let is_flag = matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count);
        is_flag
            && value
                .is_some_and(|value| value == "0" || NO.contains(&value.to_lowercase().as_str()))
    }

    /// The options that exclude this one.
    fn rivals(&self, arg: &Arg) -> Vec<&'a Arg> {
        let id = arg.get_id();
        let declared = |one: &Arg, other: &Id| {
            let rivals = self.command.get_arg_conflicts_with(one);
            rivals.iter().any(|rival| rival.get_id() == other)
        };
        let exclusive = self
            .command
            .get_groups()
            .filter(|group| !(*group).clone().is_multiple());
        let groups: Vec<Vec<&Id>> = exclusive.map(|group| group.get_args().collect()).collect();
        let together = |other: &Id| {
            groups
                .iter()
                .any(|group| group.contains(&id) && group.contains(&other))
        };
        let others = self
            .command
            .get_arguments()
            .filter(|other| other.get_id() != id);
        others
            .filter(|other| {
                let other_id = other.get_id();
                together(other_id) || declared(arg, other_id) || declared(other, id)
            })
            .collect()
    }

    fn members(&self, group: &str) -> Vec<&'a Arg> {
        let group = self
            .command
            .get_groups()
            .find(|found| found.get_id() == group);
        let ids: Vec<&Id> = group
            .map(|group| group.get_args().collect())
            .unwrap_or_default();
        let all = self.command.get_arguments();
        all.filter(|arg| ids.contains(&arg.get_id())).collect()
    }

    fn companion_of(&self, arg: &Arg) -> Option<&'static str> {
        let name = arg.get_long()?;
        let found = COMPANIONS.iter().find(|(companion, _)| *companion == name);
        found.map(|(_, group)| *group)
    }

    /// The lowest place in which no option of this group is set that lost to another one.
    fn above_losers(&self, group: &str) -> Place {
        let members = self.members(group);
        let winner = members.iter().filter_map(|arg| self.highest(arg)).max();
        let losers = members.iter().filter(|arg| self.highest(arg) < winner);
        let lost = |place| losers.clone().any(|arg| self.is_set(arg, place));
        if lost(Place::Environment) {
            Place::Typed
        } else if lost(Place::Profile) {
            Place::Environment
        } else if lost(Place::File) {
            Place::Profile
        } else {
            Place::File
        }
    }
}

/// What was typed, as far as it can be understood; what cannot is complained about later.
pub fn typed(command: Command) -> Option<ArgMatches> {
    command.ignore_errors(true).try_get_matches().ok()
}
