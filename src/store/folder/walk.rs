//! The files below a folder, in the order of their names. What cannot be read is told and passed
//! over: one folder of `root`'s must not keep the rest of a collection from being listed.
//!
//! A folder that is not wanted is not even opened, which a library's walk does before it asks:
//! on a dead network mount that never returns.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::limit::Beat;
use super::{object, of_root};
use crate::store::{Error, Globs, Page, Passed};

/// Files in one page of a listing, as S3 has it.
const PAGE: usize = 1000;

/// What of a folder is wanted.
pub(super) struct Wanted {
    /// Only paths that begin with this.
    pub prefix: String,
    /// No path or folder that one of these matches.
    pub exclude: Globs,
}

impl Wanted {
    /// Whether something in this folder may be wanted.
    fn enters(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        inside.starts_with(&self.prefix) || self.prefix.starts_with(&inside)
    }

    /// Whether a link may lead to something that is wanted: a file, or a folder.
    fn follows(&self, link: &str) -> bool {
        link.starts_with(&self.prefix) || self.enters(link)
    }
}

/// Sends the files below `root` in pages; ends early when nobody listens any more.
pub(super) fn walk(
    root: &Path,
    wanted: &Wanted,
    beat: &Beat,
    sender: &mpsc::Sender<Result<Page, Error>>,
) {
    if let Err(error) = Walk::through(root, wanted, beat, sender) {
        // Nobody may listen any more.
        let _ = sender.blocking_send(Err(error));
    }
}

struct Walk<'a> {
    root: &'a Path,
    wanted: &'a Wanted,
    beat: &'a Beat,
    sender: &'a mpsc::Sender<Result<Page, Error>>,
    page: Page,
    /// The folders that are being read, from the root down, without links.
    above: Vec<PathBuf>,
    /// Whether somebody still listens.
    heard: bool,
}

impl Walk<'_> {
    fn through(
        root: &Path,
        wanted: &Wanted,
        beat: &Beat,
        sender: &mpsc::Sender<Result<Page, Error>>,
    ) -> Result<(), Error> {
        beat.at(root);
        let canonical = fs::canonicalize(root).map_err(|error| of_root(root, &error))?;
        let entries = entries(root, beat).map_err(|error| of_root(root, &error))?;
        let mut walk = Walk {
            root,
            wanted,
            beat,
            sender,
            page: Page::default(),
            above: vec![canonical],
            heard: true,
        };
        walk.all(root, entries);
        walk.send();
        Ok(())
    }

    fn all(&mut self, folder: &Path, entries: Vec<io::Result<DirEntry>>) {
        for entry in entries {
            if !self.heard {
                return;
            }
            match entry {
                Ok(entry) => self.entry(&entry),
                Err(error) => self.unreadable(folder, &error),
            }
        }
    }

    fn entry(&mut self, entry: &DirEntry) {
        let path = entry.path();
        self.beat.at(&path);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if let (true, Some(above)) = (self.enters(&path), self.above.last()) {
                    let canonical = above.join(entry.file_name());
                    self.folder(&path, canonical);
                }
            }
            Ok(kind) if kind.is_symlink() => self.link(&path),
            Ok(kind) if kind.is_file() => match entry.metadata() {
                Ok(metadata) => self.file(&path, &metadata),
                Err(error) => self.unreadable(&path, &error),
            },
            Ok(_) => self.pass(&path, Passed::NotAFile),
            Err(error) => self.unreadable(&path, &error),
        }
    }

    /// Whether to go into a folder; one that is excluded is told.
    fn enters(&mut self, path: &Path) -> bool {
        let name = self.relative(path).to_string_lossy().into_owned();
        if !self.wanted.enters(&name) {
            return false;
        }
        let excluded = self.wanted.exclude.excludes_folder(&name);
        if excluded {
            self.pass(path, Passed::Excluded);
        }
        !excluded
    }

    fn folder(&mut self, path: &Path, canonical: PathBuf) {
        match entries(path, self.beat) {
            Ok(entries) => {
                self.above.push(canonical);
                self.all(path, entries);
                self.above.pop();
            }
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// A link counts as what it leads to, as long as that lies below the root: a worker opens
    /// nothing else.
    fn link(&mut self, path: &Path) {
        let name = self.relative(path).to_string_lossy().into_owned();
        if !self.wanted.follows(&name) {
            return;
        }
        // It may be a folder: an excluded one is not even looked at.
        if self.wanted.exclude.excludes(&name) {
            return self.pass(path, Passed::Excluded);
        }
        let found = fs::canonicalize(path).and_then(|target| {
            let metadata = fs::metadata(&target)?;
            Ok((target, metadata))
        });
        let (target, metadata) = match found {
            Ok(found) => found,
            Err(error) => return self.unreadable(path, &link_error(path, &error)),
        };
        if !self
            .above
            .first()
            .is_some_and(|root| target.starts_with(root))
        {
            let target = target.display();
            let why =
                format!("the link leads to {target}, outside the folder; populate that by itself");
            self.pass(path, Passed::Unreadable(why));
        } else if !metadata.is_dir() {
            self.file(path, &metadata);
        } else if self.above.iter().any(|folder| folder.starts_with(&target)) {
            let why = "the link leads back to a folder that it is in".to_owned();
            self.pass(path, Passed::Unreadable(why));
        } else if self.enters(path) {
            self.folder(path, target);
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) {
        if !metadata.is_file() {
            return self.pass(path, Passed::NotAFile);
        }
        let name = self.relative(path).to_str().map(str::to_owned);
        let wanted = name
            .as_ref()
            .is_none_or(|name| name.starts_with(&self.wanted.prefix));
        if wanted {
            self.page.objects.push(object(name, metadata));
            self.send_if_full();
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.pass(path, Passed::Unreadable(error.to_string()));
    }

    /// Tells of something that is no file to be read, unless it is not wanted anyhow.
    fn pass(&mut self, path: &Path, why: Passed) {
        let name = self.relative(path).to_string_lossy().into_owned();
        let unwanted = !self.wanted.follows(&name)
            || (why != Passed::Excluded && self.wanted.exclude.excludes(&name));
        if !unwanted {
            self.page.passed_over.push((name, why));
            self.send_if_full();
        }
    }

    /// Every path was found from the root.
    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(self.root).unwrap_or(path)
    }

    fn send_if_full(&mut self) {
        if self.page.objects.len() + self.page.passed_over.len() >= PAGE {
            self.send();
        }
    }

    fn send(&mut self) {
        let page = std::mem::take(&mut self.page);
        self.heard = self.sender.blocking_send(Ok(page)).is_ok();
    }
}

/// The names directly in a folder, folders with a slash; a page of them at most.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok).take(PAGE);
    let name = |entry: DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let is_folder = entry.path().is_dir();
        Some(if is_folder { format!("{name}/") } else { name })
    };
    Ok(entries.filter_map(name).collect())
}

/// What is in a folder, by name. A name that cannot be read is an error among the others.
fn entries(folder: &Path, beat: &Beat) -> io::Result<Vec<io::Result<DirEntry>>> {
    // A folder of a million files takes long, and the disk answers all the while.
    let read = fs::read_dir(folder)?.inspect(|_| beat.goes_on());
    let mut entries: Vec<_> = read.collect();
    entries.sort_by_cached_key(|entry| entry.as_ref().ok().map(DirEntry::file_name));
    Ok(entries)
}

/// "No such file" of a link means what it leads to.
fn link_error(path: &Path, error: &io::Error) -> io::Error {
    match fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => io::Error::new(
            error.kind(),
            format!("the link leads to {}, which is not there", target.display()),
        ),
        _ => io::Error::new(error.kind(), error.to_string()),
    }
}
