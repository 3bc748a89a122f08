//! Reads a file in PEM format that may contain a private key. Does not parse it.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::sys;

/// The size limit of a file, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// Returns the content of a file: a regular file of at most 16 MB, because a pipe or a device may
/// never end.
///
/// # Errors
///
/// Returns the predicate of a sentence about the file.
pub(super) fn read_pem_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = sys::open_without_waiting(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    check_metadata(&metadata)?;
    // The capacity suffices for a file that does not grow, so no copy of a private key is left in
    // memory.
    let mut content = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(unreadable)?;
    check_size(content.len() as u64)?;
    Ok(content)
}

/// Checks that this is a regular file of at most 16 MB.
pub(super) fn check_metadata(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("is not a regular file. Name a file in PEM format".to_owned());
    }
    check_size(metadata.len())
}

/// Checks the size of a text or a file in PEM format.
pub(super) fn check_size(size: u64) -> Result<(), String> {
    match size {
        0..=MAX_FILE => Ok(()),
        _ => Err(format!("is larger than {} MB, so it is not a file in PEM format", MAX_FILE >> 20)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn only_a_regular_file_of_limited_size_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.pem");
        std::fs::write(&path, "content").unwrap();
        assert_eq!(read_pem_file(&path).unwrap().as_slice(), b"content");
        File::create(&path).unwrap().set_len(MAX_FILE).unwrap();
        assert_eq!(read_pem_file(&path).unwrap().len() as u64, MAX_FILE);
        File::create(&path).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert!(read_pem_file(&path).unwrap_err().contains("larger than 16 MB"));
        assert!(read_pem_file(&directory.path().join("absent")).unwrap_err().contains("cannot be read"));
        for path in sys::special_files(directory.path()) {
            assert!(read_pem_file(&path).unwrap_err().contains("regular file"), "{path:?}");
        }
    }
}
