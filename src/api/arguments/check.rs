//! Checks the value of an argument against its documented parameter: type, null and format.

use serde_json::value::RawValue;

use super::value::{decode_string, is_integer, is_number, is_number_text};
use crate::api::operation::{Format, Param, ParamLocation, ParamType};
use crate::error::Error;
use crate::json::escape_token;

/// Checks the value of a parameter.
pub(super) fn check(field: &Param, value: &RawValue) -> Result<(), Error> {
    let raw = value.get();
    if raw == "null" {
        // A null query parameter counts as absent and is not sent.
        let allowed = field.nullable || (field.location == ParamLocation::Query && !field.required);
        return if allowed { Ok(()) } else { Err(invalid(field, "must not be null")) };
    }
    match field.param_type {
        ParamType::String => {
            // A URL contains only text, so an id may be given as a number there.
            let in_address = matches!(field.location, ParamLocation::Path | ParamLocation::Query);
            if !(in_address && is_integer(raw)) {
                decode_string(value, field.name)?;
            }
        }
        ParamType::Integer if !is_integer(raw) => return Err(invalid(field, "must be an integer")),
        ParamType::Number if !is_number(raw) => return Err(invalid(field, "must be a number")),
        ParamType::Numeric => {
            if !is_number(raw) && !decode_string(value, field.name).is_ok_and(|text| is_number_text(&text)) {
                return Err(invalid(field, "must be a number, or a string that contains a number"));
            }
        }
        ParamType::Boolean if !matches!(raw, "true" | "false") => {
            return Err(invalid(field, "must be true or false"));
        }
        ParamType::Object if !raw.starts_with('{') => return Err(invalid(field, "must be an object")),
        ParamType::Strings => check_items(field, raw, "a list of strings", |item| {
            is_integer(item.get()) || decode_string(item, field.name).is_ok()
        })?,
        ParamType::Integers => check_items(field, raw, "a list of integers", |item| is_integer(item.get()))?,
        ParamType::Objects => {
            check_items(field, raw, "a list of objects", |item| item.get().starts_with('{'))?
        }
        ParamType::Integer | ParamType::Number | ParamType::Boolean | ParamType::Object => {}
    }
    check_format(field, value)
}

fn check_items(
    field: &Param,
    raw: &str,
    expected: &str,
    is_valid: impl Fn(&RawValue) -> bool,
) -> Result<(), Error> {
    let items = match serde_json::from_str::<Vec<&RawValue>>(raw) {
        Ok(items) => items,
        Err(_) => return Err(invalid(field, &format!("must be {expected}"))),
    };
    match items.iter().position(|item| !is_valid(item)) {
        None => Ok(()),
        Some(index) => Err(Error::invalid(
            format!("{}/{index}", escape_token(field.name)),
            format!("`{}` must be {expected}.", field.name),
        )),
    }
}

fn check_format(field: &Param, value: &RawValue) -> Result<(), Error> {
    let (matches, requirement) = match field.format {
        Format::None => return Ok(()),
        Format::ExpireDays => (field.format.matches(value.get()), "must be from 1 to 30"),
        format => {
            let requirement = match format {
                Format::Currency => "must be 3 to 10 ASCII letters or digits, such as USD",
                Format::Country => "must be a country code of two letters, such as US",
                _ => "must be an IPv4 or IPv6 address",
            };
            (format.matches(&decode_string(value, field.name)?), requirement)
        }
    };
    if matches { Ok(()) } else { Err(invalid(field, requirement)) }
}

fn invalid(field: &Param, requirement: &str) -> Error {
    Error::invalid(escape_token(field.name), format!("`{}` {requirement}.", field.name))
}
