//! The word before the colon of a store's name.

use super::InvalidLocation;

/// What kind of store a location is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `s3://BUCKET/ROOT/`
    S3,
    /// `file:///FOLDER/`
    File,
    /// `flickr:`, the account whose token is used.
    Flickr,
}

/// The words before a colon that name a kind of store.
const SCHEMES: [(&str, Scheme); 3] = [
    ("s3", Scheme::S3),
    ("file", Scheme::File),
    ("flickr", Scheme::Flickr),
];

/// The words that will name one, and what they stand for.
const NOT_BUILT: [(&str, &str); 2] = [("gs", "Google Cloud Storage"), ("az", "Azure Blob Storage")];

/// The scheme that a text begins with, and what follows the colon; `None` for a path.
pub(super) fn scheme(text: &str) -> Result<Option<(Scheme, &str)>, InvalidLocation> {
    let Some((word, rest)) = text.split_once(':') else {
        return Ok(None);
    };
    if let Some((_, scheme)) = SCHEMES.iter().find(|(known, _)| *known == word) {
        return Ok(Some((*scheme, rest)));
    }
    if let Some((_, name)) = NOT_BUILT.iter().find(|(known, _)| *known == word) {
        return Err(InvalidLocation::NotBuilt(text.to_owned(), name));
    }
    match rest.starts_with("//") {
        true => Err(InvalidLocation::Scheme(text.to_owned())),
        false => Ok(None),
    }
}

/// What follows `s3:`, as it is written: the bucket, and the rest behind its slash.
pub(super) fn bucket_and_root<'a>(
    text: &str,
    rest: &'a str,
) -> Result<(&'a str, &'a str), InvalidLocation> {
    let path = rest.strip_prefix("//").unwrap_or_default();
    match path.split_once('/').unwrap_or((path, "")) {
        ("", _) => Err(InvalidLocation::NoBucket(text.to_owned())),
        named => Ok(named),
    }
}
