//! Reads the JSON values of arguments: the text of strings, the text of values for the URL, and the
//! kinds of numbers.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::Error;
use crate::json::escape_token;

/// Returns the text of a JSON string.
pub(super) fn decode_string<'a>(value: &'a RawValue, name: &str) -> Result<Cow<'a, str>, Error> {
    let raw = value.get();
    if !raw.starts_with('"') {
        return Err(Error::invalid(escape_token(name), format!("`{name}` must be a string.")));
    }
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
    }
    serde_json::from_str(raw).map(Cow::Owned).map_err(|error| {
        Error::invalid(escape_token(name), format!("`{name}` is not a valid string: {error}."))
    })
}

/// Returns the text of a value for a path or a query: a string decoded, a number with its digits,
/// and a Boolean as 1 or 0.
pub(super) fn scalar<'a>(value: &'a RawValue, name: &str) -> Result<Cow<'a, str>, Error> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => decode_string(value, name),
        Some(b't') => Ok(Cow::Borrowed("1")),
        Some(b'f') => Ok(Cow::Borrowed("0")),
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(raw)),
        _ => Err(Error::invalid(
            format!("/{name}"),
            format!("`{name}` must be a string, a number or a Boolean, because it is sent in the URL."),
        )),
    }
}

/// Returns whether a JSON value is an integer without an exponent.
pub(super) fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a JSON value is a number, from its first character.
pub(super) fn is_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Returns whether a text is exactly one JSON number.
pub(super) fn is_number_text(text: &str) -> bool {
    is_number(text) && !text.ends_with(char::is_whitespace) && serde_json::from_str::<&RawValue>(text).is_ok()
}
