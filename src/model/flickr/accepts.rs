//! What Flickr takes, by extension and size, and why a file is passed over.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::Key;

/// Flickr's limit for one photo, in bytes (`people.getLimits`, recorded).
pub const PHOTO_LIMIT_BYTES: u64 = 209_715_200;

/// Flickr's limit for one video, in bytes (`people.getLimits`, recorded).
pub const VIDEO_LIMIT_BYTES: u64 = 1_073_741_824;

/// What a file is to Flickr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG, PNG and GIF are kept byte for byte; TIFF is stored as a JPEG made from it.
    Photo,
    /// A video of a usual container.
    Video,
}

/// The extensions of the photos that Flickr takes. Browsers and Windows write some of JPEG's.
pub const PHOTOS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp", "png", "gif", "tif", "tiff",
];

/// The extensions of the videos that Flickr takes.
pub const VIDEOS: &[&str] = &[
    "mp4", "m4v", "mov", "avi", "wmv", "mpg", "mpeg", "3gp", "m2ts", "mts", "ogg", "ogv",
];

impl Kind {
    /// What a key's extension says; `None` for what Flickr does not take.
    pub fn from_key(key: &Key) -> Option<Kind> {
        Kind::from_extension(&key.extension()?)
    }

    /// What an extension in lower case says, without its dot; `None` for what Flickr does not take.
    pub fn from_extension(extension: &str) -> Option<Kind> {
        if PHOTOS.contains(&extension) {
            Some(Kind::Photo)
        } else if VIDEOS.contains(&extension) {
            Some(Kind::Video)
        } else {
            None
        }
    }

    /// The largest file of this kind that Flickr takes, in bytes.
    pub fn limit_bytes(self) -> u64 {
        match self {
            Kind::Photo => PHOTO_LIMIT_BYTES,
            Kind::Video => VIDEO_LIMIT_BYTES,
        }
    }
}

/// Why `populate` passes a file over. The names are those of its JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// A folder's placeholder: a key that ends in `/`.
    Folder,
    /// A file without a byte.
    Empty,
    /// Not among the files that Flickr takes.
    Type,
    /// Above Flickr's limit for its kind.
    TooLarge,
    /// In a storage class that must be restored before it can be read.
    Archived,
    /// `--exclude`, or not in `--include`.
    Filtered,
    /// The queue has it, or had it: an earlier `populate` sent it.
    AlreadyQueued,
    /// Its name is no UTF-8, or holds a NUL.
    Name,
    /// What a program left beside photos: a thumbnail, something from the trash.
    Clutter,
    /// It could not be looked into: there may be photos in it.
    Unreadable,
}

impl Skip {
    /// The reason's name in the JSON result.
    pub fn name(self) -> &'static str {
        match self {
            Skip::Folder => "folder",
            Skip::Empty => "empty",
            Skip::Type => "type",
            Skip::TooLarge => "too_large",
            Skip::Archived => "archived",
            Skip::Filtered => "filtered",
            Skip::AlreadyQueued => "already_queued",
            Skip::Name => "name",
            Skip::Clutter => "clutter",
            Skip::Unreadable => "unreadable",
        }
    }
}

impl Serialize for Skip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Skip::Folder => "folder placeholder",
            Skip::Empty => "empty file",
            Skip::Type => "not a type that Flickr takes",
            Skip::TooLarge => "larger than Flickr takes",
            Skip::Archived => "archived (restore it from Glacier first)",
            Skip::Filtered => "left out by a filter",
            Skip::AlreadyQueued => "already queued by an earlier populate",
            Skip::Name => "a name that is no text",
            Skip::Clutter => "thumbnails, trash and the like (--all-names takes them)",
            Skip::Unreadable => "could not be read",
        })
    }
}

/// Whether a file of this key and size is for Flickr.
pub fn accepts(key: &Key, size_bytes: u64, archived: bool) -> Result<Kind, Skip> {
    let kind = Kind::from_key(key).ok_or(Skip::Type)?;
    accepts_kind(kind, size_bytes, archived)
}

/// The same for a file whose kind is known otherwise than by its key.
pub fn accepts_kind(kind: Kind, size_bytes: u64, archived: bool) -> Result<Kind, Skip> {
    if size_bytes == 0 {
        Err(Skip::Empty)
    } else if size_bytes > kind.limit_bytes() {
        Err(Skip::TooLarge)
    } else if archived {
        Err(Skip::Archived)
    } else {
        Ok(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_flickr_does_not_take_is_passed_over_by_reason() {
        let accepts =
            |path: &str, size, archived| accepts(&Key::new(path).unwrap(), size, archived);
        assert_eq!(accepts("a/b.JPG", 1, false), Ok(Kind::Photo));
        assert_eq!(accepts("a/b.mts", 1, false), Ok(Kind::Video));
        for path in [
            "a.nef",
            "a.webp",
            "a.heic",
            "a.xmp",
            ".DS_Store",
            "Thumbs.db",
            "a",
            ".jpg",
        ] {
            assert_eq!(accepts(path, 1, false), Err(Skip::Type), "{path}");
        }
        assert_eq!(accepts("a.jpg", 0, false), Err(Skip::Empty));
        assert_eq!(
            accepts("a.jpg", PHOTO_LIMIT_BYTES + 1, false),
            Err(Skip::TooLarge)
        );
        assert_eq!(
            accepts("a.mp4", PHOTO_LIMIT_BYTES + 1, false),
            Ok(Kind::Video)
        );
        assert_eq!(
            accepts("a.mp4", VIDEO_LIMIT_BYTES + 1, false),
            Err(Skip::TooLarge)
        );
        assert_eq!(accepts("a.jpg", 1, true), Err(Skip::Archived));
    }
}
