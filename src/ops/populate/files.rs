//! The files that a list names, as pages: each is asked for by itself, and nothing else is listed.

use std::collections::HashSet;

use futures_util::stream::{BoxStream, StreamExt, iter};

use crate::model::Key;
use crate::store::{Error, Object, Page, Passed, Source};

/// How many files are asked for at once: enough to hide the latency of S3.
const AT_ONCE: usize = 32;

/// How many of them make a page at most.
const PAGE: usize = 1000;

/// What became of a name.
enum Found {
    File(Object),
    Not(String, String),
}

/// The named files in the order of the list, each once. What cannot be had is passed over with the
/// reason; the pages end in an error where no file of the source can be read.
pub(super) fn pages(
    source: &Source,
    names: &[String],
    prefix: &str,
) -> BoxStream<'static, Result<Page, Error>> {
    let mut seen = HashSet::new();
    let names: Vec<String> = names
        .iter()
        .map(|name| inside(source, name).to_owned())
        .filter(|name| name.starts_with(prefix) && seen.insert(name.clone()))
        .collect();
    let source = source.clone();
    iter(names)
        .map(move |name| find(source.clone(), name))
        .buffered(AT_ONCE)
        .ready_chunks(PAGE)
        .map(|found| found.into_iter().try_fold(Page::default(), add))
        .boxed()
}

/// A name as the source has it: without the `./` of `find`, and without the source's own place.
fn inside<'a>(source: &Source, name: &'a str) -> &'a str {
    let location = source.location();
    let name = name.strip_prefix("./").unwrap_or(name);
    location.without_root(name)
}

async fn find(source: Source, name: String) -> Result<Found, Error> {
    let Ok(key) = Key::new(name.as_str()) else {
        return Ok(Found::Not(name, "it is no name of a file".to_owned()));
    };
    match source.stat(&key).await {
        Ok(object) => Ok(Found::File(object)),
        Err(error) if error.strikes_every_file() => Err(error),
        Err(Error::NotFound(_)) => Ok(Found::Not(name, "it is not there".to_owned())),
        Err(error) => Ok(Found::Not(name, error.to_string())),
    }
}

fn add(mut page: Page, found: Result<Found, Error>) -> Result<Page, Error> {
    match found? {
        Found::File(object) => page.objects.push(object),
        Found::Not(name, why) => page.passed_over.push((name, Passed::Unreadable(why))),
    }
    Ok(page)
}
