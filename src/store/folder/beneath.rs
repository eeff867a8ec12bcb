//! Opens a file below a folder and nowhere else, whatever its name says and wherever links lead.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, open, openat};

/// Why a file was not opened.
#[derive(Debug)]
pub(super) enum Refused {
    /// It lies outside the fence.
    Outside,
    /// It is a pipe, a socket or a device.
    NotAFile,
    /// The system said no.
    Failed(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Refused {
        Refused::Failed(error)
    }
}

/// Opens the regular file at `path`, which must lie below `fence` once every link is followed.
///
/// Pipes, sockets and devices are not opened to be read: that could wait for ever. The file is
/// opened folder by folder without a link, so that one that is put there meanwhile is not followed.
pub(super) fn open_file(fence: &Path, path: &Path) -> Result<(File, Metadata), Refused> {
    if climbs(path) {
        return Err(Refused::Outside);
    }
    let fence = fs::canonicalize(fence)?;
    let target = fs::canonicalize(path)?;
    let inside = target.strip_prefix(&fence).map_err(|_| Refused::Outside)?;
    // Only to open some devices already does something.
    regular(&fs::metadata(&target)?)?;
    let file = step_by_step(&fence, inside)?;
    let metadata = file.metadata()?;
    // Another thing may be in its place by now.
    regular(&metadata)?;
    Ok((file, metadata))
}

fn regular(metadata: &Metadata) -> Result<(), Refused> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        // The file that had this name is not there any more.
        Err(io::Error::new(ErrorKind::NotFound, "it is a folder").into())
    } else {
        Err(Refused::NotAFile)
    }
}

/// Whether a path goes up anywhere.
fn climbs(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// How a folder on the way is opened: to pass through it needs no right to list it.
#[cfg(target_os = "linux")]
const THROUGH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const THROUGH: OFlags = OFlags::RDONLY;

/// Opens what lies `inside` a folder, whose parts are neither links nor `..`.
fn step_by_step(folder: &Path, inside: &Path) -> io::Result<File> {
    let through = THROUGH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // Without NONBLOCK, to open a pipe waits for somebody who writes to it.
    let file = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut at = open(folder, through, Mode::empty())?;
    let mut parts = inside.iter().peekable();
    while let Some(part) = parts.next() {
        let kind = if parts.peek().is_some() {
            through
        } else {
            file
        };
        at = openat(&at, part, kind | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(File::from(at))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_regular_files_below_the_fence_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("photos");
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/in.jpg"), "in").unwrap();
        fs::write(folder.path().join("out.jpg"), "out").unwrap();
        symlink(root.join("a"), root.join("absolute")).unwrap();
        symlink("a/in.jpg", root.join("relative.jpg")).unwrap();
        symlink("../out.jpg", root.join("out.jpg")).unwrap();
        symlink(folder.path(), root.join("up")).unwrap();
        let _socket = UnixListener::bind(root.join("socket.jpg")).unwrap();
        let opened = |path: &str| open_file(&root, &root.join(path));
        for path in ["a/in.jpg", "absolute/in.jpg", "relative.jpg", "./a//in.jpg"] {
            assert!(opened(path).is_ok(), "{path}");
        }
        let absolute = folder.path().join("out.jpg");
        for path in [
            "../out.jpg",
            "out.jpg",
            "up/out.jpg",
            "a/../../out.jpg",
            absolute.to_str().unwrap(),
        ] {
            assert!(matches!(opened(path), Err(Refused::Outside)), "{path}");
        }
        let is_gone = |opened| matches!(opened, Err(Refused::Failed(error)) if error.kind() == ErrorKind::NotFound);
        for path in ["a", "", "gone.jpg"] {
            assert!(is_gone(opened(path)), "{path}");
        }
        assert!(matches!(opened("socket.jpg"), Err(Refused::NotAFile)));
        // A link that is put in the place of a folder after all was looked at is not followed.
        assert!(step_by_step(&root, Path::new("up/out.jpg")).is_err());
        assert!(step_by_step(&root, Path::new("relative.jpg")).is_err());
        // Nor is a pipe waited for.
        let pipe = root.join("pipe.jpg");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(step_by_step(&root, Path::new("pipe.jpg")).is_ok());
        assert!(matches!(opened("pipe.jpg"), Err(Refused::NotAFile)));
    }
}
