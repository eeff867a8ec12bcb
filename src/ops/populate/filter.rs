//! Which files of a listing are wanted: the user's filters, then what Flickr takes.

use crate::model::Key;
use crate::model::clutter::is_clutter;
use crate::model::flickr::accepts::{Kind, Skip, accepts, accepts_kind};
use crate::ops::Error;
use crate::store::{Globs, Object, Source};

/// What the user wants of a source.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only keys that one of these matches; empty for all.
    pub include: Globs,
    /// The same patterns without regard to case, to tell a user who wrote `*.jpg` for `.JPG`.
    pub include_any_case: Globs,
    /// No key that one of these matches, or a folder that it is in; wins over `include`.
    pub exclude: Globs,
    /// No smaller file, in bytes.
    pub min_size: Option<u64>,
    /// No larger file, in bytes.
    pub max_size: Option<u64>,
    /// No file that was changed before this moment, in seconds since 1970.
    pub newer_than: Option<i64>,
    /// No file that was changed at this moment or after it, in seconds since 1970.
    pub older_than: Option<i64>,
    /// Also what programs leave beside photos: thumbnails, trash.
    pub all_names: bool,
}

/// What becomes of a file of a listing.
pub(super) enum Checked {
    /// It is to be queued.
    Wanted(Key, Object),
    /// It is passed over.
    Skipped(String, Skip),
    /// It could not be looked into: why.
    Unreadable(String, String),
}

/// A file that is wanted, as far as its listing tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// Its name says that Flickr takes it.
    Known(Key),
    /// Its name does not say what it is: its first bytes are to be looked at.
    Untyped(Key),
}

impl Filter {
    /// Whether a listing must say when each file was changed.
    fn needs_dates(&self) -> bool {
        self.newer_than.is_some() || self.older_than.is_some()
    }

    /// Finds out what becomes of a file; one whose name does not say what it is costs a request.
    /// Fails where no file of the source can be read, or the listing has no dates and needs them.
    pub(super) async fn check(&self, source: &Source, object: Object) -> Result<Checked, Error> {
        let unnamed = || "(a name that is no UTF-8)".to_owned();
        if self.needs_dates() && object.path.is_some() && object.modified.is_none() {
            return Err(no_date(source, &object));
        }
        let key = match self.judge(&object) {
            Ok(Wanted::Known(key)) => return Ok(Checked::Wanted(key, object)),
            Ok(Wanted::Untyped(key)) => key,
            Err(reason) => {
                let path = object.path.unwrap_or_else(unnamed);
                return Ok(Checked::Skipped(path, reason));
            }
        };
        let kind = match source.extension_of(&key).await {
            Ok(extension) => extension.and_then(Kind::from_extension).ok_or(Skip::Type),
            Err(error) if error.strikes_every_file() => return Err(error.into()),
            Err(error) => return Ok(Checked::Unreadable(key.into(), error.to_string())),
        };
        match kind.and_then(|kind| accepts_kind(kind, object.size, object.archived)) {
            Ok(_) => Ok(Checked::Wanted(key, object)),
            Err(reason) => Ok(Checked::Skipped(key.into(), reason)),
        }
    }

    /// Whether a file is wanted, or why it is passed over.
    fn judge(&self, object: &Object) -> Result<Wanted, Skip> {
        let path = object.path.as_deref().ok_or(Skip::Name)?;
        if path.is_empty() || path.ends_with('/') {
            return Err(Skip::Folder);
        }
        let key = Key::new(path).map_err(|_| Skip::Name)?;
        if !self.wants(path, object) {
            return Err(Skip::Filtered);
        }
        let is_untyped = !has_extension(&key);
        if !is_untyped && Kind::from_key(&key).is_none() {
            return Err(Skip::Type);
        }
        if !self.all_names && is_clutter(path) {
            return Err(Skip::Clutter);
        }
        if !is_untyped {
            return accepts(&key, object.size, object.archived).map(|_| Wanted::Known(key));
        }
        // What nobody could read anyhow is not looked into.
        match (object.size, object.archived) {
            (0, _) => Err(Skip::Empty),
            (_, true) => Err(Skip::Archived),
            _ => Ok(Wanted::Untyped(key)),
        }
    }

    fn wants(&self, path: &str, object: &Object) -> bool {
        let size = object.size;
        let changed = |is_right: fn(i64, i64) -> bool, limit: Option<i64>| {
            limit.is_none_or(|limit| object.modified.is_none_or(|time| is_right(time, limit)))
        };
        self.includes(path)
            && !self.exclude.excludes(path)
            && self.min_size.is_none_or(|least| size >= least)
            && self.max_size.is_none_or(|most| size <= most)
            && changed(|time, limit| time >= limit, self.newer_than)
            && changed(|time, limit| time < limit, self.older_than)
    }

    /// Whether `--include` lets a path pass.
    pub(super) fn includes(&self, path: &str) -> bool {
        self.include.is_empty() || self.include.is_match(path)
    }

    /// Whether a path that was left out would be taken, were upper and lower case the same.
    pub(super) fn differs_in_case(&self, path: &str) -> bool {
        !self.include.is_match(path)
            && self.include_any_case.is_match(path)
            && !self.exclude.excludes(path)
    }
}

fn no_date(source: &Source, object: &Object) -> Error {
    Error::Invalid(format!(
        "the listing of {} does not say when {:?} was changed, so that --newer-than and \
         --older-than mean nothing; of an inventory, choose \"Last modified date\" too",
        source.location(),
        object.path.as_deref().unwrap_or_default()
    ))
}

/// Whether a key ends in what people call an extension: up to five letters and digits, one of
/// them a letter at least. `scan 3.5` and `a.jpg_large` have none.
fn has_extension(key: &Key) -> bool {
    key.extension().is_some_and(|extension| {
        let is_short = extension.len() <= 5;
        let is_plain = extension.chars().all(|c| c.is_ascii_alphanumeric());
        let has_letter = extension.chars().any(|c| c.is_ascii_alphabetic());
        is_short && is_plain && has_letter
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(path: &str, size: u64, modified: i64) -> Object {
        Object {
            path: Some(path.to_owned()),
            size,
            etag: String::new(),
            modified: Some(modified),
            archived: false,
        }
    }

    fn known(path: &str) -> Result<Wanted, Skip> {
        Ok(Wanted::Known(Key::new(path).unwrap()))
    }

    #[test]
    fn sizes_and_dates_are_limits_that_do_not_overlap() {
        let filter = Filter {
            min_size: Some(10),
            max_size: Some(20),
            newer_than: Some(100),
            older_than: Some(200),
            ..Filter::default()
        };
        let judge = |size, time| filter.judge(&object("a.jpg", size, time));
        for (size, time) in [(10, 100), (20, 199)] {
            assert_eq!(judge(size, time), known("a.jpg"));
        }
        for (size, time) in [(9, 150), (21, 150), (15, 99), (15, 200), (15, -5)] {
            assert_eq!(judge(size, time), Err(Skip::Filtered), "{size} {time}");
        }
    }

    #[test]
    fn what_the_user_leaves_out_is_filtered_whatever_else_it_is() {
        let exclude = Globs::new(&["raw/**".to_owned()], false).unwrap();
        let filter = Filter {
            exclude,
            ..Filter::default()
        };
        assert_eq!(
            filter.judge(&object("raw/a.nef", 1, 0)),
            Err(Skip::Filtered)
        );
        assert_eq!(filter.judge(&object("a.nef", 1, 0)), Err(Skip::Type));
    }

    #[test]
    fn clutter_is_passed_over_unless_all_names_are_wanted() {
        let clutter = object("@eaDir/a.jpg", 1, 0);
        assert_eq!(Filter::default().judge(&clutter), Err(Skip::Clutter));
        let all = Filter {
            all_names: true,
            ..Filter::default()
        };
        assert_eq!(all.judge(&clutter), known("@eaDir/a.jpg"));
    }

    #[test]
    fn a_name_that_does_not_say_its_type_is_looked_into() {
        for path in ["IMG_0001", "a/scan 3.5", "a.jpg_large", ".jpg", "Café.日本"] {
            let judged = Filter::default().judge(&object(path, 1, 0));
            assert_eq!(
                judged,
                Ok(Wanted::Untyped(Key::new(path).unwrap())),
                "{path}"
            );
        }
        for path in ["README.txt", "a.nef", "a.webp", "a.x3f"] {
            let judged = Filter::default().judge(&object(path, 1, 0));
            assert_eq!(judged, Err(Skip::Type), "{path}");
        }
        assert_eq!(
            Filter::default().judge(&object("a", 0, 0)),
            Err(Skip::Empty)
        );
    }
}
