//! Reads option values and files, and writes to standard output.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};

use super::error::CliError;

/// Converts an argument to text.
pub(super) fn parse_utf8(value: OsString) -> Result<String, CliError> {
    value.into_string().map_err(|value| CliError::Usage(format!("The argument {value:?} is not UTF-8.")))
}

/// Parses the numeric value of the option `--name`.
pub(super) fn parse_number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, CliError> {
    value.parse().map_err(|_| CliError::Usage(format!("--{name} cannot be {value:?}. It must be a number.")))
}

/// Returns a value, or the content of a file if the value is `@FILE`. `@@` at the beginning is a
/// literal `@`.
pub(super) fn read_value(value: &str) -> Result<String, CliError> {
    match value.strip_prefix('@') {
        None => Ok(value.to_owned()),
        Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
        Some(path) => read_file(path),
    }
}

/// Reads a text file, or standard input if the path is `-`.
pub(super) fn read_file(path: &str) -> Result<String, CliError> {
    if path == "-" {
        let mut text = String::new();
        let result = std::io::stdin().read_to_string(&mut text).map(|_| text);
        result.map_err(|error| CliError::Io(format!("Standard input cannot be read: {error}.")))
    } else {
        std::fs::read_to_string(path)
            .map_err(|error| CliError::Io(format!("The file {path:?} cannot be read: {error}.")))
    }
}

/// Prints text to standard output.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader closed the pipe (`| head`), which is not an error of this tool.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::Io(format!("Standard output cannot be written: {error}."))),
        Ok(()) => Ok(()),
    }
}
