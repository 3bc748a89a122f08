//! Converts an HTTP response to the JSON document for the caller, or to an error. A successful
//! response is checked and returned byte for byte, without being rebuilt.
//!
//! This file contains the checks of a successful response. `failure.rs` creates the errors,
//! `file.rs` converts downloaded files.

mod failure;
mod file;
#[cfg(test)]
mod tests;

use self::failure::{bad_response, content_coding, encoded_response, parse_failure, redirect};
use self::file::{file_description, file_document};
use super::envelope::{Envelope, without_bom};
use super::operation::{Echo, Operation, ResponseKind};
use crate::error::Error;
use crate::http_types::Response;
use crate::json;

/// The document for a response without a body, if the operation has no required members.
const EMPTY_SUCCESS: &str = r#"{"success":true}"#;

/// Interprets the response to an operation. `echo` is the value of the argument that the response
/// must repeat, if the operation has such an argument.
pub(crate) fn parse(operation: &Operation, response: Response, echo: Option<&str>) -> Result<String, Error> {
    match response.status {
        200..=299 => parse_success(operation, response, echo),
        300..=399 => Err(redirect(response)),
        _ => Err(parse_failure(operation, response)),
    }
}

fn parse_success(operation: &Operation, mut response: Response, echo: Option<&str>) -> Result<String, Error> {
    if operation.response == ResponseKind::File {
        check_file(operation, &response)?;
        return Ok(file_document(response));
    }
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return match operation.required {
            [] => Ok(EMPTY_SUCCESS.to_owned()),
            [pointer, ..] => {
                Err(bad_response(response, format!("The response is empty; it must contain {pointer}.")))
            }
        };
    }
    if content_coding(&response).is_some() {
        return Err(encoded_response(response));
    }
    // The bytes are checked as UTF-8 once; the caller receives this string.
    let (body, error) = match String::from_utf8(response.body) {
        Ok(mut text) => {
            let start = text.len() - without_bom(text.as_bytes()).len();
            match validate(operation, &text[start..], echo) {
                Ok(()) => {
                    text.drain(..start);
                    return Ok(text);
                }
                Err(error) => (text.into_bytes(), error),
            }
        }
        Err(error) => (error.into_bytes(), ResponseError::NotJson("not UTF-8".into())),
    };
    response.body = body;
    match error {
        ResponseError::NotJson(reason) => {
            Err(bad_response(response, format!("The response is not JSON: {reason}.")))
        }
        ResponseError::Refused => Err(parse_failure(operation, response)),
        ResponseError::Invalid(message) => Err(bad_response(response, message)),
    }
}

/// Interprets a response with a 2xx status whose body was written to a file, and returns a document
/// that describes the file. `length` is that of the body. `response` has the body if it may be an
/// error of the API.
pub(crate) fn parse_file(operation: &Operation, response: Response, length: u64) -> Result<String, Error> {
    check_file(operation, &response)?;
    Ok(file_description(&response, length))
}

/// Checks that the body of a response with a 2xx status is a whole file: any bytes, in no content
/// coding, that are neither a web page nor an error document of the API. A JSON document can be a
/// file, too.
fn check_file(operation: &Operation, response: &Response) -> Result<(), Error> {
    if !matches!(response.status, 200 | 201) {
        let message = format!("The response with HTTP status {} is not a whole file.", response.status);
        return Err(bad_response(response.clone(), message));
    }
    let media_type = response.content_type.as_deref().and_then(|value| value.split(';').next());
    if media_type.is_some_and(|name| name.trim().eq_ignore_ascii_case("text/html")) {
        let message = "The response is an HTML page and not a file.".to_owned();
        return Err(bad_response(response.clone(), message));
    }
    if content_coding(response).is_some() {
        return Err(encoded_response(response.clone()));
    }
    let text = std::str::from_utf8(without_bom(&response.body)).unwrap_or_default();
    match validate(operation, text, None) {
        Err(ResponseError::Refused) => Err(parse_failure(operation, response.clone())),
        _ => Ok(()),
    }
}

/// Why a response with a 2xx status is not a success.
enum ResponseError {
    /// The body is not JSON; contains the reason of the parser.
    NotJson(String),
    /// The envelope says that the API refused the call.
    Refused,
    /// A member is missing or has a wrong value; contains the error message.
    Invalid(String),
}

/// Checks the body of a response with a 2xx status.
fn validate(operation: &Operation, text: &str, echo: Option<&str>) -> Result<(), ResponseError> {
    if !is_object(text) {
        match json::get(text, "") {
            Ok(_) if operation.response == ResponseKind::Document => {
                return Err(ResponseError::Invalid("The response is not a JSON object.".into()));
            }
            Ok(_) => {}
            Err(json::PointerError::NotJson(reason)) => return Err(ResponseError::NotJson(reason)),
            Err(_) => return Err(ResponseError::NotJson("it is empty".into())),
        }
        return match operation.required {
            [] => Ok(()),
            [pointer, ..] => Err(ResponseError::Invalid(format!("The response has no {pointer}."))),
        };
    }
    if !json::is_within_max_depth(text) {
        return Err(ResponseError::NotJson(format!("nested deeper than {} levels", json::MAX_DEPTH)));
    }
    let pointer = operation.echo.map(|echo| echo.pointer);
    let envelope = Envelope::parse(text, operation.required, pointer)
        .map_err(|error| ResponseError::NotJson(error.to_string()))?;
    if let Some(key) = envelope.repeated {
        return Err(ResponseError::Invalid(format!("The response has the key `{key}` twice.")));
    }
    match envelope.success {
        None | Some("true") => {}
        Some("false") => return Err(ResponseError::Refused),
        Some(_) => {
            return Err(ResponseError::Invalid(
                "The member `success` of the response is neither true nor false.".into(),
            ));
        }
    }
    match operation.required.iter().enumerate().find(|(index, _)| !envelope.has(*index)) {
        None => {}
        Some((_, pointer)) => {
            return Err(ResponseError::Invalid(format!("The response has no usable {pointer}.")));
        }
    }
    match (operation.echo, envelope.echoed, echo) {
        (Some(Echo { pointer, argument, .. }), Some(raw), Some(requested)) if !repeats(raw, requested) => {
            Err(ResponseError::Invalid(format!(
                "The response is for another `{argument}`: its {pointer} differs from the requested id."
            )))
        }
        _ => Ok(()),
    }
}

/// Returns whether a JSON value repeats an argument: as a string, or as a number with the same
/// digits. Null counts as a match, because it names no other argument.
fn repeats(raw: &str, requested: &str) -> bool {
    match raw.as_bytes().first() {
        Some(b'n') => true,
        Some(b'"') => serde_json::from_str::<String>(raw).is_ok_and(|text| text == requested),
        Some(b'-' | b'0'..=b'9') => raw == requested,
        _ => false,
    }
}

fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}
