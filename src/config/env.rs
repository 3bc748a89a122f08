//! The environment variables that a configuration reads, and the access to them. Tests replace the
//! environment by a function of their own.

use std::ffi::OsString;

use zeroize::Zeroizing;

use crate::error::Error;

/// The environment variable for the API key if the configuration has no `api_key`.
pub const API_KEY_ENV: &str = "IPLAYGAMES_API_KEY";
/// The environment variable for the base URL if the configuration has no `base_url`.
pub const BASE_URL_ENV: &str = "IPLAYGAMES_BASE_URL";
/// The environment variable for the transport if the configuration has no `transport`.
pub const TRANSPORT_ENV: &str = "IPLAYGAMES_TRANSPORT";

/// A function that returns the value of an environment variable, or None if it is not set.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Reads an environment variable for the configuration key that `field` points to. A value that is
/// not Unicode is an error, because ignoring it would select another server, key or proxy than the
/// host intended.
pub(super) fn read_environment(
    environment: Environment<'_>,
    name: &str,
    field: &str,
) -> Result<Option<Zeroizing<String>>, Error> {
    environment(name)
        .map(|value| value.into_string().map(Zeroizing::new))
        .transpose()
        .map_err(|_| Error::invalid(field, format!("The environment variable {name} is not Unicode.")))
}

/// Removes the characters that editors and shells add around a value in a file or a variable: one
/// byte order mark, and ASCII white space at both ends.
pub(crate) fn trim_outside_key(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}')
        .unwrap_or(text)
        .trim_matches(|character: char| character.is_ascii_whitespace())
}
