//! What an error of SQLite means to the caller.

use rusqlite::ErrorCode;

use super::file::File;
use crate::queue::Error;

impl File {
    /// What a failure of SQLite means to the caller.
    pub(super) fn explain(&self, action: &'static str, error: rusqlite::Error) -> Error {
        let queue = self.location();
        let file = self.path().to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::Full { file },
            Some(ErrorCode::NotADatabase) => Error::Location {
                location: queue,
                reason: "the file is not a SQLite database".to_owned(),
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Unreachable {
                queue,
                source: error.into(),
            },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::Denied {
                action,
                queue,
                hint: "the file, or its folder, may not be written by this user".into(),
                source: error.into(),
            },
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::FileLockingProtocolFailed,
            ) => Error::Io {
                file,
                source: error.into(),
            },
            _ => Error::Other {
                action,
                queue,
                source: error.into(),
            },
        }
    }
}
