//! What the user types to name a queue: `sqs://NAME`, an SQS URL, `sqlite:PATH`.

use std::path::{Path, PathBuf};

use super::Error;
use super::sqs_url::SqsUrl;
use crate::endpoint;

/// SQS takes names of 80 characters; the longest suffix that we add is `-calls.fifo`.
const LONGEST_NAME: usize = 80 - "-calls.fifo".len();

/// Where a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// An SQS queue.
    Sqs(SqsLocation),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// Which queue of SQS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqsLocation {
    /// Its name.
    pub(super) name: String,
    /// Where it was named by its URL: the region and the account are that URL's, and not those
    /// that the SDK is configured for.
    pub(super) url: Option<SqsUrl>,
}

impl Location {
    /// Reads what the user typed.
    ///
    /// # Errors
    /// [`Error::Location`] where it cannot be a queue: why not, and what to type.
    pub fn parse(text: &str) -> Result<Location, Error> {
        let parsed = match text.split_once(':') {
            Some(("sqlite", path)) => sqlite(path).map(Location::Sqlite),
            Some(("sqs", rest)) => named(rest).map(Location::Sqs),
            Some(("https" | "http", _)) => by_url(text).map(Location::Sqs),
            _ => Err("write sqs://NAME, the URL of an SQS queue, or sqlite:PATH".to_owned()),
        };
        parsed.map_err(|reason| Error::Location {
            location: endpoint::printable(text),
            reason,
        })
    }
}

/// What follows `sqs:`.
fn named(rest: &str) -> Result<SqsLocation, String> {
    let name = rest.strip_prefix("//").ok_or("write sqs://NAME")?;
    check_name(name)?;
    Ok(SqsLocation {
        name: name.to_owned(),
        url: None,
    })
}

fn by_url(text: &str) -> Result<SqsLocation, String> {
    let (url, name) = SqsUrl::parse(text)?;
    check_name(&name)?;
    Ok(SqsLocation {
        name,
        url: Some(url),
    })
}

/// The rules of SQS for names (CreateQueue, `QueueName`), less the room for our suffixes.
fn check_name(name: &str) -> Result<(), String> {
    if name.ends_with(".fifo") {
        return Err("a FIFO queue cannot hold jobs; give the name of a standard queue".to_owned());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err("a name has letters, digits, `-` and `_`".to_owned());
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("a name has at most {LONGEST_NAME} characters"));
    }
    Ok(())
}

/// The file that is meant by what follows `sqlite:`. It is a path and no URL: `%20` is three
/// characters of a name.
fn sqlite(path: &str) -> Result<PathBuf, String> {
    let path = match path.strip_prefix("//") {
        // As in `file:///`: nothing between the second slash and the third.
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some("") => "",
        Some(rest) => return Err(no_host(rest)),
        None => path,
    };
    if path.is_empty() {
        return Err("the path of a file must follow `sqlite:`".to_owned());
    }
    if path == ":memory:" {
        return Err("a queue in memory would be lost; give the path of a file".to_owned());
    }
    if path.contains('\0') {
        return Err("a path holds no NUL character".to_owned());
    }
    let file = at_home(path)?;
    if path.ends_with('/') || file.file_name().is_none() {
        return Err("it names a folder; give the path of a file in it".to_owned());
    }
    Ok(file)
}

/// `sqlite://q.db`: what comes before the next slash would be a host, and no file has one.
fn no_host(rest: &str) -> String {
    match rest.starts_with('~') {
        true => format!("after `sqlite:` comes a path, without `//`: write sqlite:{rest}"),
        false => format!(
            "after `sqlite:` comes a path, without `//`: write sqlite:{rest} for a file below the \
             folder that you are in, or sqlite:/{rest}"
        ),
    }
}

/// A path with the user's home for its `~`, as a shell has it. Within `sqlite:~/q.db` a shell
/// leaves it as it is.
fn at_home(path: &str) -> Result<PathBuf, String> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(PathBuf::from(path));
    };
    let below = match rest.strip_prefix('/') {
        Some(below) => below.trim_start_matches('/'),
        None if rest.is_empty() => return Err("it names a folder, not a file".to_owned()),
        None => {
            return Err(format!(
                "`~` stands for your own home only, as in sqlite:~/queue.db; for a file of that \
                 name write sqlite:./{path}"
            ));
        }
    };
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home = home.ok_or("your home folder is not known: write the whole path")?;
    Ok(Path::new(&home).join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqs(name: &str) -> Location {
        Location::Sqs(SqsLocation {
            name: name.to_owned(),
            url: None,
        })
    }

    #[test]
    fn every_way_to_name_a_queue_is_read() {
        let long = "n".repeat(LONGEST_NAME);
        let home = std::env::home_dir().unwrap();
        for (text, expected) in [
            ("sqs://photos", sqs("photos")),
            (format!("sqs://{long}").as_str(), sqs(&long)),
            ("sqlite:jobs.db", Location::Sqlite("jobs.db".into())),
            ("sqlite:./a/q.db", Location::Sqlite("./a/q.db".into())),
            ("sqlite:/a b/ü.db", Location::Sqlite("/a b/ü.db".into())),
            ("sqlite:///a/q.db", Location::Sqlite("/a/q.db".into())),
            ("sqlite:a%20b.db", Location::Sqlite("a%20b.db".into())),
            ("sqlite:a:b?c.db", Location::Sqlite("a:b?c.db".into())),
            ("sqlite:./~me", Location::Sqlite("./~me".into())),
            ("sqlite:~/q.db", Location::Sqlite(home.join("q.db"))),
            ("sqlite:~//a/q.db", Location::Sqlite(home.join("a/q.db"))),
        ] {
            assert_eq!(Location::parse(text).unwrap(), expected, "{text}");
        }
        for (text, name) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/my-photos_2",
                "my-photos_2",
            ),
            ("http://127.0.0.1:4566/000000000000/photos", "photos"),
        ] {
            let Location::Sqs(location) = Location::parse(text).unwrap() else {
                panic!("{text} is on SQS");
            };
            assert_eq!(location.name, name);
            assert_eq!(location.url.unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_not_a_queue_is_refused_with_what_to_type() {
        let long = format!("sqs://{}", "n".repeat(LONGEST_NAME + 1));
        for (text, says) in [
            ("", "sqs://NAME"),
            ("photos", "sqs://NAME"),
            ("azq://photos", "sqs://NAME"),
            ("SQS://photos", "sqs://NAME"),
            ("sqs:photos", "write sqs://NAME"),
            ("sqs:/photos", "write sqs://NAME"),
            ("sqs://", "a name has"),
            ("sqs://a b", "a name has"),
            ("sqs://a/b", "a name has"),
            ("sqs://photos/", "a name has"),
            ("sqs://é", "a name has"),
            ("sqs://photos.fifo", "FIFO"),
            (&long, "at most"),
            ("sqlite:", "the path of a file must follow"),
            ("sqlite://", "the path of a file must follow"),
            ("sqlite://rel.db", "write sqlite:rel.db"),
            ("sqlite://a/rel.db", "or sqlite:/a/rel.db"),
            ("sqlite://localhost/q.db", "without `//`"),
            ("sqlite://~/q.db", "write sqlite:~/q.db"),
            ("sqlite:~", "folder"),
            ("sqlite:~/", "folder"),
            ("sqlite:~other/q.db", "your own home"),
            ("sqlite:queues/", "folder"),
            ("sqlite:..", "folder"),
            ("sqlite:/", "folder"),
            ("sqlite::memory:", "lost"),
            ("sqlite:a\0b", "NUL"),
        ] {
            is_refused(text, says);
        }
    }

    #[test]
    fn what_is_not_the_address_of_a_queue_is_refused_with_what_to_type() {
        for (text, says) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/photos",
                "/ACCOUNT/NAME",
            ),
            (
                "https://sqs.eu-west-1.amazonaws.com/1/photos/more",
                "/ACCOUNT/NAME",
            ),
            (
                "https://sqs.eu-west-1.amazonaws.com//photos",
                "/ACCOUNT/NAME",
            ),
            (
                "https://sqs.eu-west-1.amazonaws.com/1/photos?a=b",
                "has a part after its path",
            ),
            ("https:///1/photos", "/ACCOUNT/NAME"),
            ("https://", "no address"),
        ] {
            is_refused(text, says);
        }
    }

    #[track_caller]
    fn is_refused(text: &str, says: &str) {
        match Location::parse(text) {
            Err(Error::Location { reason, .. }) => {
                assert!(reason.contains(says), "{text}: {reason}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let error = Location::parse("https://me:secret@sqs.example/1/photos").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("user name") && !text.contains("secret"),
            "{text}"
        );
    }
}
