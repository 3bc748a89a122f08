//! Reads option values, JSON objects and files, and writes to standard output.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::error::CliError;
use crate::json;
use crate::sys;

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
        Some(path) => read_file(path.as_ref()),
    }
}

/// Reads a text file, or standard input if the path is `-`.
pub(super) fn read_file(path: &Path) -> Result<String, CliError> {
    if path == Path::new("-") {
        let mut text = String::new();
        let result = std::io::stdin().read_to_string(&mut text).map(|_| text);
        result.map_err(|error| CliError::Io(format!("Standard input cannot be read: {error}.")))
    } else {
        std::fs::read_to_string(path)
            .map_err(|error| CliError::Io(format!("The file {path:?} cannot be read: {error}.")))
    }
}

/// Parses a JSON object. A key that appears twice is an error. Messages begin with `name`.
pub(super) fn parse_object(text: &str, name: &str) -> Result<Map<String, Value>, CliError> {
    let members = json::parse_object(text, name).map_err(|error| CliError::Usage(error.message))?;
    let parse = |json: &RawValue| {
        serde_json::from_str(json.get())
            .map_err(|error| CliError::Usage(format!("{name} cannot be read as JSON: {error}.")))
    };
    members.into_iter().map(|(key, json)| Ok((key.into_owned(), parse(json)?))).collect()
}

/// Prints text to standard output.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    match write_stdout(text) {
        // The reader closed the pipe (`| head`), which is not an error of this tool.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| CliError::Io(unwritable(&error))),
    }
}

/// Prints the result of a call that has changed something, which must not be lost. If it cannot be
/// printed, also because the reader closed the pipe, the error says what `summary` says.
pub(super) fn print_result(text: &str, summary: &str) -> Result<(), CliError> {
    write_stdout(text).map_err(|error| CliError::Io(format!("{} {summary}", unwritable(&error))))
}

fn write_stdout(text: &str) -> std::io::Result<()> {
    sys::check_stdout()?;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

fn unwritable(error: &std::io::Error) -> String {
    format!("Standard output cannot be written: {error}.")
}
