//! What a listing of a source is made of: [`Page`]s of [`Object`]s.

use globset::GlobSet;

/// One file as a listing shows it. Its path may be no valid key (a folder's placeholder, say).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The path inside the store; `None` where it is no UTF-8.
    pub path: Option<String>,
    /// In bytes.
    pub size: u64,
    /// The store's mark of this version, without quotes; changes when the bytes do.
    pub etag: String,
    /// Whether it must be restored (from Glacier) before it can be read.
    pub archived: bool,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The files that can be read, as far as a listing can tell.
    pub objects: Vec<Object>,
    /// What is there and is none of them, by its path. A listing is whole where none of its pages
    /// has one that is [`Passed::Unreadable`]: there may be files in it.
    pub passed_over: Vec<(String, Passed)>,
}

/// Why a listing passes over something that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// It could not be looked into: what the system said.
    Unreadable(String),
    /// A folder that was not entered, because it is excluded.
    Excluded,
    /// A pipe, a socket or a device.
    NotAFile,
}

/// Whether one of these patterns matches a path, or a folder that it is in.
pub fn is_excluded(exclude: &GlobSet, path: &str) -> bool {
    let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    exclude.is_match(path)
        || folders
            .into_iter()
            .any(|folder| excludes_folder(exclude, folder))
}

/// Whether a folder is excluded: by its own name (`lost+found`), or with all that is in it
/// (`lost+found/**`). `folder` does not end in a slash.
pub(super) fn excludes_folder(exclude: &GlobSet, folder: &str) -> bool {
    exclude.is_match(folder) || exclude.is_match(format!("{folder}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excluded_folder_takes_all_that_is_in_it_along() {
        let mut set = globset::GlobSetBuilder::new();
        for pattern in ["lost+found", "trash/**", "*/cache/", "*.png"] {
            set.add(globset::Glob::new(pattern).unwrap());
        }
        let exclude = set.build().unwrap();
        for path in [
            "lost+found/a.jpg",
            "lost+found",
            "trash/b/c.jpg",
            "a/cache/d.jpg",
            "e/f.png",
        ] {
            assert!(is_excluded(&exclude, path), "{path}");
        }
        for path in [
            "lost+found2/a.jpg",
            "a/lost+found.jpg",
            "trash.jpg",
            "cache/d.jpg",
            "a.jpg",
        ] {
            assert!(!is_excluded(&exclude, path), "{path}");
        }
    }
}
