//! The folder of a sandbox: originals as files, and a journal of every change, one JSON line each.
//!
//! Each start writes the journal anew, as short as it can be.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use crate::sandbox::error::Error;
use crate::sandbox::state::account::Account;
use crate::sandbox::state::journal::{self, Journal};

/// The folder of a sandbox; one sandbox at a time.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    temporary: bool,
    _lock: File,
}

/// A folder of the system's temporary ones that nobody else can look into.
fn private_folder() -> Result<PathBuf, Error> {
    let made = tempfile::Builder::new()
        .prefix("s3flickr-sandbox-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir();
    let made = made.map_err(|source| Error::Folder {
        path: std::env::temp_dir(),
        source,
    })?;
    Ok(made.keep())
}

impl Home {
    /// Opens the folder and makes it where it is missing; `None` is a folder of the system's
    /// temporary ones, removed at the end.
    pub fn open(dir: Option<&Path>) -> Result<Self, Error> {
        let path = match dir {
            Some(dir) => dir.to_owned(),
            None => private_folder()?,
        };
        let folder = |source| Error::Folder {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(path.join("originals")).map_err(folder)?;
        fs::create_dir_all(path.join("previews")).map_err(folder)?;
        let lock = File::create(path.join("lock")).map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path }),
            Err(TryLockError::Error(source)) => return Err(folder(source)),
        }
        Ok(Home {
            temporary: dir.is_none(),
            _lock: lock,
            path,
        })
    }

    /// The file with the bytes of a photo as they were uploaded.
    pub fn original(&self, photo: u64) -> PathBuf {
        self.path.join("originals").join(photo.to_string())
    }

    /// The file with a smaller picture of a photo; `size` is the name of the size.
    pub fn preview(&self, photo: u64, size: &str) -> PathBuf {
        self.path
            .join("previews")
            .join(format!("{photo}_{size}.jpg"))
    }

    /// Reads the journal, writes it anew, and removes files that no photo owns.
    pub fn load(&self) -> Result<Account, Error> {
        let path = self.path.join("journal.jsonl");
        let mut account = Account::default();
        read(&path, &mut account)?;
        let folder = |source| Error::Folder {
            path: path.clone(),
            source,
        };
        rewrite(&path, &account).map_err(folder)?;
        self.sweep(&account).map_err(folder)?;
        Ok(account)
    }

    fn sweep(&self, account: &Account) -> io::Result<()> {
        let previews = self.path.join("previews");
        fs::remove_dir_all(&previews)?;
        fs::create_dir(&previews)?;
        for entry in fs::read_dir(self.path.join("originals"))? {
            let entry = entry?;
            let id = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            // Files named by a number are ours; others are not.
            if id.is_some_and(|id| account.photo(id).is_none()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Starts the task that appends to the journal.
    pub async fn journal(&self) -> Result<(Journal, JoinHandle<()>), Error> {
        let path = self.path.join("journal.jsonl");
        let opened = tokio::fs::OpenOptions::new().append(true).open(&path).await;
        let file = opened.map_err(|source| Error::Folder { path, source })?;
        Ok(journal::start(file))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Reads line by line. A last line without its end was cut off by a kill; its change was never answered.
fn read(path: &Path, account: &mut Account) -> Result<(), Error> {
    let folder = |source| Error::Folder {
        path: path.to_owned(),
        source,
    };
    let mut reader = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(folder(error)),
    };
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if reader.read_line(&mut line).map_err(folder)? == 0 || !line.ends_with('\n') {
            break;
        }
        let change = serde_json::from_str(&line).map_err(|source| Error::Journal {
            path: path.to_owned(),
            line: number,
            source,
        })?;
        account.apply(change);
    }
    Ok(())
}

fn rewrite(path: &Path, account: &Account) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut out = BufWriter::new(File::create(&fresh)?);
    for change in account.snapshot() {
        serde_json::to_writer(&mut out, &change)?;
        out.write_all(b"\n")?;
    }
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(fresh, path)
}
