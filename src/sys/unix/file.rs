//! Opens files that a user names, and says who can use them.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a file for reading. Does not wait: without `O_NONBLOCK`, opening a named pipe would wait
/// for a writer.
pub(crate) fn open_without_waiting(path: &Path) -> std::io::Result<File> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Returns the mode of a file if other users can read or change the file.
#[cfg(feature = "cli")]
pub(crate) fn mode_for_others(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o066 != 0).then_some(mode)
}

/// Returns the options of a new file that only its owner can read and write.
#[cfg(feature = "journal")]
pub(crate) fn private_file() -> std::fs::OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

/// Whether a file can be removed while a process has it open, also if that process does not permit
/// it.
#[cfg(feature = "journal")]
pub(crate) const CAN_REMOVE_OPEN_FILES: bool = true;

/// The identity of an open file: another file with the same path has another one.
#[cfg(feature = "journal")]
pub(crate) type FileId = (u64, u64);

/// Returns the identity of the file that has this path now.
#[cfg(feature = "journal")]
pub(crate) fn file_id(path: &Path) -> std::io::Result<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
