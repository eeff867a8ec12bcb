//! One `assign-sets` or `merge-sets` at a time: two at once could make two sets of one name.

use std::fs::{self, File, TryLockError};

use anyhow::{Context, Result, bail};
use s3flickr::config::Folders;

/// Held while the sets of an account are changed; the system lets go when the process ends.
pub struct SetsLock(#[expect(dead_code, reason = "held, not read")] File);

impl SetsLock {
    /// Takes the lock, or says that someone else has it.
    pub fn take(folders: &Folders) -> Result<SetsLock> {
        let path = folders.data.join("organise.lock");
        fs::create_dir_all(&folders.data)
            .with_context(|| format!("cannot make {}", folders.data.display()))?;
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(SetsLock(file)),
            Err(TryLockError::WouldBlock) => {
                bail!("another assign-sets or merge-sets is at work; wait until it has ended")
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}
