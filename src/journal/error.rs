//! The errors of a journal, with the advice that belongs to each error of SQLite.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::codes::Code;
use crate::error::Error;

/// Why a journal cannot be written or read.
#[derive(Clone, Debug)]
pub(crate) struct JournalError {
    /// A complete sentence that names the file, and what to do.
    pub(crate) message: String,
    /// Whether the same write may succeed later.
    pub(crate) is_transient: bool,
    pub(super) is_busy: bool,
}

impl JournalError {
    #[cold]
    pub(super) fn new(path: &Path, cause: &dyn std::fmt::Display, advice: &str) -> JournalError {
        JournalError {
            message: format!("The journal {path:?} cannot be used: {cause}. {advice}"),
            is_transient: false,
            is_busy: false,
        }
    }

    /// Converts an error of the system.
    #[cold]
    pub(super) fn of_io(path: &Path, error: &std::io::Error) -> JournalError {
        JournalError::new(path, error, "Check its folder and the rights of the file.")
    }

    /// Converts an error of SQLite.
    #[cold]
    pub(super) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> JournalError {
        let code = error.sqlite_error_code();
        let advice = match code {
            Some(ErrorCode::DiskFull) => "Free space on its disk.",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "Another program has locked it. Wait until that program has finished."
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                "`iplaygames journal recover` saves what can be read. Use a new file."
            }
            _ => "Check its disk, its folder and the rights of the file.",
        };
        JournalError {
            is_transient: matches!(
                code,
                Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            is_busy: matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)),
            ..JournalError::new(path, error, advice)
        }
    }
}

impl From<JournalError> for Error {
    #[cold]
    fn from(journal_error: JournalError) -> Error {
        let mut error = Error::new(Code::JOURNAL, journal_error.message);
        error.inner_mut().retryable = journal_error.is_transient;
        error
    }
}
