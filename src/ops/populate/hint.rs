//! What a user may have meant whose `populate` found nothing: the nearest that is there.

use crate::model::{Key, Location, Scheme};
use crate::store::Source;

/// What makes a user think of a pattern.
const WILDCARDS: &[char] = &['*', '?', '[', '{'];

/// How unlike two names may be that are taken for one and a slip of the hand.
const NEAR: f64 = 0.6;

/// What to do about a place in which there is nothing; empty where nobody can tell. `prefix` is
/// below the source's root.
pub(super) async fn hint(location: &Location, prefix: &str) -> String {
    let path = format!("{}{prefix}", location.root());
    if let Some(at) = path.find(WILDCARDS) {
        return of_wildcard(location, &path, at);
    }
    // In the whole bucket, and on the whole disk.
    let whole = match location.scheme() {
        Scheme::S3 => Location::s3(location.bucket(), ""),
        Scheme::File => match Location::folder("/") {
            Ok(root) => root,
            Err(_) => return String::new(),
        },
        Scheme::Flickr => return String::new(),
    };
    let Ok(source) = Source::open(whole).await else {
        return String::new();
    };
    match of_one_file(&source, location, &path).await {
        Some(hint) => hint,
        None => of_nearest(&source, location, &path)
            .await
            .unwrap_or_default(),
    }
}

/// A user's name for a place in a store.
fn place(location: &Location, path: &str) -> String {
    match location.scheme() {
        Scheme::S3 => format!("s3://{}/{path}", location.bucket()),
        _ => format!("/{}", path.trim_start_matches('/')),
    }
}

/// The folder of a path, with its slash.
fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn of_wildcard(location: &Location, path: &str, at: usize) -> String {
    let folder = folder_of(&path[..at]);
    let pattern = path[folder.len()..].trim_end_matches('/');
    format!(
        "; a wildcard is no pattern there: write `--from {} --include {}`",
        quoted(&place(location, folder)),
        quoted(pattern)
    )
}

/// A file's name where a folder's is needed.
async fn of_one_file(source: &Source, location: &Location, path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    let key = Key::new(path.trim_start_matches('/')).ok()?;
    source.stat(&key).await.ok()?;
    let folder = folder_of(path);
    let name = &path[folder.len()..];
    Some(format!(
        "; that is one file: write `--from {} --include {}`",
        quoted(&place(location, folder)),
        quoted(name)
    ))
}

/// Goes down as far as the path is there, and looks for the name that is nearest to the next one.
async fn of_nearest(source: &Source, location: &Location, path: &str) -> Option<String> {
    let mut there = String::new();
    for part in path.trim_start_matches('/').split('/') {
        if part.is_empty() {
            continue;
        }
        let names = source.names(&there).await.ok()?;
        let folder = format!("{part}/");
        if names.contains(&folder) {
            there.push_str(&folder);
            continue;
        }
        let nearest = nearest(part, &names)?;
        let nearest = place(location, &format!("{there}{nearest}"));
        return Some(format!("; the nearest that is there is {nearest}"));
    }
    None
}

/// The name that is most like the wanted one, if any is.
fn nearest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| {
        let name = name.trim_end_matches('/').to_lowercase();
        // A prefix may be the beginning of a name.
        let begin: String = name.chars().take(wanted.chars().count()).collect();
        let whole = strsim::normalized_damerau_levenshtein(&wanted, &name);
        // Of two equal beginnings the shorter name is nearer.
        whole.max(0.99 * strsim::normalized_damerau_levenshtein(&wanted, &begin))
    };
    let scored = names.iter().map(|name| (likeness(name), name.as_str()));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
    (best.0 >= NEAR).then_some(best.1)
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_smallest_slip() {
        let names: Vec<String> = ["2011/", "2012/", "Paris/", "Parks/", "IMG_1.jpg"]
            .map(String::from)
            .to_vec();
        for (wanted, expected) in [
            ("paris", Some("Paris/")),
            ("Pariss", Some("Paris/")),
            ("Pari", Some("Paris/")),
            ("2o12", Some("2012/")),
            ("img_1.JPG", Some("IMG_1.jpg")),
            ("Zanzibar", None),
        ] {
            assert_eq!(nearest(wanted, &names), expected, "{wanted}");
        }
    }

    #[test]
    fn a_wildcard_is_divided_into_a_folder_and_a_pattern() {
        let bucket = Location::s3("b", "2012/*.jpg");
        let hint = of_wildcard(&bucket, bucket.root(), 5);
        assert!(
            hint.contains("`--from s3://b/2012/ --include '*.jpg'`"),
            "{hint}"
        );
        let folder = Location::folder("/a b/*/c.jpg").unwrap();
        let hint = of_wildcard(&folder, folder.root(), 5);
        assert!(
            hint.contains("`--from '/a b/' --include '*/c.jpg'`"),
            "{hint}"
        );
    }
}
