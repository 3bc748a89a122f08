//! Reads the file of an API key.

use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::error::CliError;
use crate::sys;

/// The size limit of a key file, in bytes.
const MAX_KEY_FILE: u64 = 64 << 10;

/// Reads the API key in a file, or in standard input if the path is `-`. As ssh does with a private
/// key, this function rejects a file that other users of the machine can read or change, except on
/// Windows, where `sys/windows.rs` says why not.
pub(super) fn read_key_file(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let is_stdin = path == Path::new("-");
    let name = match is_stdin {
        true => "The API key on standard input".to_owned(),
        false => format!("The key file {path:?}"),
    };
    let invalid = |problem: String| CliError::Usage(format!("{name} {problem}"));
    let unreadable = |error: std::io::Error| CliError::Io(format!("{name} cannot be read: {error}."));
    // The capacity is never exceeded, because a buffer that grows leaves copies of the key in
    // memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * MAX_KEY_FILE as usize));
    if is_stdin {
        std::io::stdin().take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = sys::open_without_waiting(path).map_err(unreadable)?;
        // Checks the open file, because the path may name another file by now.
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(invalid(
                "is not a regular file. Use \"-\" to read the key from standard input.".into(),
            ));
        }
        if let Some(mode) = sys::mode_for_others(&metadata) {
            return Err(invalid(format!(
                "can be read or changed by other users (its mode is {mode:04o}). Run: chmod 600 {}",
                path.display()
            )));
        }
        file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(invalid(format!("has more than {MAX_KEY_FILE} bytes, so it is not an API key.")));
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        invalid("is not UTF-8 text.".into())
    })
}
