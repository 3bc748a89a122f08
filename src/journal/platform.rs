//! What the journal needs of the system beside SQLite: a new file that only its owner can read, the
//! identity of a file, and whether an open file can be removed.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::sys;
pub(super) use crate::sys::{CAN_REMOVE_OPEN_FILES, FileId, file_id};

/// Creates an empty file that only its owner can read and write, unless the file exists. SQLite
/// gives its other files the same rights.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Creates an empty file that only its owner can read and write. An existing file is an error.
pub(super) fn create_new(path: &Path) -> io::Result<()> {
    sys::private_file().write(true).create_new(true).open(path).map(drop::<File>)
}
