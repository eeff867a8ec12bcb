//! The source: whether it can be listed, and a file of it be read.

use futures_util::StreamExt;

use super::Check;
use crate::error_chain;
use crate::model::{Key, Location};
use crate::store::{Error, Globs, Source};

const SOURCE: &str = "source";
const FILE: &str = "a file of the source";

/// Lists one page of a source and opens the first file of it.
pub async fn source(location: Location) -> Vec<Check> {
    let named = location.to_string();
    let source = match Source::open(location).await {
        Ok(source) => source,
        Err(error) => return vec![bad(SOURCE, &error)],
    };
    let mut pages = source.list("", &Globs::default());
    let mut first = None;
    while first.is_none() {
        match pages.next().await {
            Some(Ok(page)) => first = page.objects.into_iter().find(|object| object.size > 0),
            Some(Err(error)) => return vec![bad(SOURCE, &error)],
            None => break,
        }
    }
    let key = first.and_then(|object| Key::new(&object.path?).ok());
    let Some(key) = key else {
        let fix = "check the name, and the folder in it (s3://BUCKET/FOLDER/)";
        return vec![Check::bad(SOURCE, format!("{named} holds no files"), fix)];
    };
    let listed = Check::good(SOURCE, format!("{named} can be listed"));
    match source.read(&key, 0, None).await {
        Ok(_) => vec![listed, Check::good(FILE, "it can be read")],
        Err(error) => vec![listed, bad(FILE, &error)],
    }
}

fn bad(name: &'static str, error: &Error) -> Check {
    let fix = match error {
        Error::NoStore(name) if name.starts_with('/') => "check the path; mount the disk it is on",
        Error::NoStore(_) => "check the name, and AWS_REGION or AWS_ENDPOINT_URL_S3",
        Error::Denied { .. } => {
            "let the user list the bucket (s3:ListBucket) and read its files (s3:GetObject)"
        }
        Error::Credentials { .. } => "set AWS_PROFILE, or run `aws configure` or `aws sso login`",
        Error::RootGone { .. } => "mount the disk, or plug it in",
        Error::Unavailable { .. } => {
            "check the network, a proxy (HTTPS_PROXY), AWS_REGION and AWS_ENDPOINT_URL_S3"
        }
        Error::Archived(_) => "restore the archived files, or leave them out",
        _ => "mend what the message names",
    };
    Check::bad(name, error_chain::whole(error), fix)
}
