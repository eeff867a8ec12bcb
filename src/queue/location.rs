//! What the user types to name a queue: `sqs://NAME`, an SQS URL, `sqlite:PATH`.

use std::path::PathBuf;

use super::Error;

/// SQS takes names of 80 characters; the longest suffix that we add is `-calls.fifo`.
const LONGEST_NAME: usize = 80 - "-calls.fifo".len();

/// Where a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// An SQS queue of this name, in the account and region that the SDK is configured for.
    Sqs(String),
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Location {
    /// Reads what the user typed; [`Error::Location`] where it cannot be a queue. Of an SQS URL only the name counts: stand-ins for SQS put host
    /// names into their URLs that lead nowhere, so the endpoint is the SDK's own.
    pub fn parse(text: &str) -> Result<Location, Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path {
                "" => Err(malformed(text, "the path of a file must follow `sqlite:`")),
                path => Ok(Location::Sqlite(path.into())),
            };
        }
        let name = if let Some(name) = text.strip_prefix("sqs://") {
            name
        } else if text.starts_with("https://") || text.starts_with("http://") {
            name_in_url(text)
                .ok_or_else(|| malformed(text, "an SQS address ends in /ACCOUNT/NAME"))?
        } else {
            return Err(malformed(
                text,
                "write sqs://NAME, an SQS address, or sqlite:PATH",
            ));
        };
        check_name(name).map_err(|reason| malformed(text, &reason))?;
        Ok(Location::Sqs(name.to_owned()))
    }
}

/// `http(s)://HOST/ACCOUNT/NAME`, with nothing after it.
fn name_in_url(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_host), Some(_account), Some(name), None) => Some(name),
        _ => None,
    }
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

fn malformed(location: &str, reason: &str) -> Error {
    Error::Location {
        location: location.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqs(name: &str) -> Location {
        Location::Sqs(name.to_owned())
    }

    #[test]
    fn every_way_to_name_a_queue_is_read() {
        let long = "n".repeat(LONGEST_NAME);
        for (text, expected) in [
            ("sqs://photos", sqs("photos")),
            (format!("sqs://{long}").as_str(), sqs(&long)),
            (
                "https://sqs.eu-west-1.amazonaws.com/123456789012/my-photos_2",
                sqs("my-photos_2"),
            ),
            ("http://127.0.0.1:4566/000000000000/photos", sqs("photos")),
            ("sqlite:jobs.db", Location::Sqlite("jobs.db".into())),
            ("sqlite:/a b/ü.db", Location::Sqlite("/a b/ü.db".into())),
        ] {
            assert_eq!(Location::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_queue_is_refused_with_a_reason() {
        let long = format!("sqs://{}", "n".repeat(LONGEST_NAME + 1));
        for text in [
            "",
            "photos",
            "sqs://",
            "sqs://a b",
            "sqs://a/b",
            "sqs://é",
            "sqs://photos.fifo",
            &long,
            "sqlite:",
            "https://sqs.eu-west-1.amazonaws.com/photos",
            "https://sqs.eu-west-1.amazonaws.com/1/photos/more",
            "azq://photos",
        ] {
            let refusal = Location::parse(text);
            assert!(matches!(refusal, Err(Error::Location { .. })), "{text}");
        }
    }
}
