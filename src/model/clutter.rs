//! What programs leave beside photos: thumbnails, trash and copies that nobody took.
//!
//! Copied, they would be photos that the owner never made, or had deleted.

/// Folders all of whose files are clutter, in lower case.
const FOLDERS: &[&str] = &[
    // Thumbnails of network drives (Synology, QNAP) and of desktops.
    "@eadir",
    ".@__thumb",
    ".thumbnails",
    ".thumbs",
    "thumbnails.bundle",
    // Trash: Windows, network drives, macOS, Linux (`.Trash-1000`, below), digiKam, Samba.
    "$recycle.bin",
    "recycler",
    "#recycle",
    "@recycle",
    ".recycle",
    ".trash",
    ".trashes",
    ".dtrash",
    // What archives from a Mac and its disks carry along.
    "__macosx",
    ".appledouble",
    ".spotlight-v100",
    ".fseventsd",
    ".documentrevisions-v100",
    ".temporaryitems",
    "system volume information",
    // Snapshots and older versions.
    "#snapshot",
    "@recently-snapshot",
    ".snapshot",
    ".snapshots",
    ".stversions",
    "lost+found",
];

/// How the names of folders and files begin that are clutter, in lower case.
const BEGINNINGS: &[&str] = &[
    // A Mac's notes about the file of that name.
    "._",
    // Trash of Android and of Linux.
    ".trashed-",
    ".trash-",
    // Downloads and exports that are not finished.
    ".pending-",
    ".syncthing.",
    ".~",
];

/// The endings of the folders in which photo programs of a Mac keep a library, in lower case.
const LIBRARIES: &[&str] = &[
    ".photoslibrary",
    ".photolibrary",
    ".aplibrary",
    ".migratedphotolibrary",
    ".migratedaplibrary",
];

/// The folders of a library that hold photos, not what is made of them.
const ORIGINALS: &[&str] = &["originals", "masters", "modified"];

/// Whether a path is one of these, or lies in one of these folders.
pub fn is_clutter(path: &str) -> bool {
    let path = path.to_lowercase();
    let parts: Vec<&str> = path.split('/').collect();
    let (_, folders) = parts.split_last().unwrap_or((&"", &[]));
    let begins = |part: &&str| {
        BEGINNINGS
            .iter()
            .any(|beginning| part.starts_with(beginning))
    };
    folders.iter().any(|folder| FOLDERS.contains(folder))
        || parts.iter().any(begins)
        || parts.windows(2).any(|pair| is_derived(pair[0], pair[1]))
}

/// Whether what is called `inside` in this folder is no original of a photo library.
fn is_derived(folder: &str, inside: &str) -> bool {
    LIBRARIES.iter().any(|ending| folder.ends_with(ending)) && !ORIGINALS.contains(&inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_took_is_clutter() {
        for path in [
            "2012/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
            ".thumbnails/1.jpg",
            "DCIM/.trashed-1700000000-IMG_1.jpg",
            ".Trash-1000/files/a.jpg",
            ".Trashes/501/a.jpg",
            "$RECYCLE.BIN/S-1-5/a.jpg",
            "share/#recycle/a.jpg",
            "a/._IMG_1.JPG",
            "__MACOSX/a/b.jpg",
            "My.photoslibrary/resources/derivatives/1/a.jpeg",
            "Old.aplibrary/Previews/a.jpg",
            "Old.aplibrary/a.jpg",
        ] {
            assert!(is_clutter(path), "{path}");
        }
    }

    #[test]
    fn what_somebody_took_is_none() {
        for path in [
            "a.jpg",
            "2012/eaDir/a.jpg",
            "Recycling/a.jpg",
            "Trash art/a.jpg",
            ".hidden/a.jpg",
            "_a.jpg",
            "@eaDir.jpg",
            "a/thumbnails/a.jpg",
            "My.photoslibrary/originals/0/a.jpeg",
            "My.photoslibrary/Masters/2015/a.jpg",
            "photoslibrary/resources/a.jpg",
        ] {
            assert!(!is_clutter(path), "{path}");
        }
    }
}
