//! Converts the JSON arguments of a call to a checked request: path, query and body. Arguments are
//! checked before anything is sent, and unknown arguments are refused; the members of the argument
//! `extra` are passed on unchecked. Values are sent as written: a number keeps its digits, and a
//! string keeps its escapes.
//!
//! This file contains the conversion as a whole. `check.rs` checks a value, `request_builder.rs`
//! writes the request.

mod check;
mod request_builder;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use self::check::check;
use self::request_builder::RequestBuilder;
use self::value::{decode_string, scalar};
use super::operation::{BodyKind, Operation, ParamLocation};
use crate::error::Error;
use crate::http_types::{Method, Request};
use crate::json::{self, escape_token};
use crate::nearest::nearest;

/// Checks the arguments and creates the request. Empty text means no arguments.
pub(crate) fn prepare(operation: &'static Operation, arguments: &str) -> Result<Request, Error> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
    let given = json::parse_object(arguments, "The arguments")?;
    for field in operation.params.iter().filter(|field| field.required) {
        if !given.iter().any(|(key, _)| key == field.name) {
            return Err(Error::invalid(
                escape_token(field.name),
                format!("`{}` is missing. Add it to the arguments.", field.name),
            ));
        }
    }
    let mut request = RequestBuilder::default();
    if operation.body == BodyKind::Json {
        // The body is never longer: only white space is removed.
        request.body.reserve(arguments.len() + 2);
    }
    request.write_path(operation, |name| {
        let (_, value) = given.iter().find(|(key, _)| key == name)?;
        Some(scalar(value, name))
    })?;
    for (key, value) in &given {
        match operation.param(key) {
            Some(field) => {
                check(field, value)?;
                match field.location {
                    ParamLocation::Path => {}
                    ParamLocation::Query => request.write_query(key, value)?,
                    ParamLocation::Body => request.write_body(value, |body| {
                        // The names in the table need no escapes; a test of the table checks this.
                        body.push('"');
                        body.push_str(field.name);
                        body.push('"');
                    }),
                    ParamLocation::File => request.file = Some((field.name, decode_string(value, key)?)),
                }
            }
            None if key == EXTRA => write_extra(operation, &given, value, &mut request)?,
            None => return Err(unknown_argument(operation, key)),
        }
    }
    Ok(request.finish(operation.method))
}

/// The argument for parameters that the table of operations does not have. No operation has a
/// parameter of this name; a test of the table checks this.
const EXTRA: &str = "extra";

/// Adds the members of `extra` to the query or the body, where the other arguments of the operation
/// are.
fn write_extra(
    operation: &Operation,
    given: &[(Cow<'_, str>, &RawValue)],
    extra: &RawValue,
    request: &mut RequestBuilder<'_>,
) -> Result<(), Error> {
    if extra.get() == "null" {
        return Ok(());
    }
    let members = json::parse_object(extra.get(), "`extra`").map_err(|mut error| {
        error.pointer.insert_str(0, "/extra");
        error
    })?;
    for (key, value) in &members {
        let refused = |problem: &str| {
            Err(Error::invalid(
                format!("/extra{}", escape_token(key)),
                format!("`{key}` in `extra` {problem}."),
            ))
        };
        if given.iter().any(|(name, _)| name == key) {
            return refused("is also given as an argument");
        }
        match operation.param(key).map(|field| field.location) {
            Some(ParamLocation::Path | ParamLocation::File) => {
                return refused("must be given as an argument");
            }
            _ if operation.method == Method::Get => request.write_query(key, value)?,
            _ if operation.body == BodyKind::Json => {
                request.write_body(value, |body| json::write_string(body, key));
            }
            _ => return refused("cannot be sent, because the operation has no body for it"),
        }
    }
    Ok(())
}

#[cold]
fn unknown_argument(operation: &Operation, key: &str) -> Error {
    let names = operation.params.iter().map(|field| field.name);
    let hint = match nearest(key, names) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => ". Put parameters that this library does not know into `extra`.".to_owned(),
    };
    Error::invalid(escape_token(key), format!("`{}` has the unknown argument `{key}`{hint}", operation.id))
}

/// Creates the request of an operation on one session, which has no other arguments.
pub(crate) fn prepare_on_session(operation: &'static Operation, session_id: &str) -> Result<Request, Error> {
    let mut request = RequestBuilder::default();
    request.write_path(operation, |name| (name == "session_id").then_some(Ok(Cow::Borrowed(session_id))))?;
    Ok(request.finish(operation.method))
}

/// Returns the value of the argument that the response must repeat, if the operation has such an
/// argument. The value is decoded from the path of the request, so it equals the value that is
/// sent.
pub(crate) fn echo(operation: &Operation, target: &[u8]) -> Option<String> {
    operation.echo?;
    // The search is by bytes for speed, because every call does it. A test ensures that a path with
    // an echo has only the echoed argument.
    let start = operation.path.bytes().position(|byte| byte == b'{')?;
    let value = target.get(start..)?;
    let end = value.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(value.len());
    let value = std::str::from_utf8(&value[..end]).ok()?;
    percent_decode_str(value).decode_utf8().ok().map(Cow::into_owned)
}
