//! Converts an HTTP response to the JSON document for the caller, or to an error. A successful
//! response is checked and returned byte for byte, without being rebuilt.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::value::RawValue;

use super::envelope::{Envelope, without_bom};
use super::operation::{Echo, Operation, ResponseKind};
use super::refusal;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::escape::escape_controls;
use crate::http_types::{Disposition, Outcome, Response};
use crate::json;

/// The maximum number of characters that an error keeps of a body that is not JSON.
const MAX_BODY_TEXT: usize = 512;
/// The maximum number of characters that an error message takes from the API.
const MAX_MESSAGE: usize = 1024;

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
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return match operation.required {
            [] => Ok(EMPTY_SUCCESS.to_owned()),
            [pointer, ..] => {
                Err(bad_response(response, format!("The response is empty; it must contain {pointer}.")))
            }
        };
    }
    if let Some(coding) = content_coding(&response) {
        let message = format!(
            "The response has the content coding {coding:?}, although the request accepts none. Check the \
             server and the proxies in front of it."
        );
        response.body.clear();
        return Err(bad_response(response, message));
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
        ResponseError::NotJson(_) if operation.response == ResponseKind::File => Ok(file_document(response)),
        ResponseError::NotJson(reason) => {
            Err(bad_response(response, format!("The response is not JSON: {reason}.")))
        }
        ResponseError::Refused => Err(parse_failure(operation, response)),
        ResponseError::Invalid(message) => Err(bad_response(response, message)),
    }
}

/// Returns the content coding of a body, such as `gzip`; None if the body is not encoded.
fn content_coding(response: &Response) -> Option<String> {
    let coding = response.content_encoding.as_deref()?;
    let is_plain = coding
        .split(',')
        .all(|coding| matches!(coding.trim(), "") || coding.trim().eq_ignore_ascii_case("identity"));
    // The value is part of a message.
    (!is_plain).then(|| coding.trim().chars().take(64).collect())
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

/// Converts a downloaded file to a JSON document.
fn file_document(response: Response) -> String {
    let mut out = String::with_capacity(response.body.len() + 128);
    out.push_str("{\"success\":true,\"content_type\":");
    push_optional(&mut out, response.content_type.as_deref());
    out.push_str(",\"filename\":");
    push_optional(&mut out, response.content_disposition.as_deref().and_then(file_name).as_deref());
    match String::from_utf8(response.body) {
        Ok(text) => {
            out.push_str(",\"text\":");
            json::write_string(&mut out, &text);
        }
        Err(error) => {
            out.push_str(",\"base64\":\"");
            BASE64_STANDARD.encode_string(error.as_bytes(), &mut out);
            out.push('"');
        }
    }
    out.push('}');
    out
}

fn push_optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => json::write_string(out, text),
        None => out.push_str("null"),
    }
}

/// Returns the file name in a Content-Disposition header, without a path: `filename*` (RFC 8187,
/// UTF-8 only) before `filename`.
fn file_name(disposition: &str) -> Option<String> {
    let parameters: Vec<(String, &str)> = disposition
        .split(';')
        .skip(1)
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let value = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, encoded) = rest.split_once('\'')?;
        let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decoded.into_owned())
    });
    let name = extended.or_else(|| value("filename").map(|value| value.trim_matches('"').to_owned()))?;
    name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn redirect(response: Response) -> Error {
    let status = response.status;
    let mut error = with_body(Code::REDIRECT, String::new(), response);
    let inner = error.inner_mut();
    inner.message =
        format!("The server responded with a redirect (HTTP {status}), and the client follows no redirects.");
    inner.outcome = Outcome::Unknown;
    error
}

fn bad_response(response: Response, message: String) -> Error {
    let mut error = with_body(Code::BAD_RESPONSE, message, response);
    error.inner_mut().outcome = Outcome::Unknown;
    error
}

/// Creates the error for a refusal by the API, or for an error response of a server or a proxy.
fn parse_failure(operation: &Operation, mut response: Response) -> Error {
    let status = response.status;
    let coding = content_coding(&response);
    if coding.is_some() {
        // The status is enough for a code, but the body cannot be read.
        response.body.clear();
    }
    let disposition = refusal::classify(operation, &response);
    if disposition == Disposition::Contradictory {
        return bad_response(response, format!("The response (HTTP {status}) contradicts itself."));
    }
    let code = match status {
        400 => Code::BAD_REQUEST,
        401 => Code::UNAUTHORIZED,
        403 => Code::FORBIDDEN,
        404 => Code::NOT_FOUND,
        409 => Code::CONFLICT,
        422 => Code::UNPROCESSABLE,
        429 => Code::RATE_LIMITED,
        503 => Code::UNAVAILABLE,
        200..=499 => Code::API,
        500..=599 => Code::SERVER,
        _ => Code::BAD_RESPONSE,
    };
    let message = body_text(&response.body)
        .and_then(|text| string_member(text, "message").or_else(|| string_member(text, "error")))
        .unwrap_or_else(|| match coding {
            Some(coding) => format!("{} (with a body in the content coding {coding:?})", status_line(status)),
            None => status_line(status),
        });
    let mut error = with_body(code, message, response);
    let inner = error.inner_mut();
    let unclear = disposition == Disposition::Unclear;
    inner.outcome = if unclear { Outcome::Unknown } else { Outcome::Rejected };
    inner.retryable = matches!(status, 408 | 425 | 429) || (status >= 500 && unclear);
    error
}

fn status_line(status: u16) -> String {
    match http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("HTTP {status} {reason}"),
        None => format!("HTTP {status}"),
    }
}

/// Creates an error with the status, the body and the request id of the response.
fn with_body(code: Code, message: String, response: Response) -> Error {
    let mut error = Error::new(code, message);
    let inner = error.inner_mut();
    inner.http_status = Some(response.status);
    inner.body = match body_text(&response.body) {
        Some("") => ErrorBody::None,
        Some(text) => {
            match json::get(text, "").ok().and_then(|json| RawValue::from_string(json.to_owned()).ok()) {
                Some(json) => ErrorBody::Json(json),
                None => ErrorBody::Text(text.chars().take(MAX_BODY_TEXT).collect()),
            }
        }
        None => {
            ErrorBody::Text(String::from_utf8_lossy(&response.body).chars().take(MAX_BODY_TEXT).collect())
        }
    };
    inner.request_id = response.request_id;
    error
}

fn string_member(json: &str, key: &str) -> Option<String> {
    let raw = member(json, key)?;
    let text: String = serde_json::from_str(raw).ok()?;
    let text: String = text.trim_end_matches(['\r', '\n']).chars().take(MAX_MESSAGE).collect();
    // The message is shown by hosts in every language; the body keeps the characters.
    (!text.trim().is_empty()).then(|| escape_controls(&text).into_owned())
}

/// Returns the value of a member of a JSON object, as JSON.
fn member<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    json::get(json, &json::escape_token(key)).ok()
}

fn body_text(body: &[u8]) -> Option<&str> {
    std::str::from_utf8(without_bom(body)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operation::operation;

    fn response(status: u16, body: impl AsRef<[u8]>) -> Response {
        Response { status, body: body.as_ref().to_vec(), ..Response::default() }
    }

    fn parse_response(id: &str, status: u16, body: impl AsRef<[u8]>) -> Result<String, Error> {
        parse(operation(id).unwrap(), response(status, body), None)
    }

    const STARTED: &str = r#"{"success": true, "data": {"session_id": "s", "game_url": "u", "x": 0.50}}"#;

    #[test]
    fn a_success_is_returned_byte_for_byte() {
        assert_eq!(parse_response("start_a_game_session", 201, STARTED).unwrap(), STARTED);
        assert_eq!(parse_response("start_a_game_session", 200, STARTED).unwrap(), STARTED);
        assert_eq!(
            parse_response("start_a_game_session", 201, format!("\u{feff}{STARTED}")).unwrap(),
            STARTED
        );
        assert_eq!(parse_response("get_api_v1_producers", 200, "[1.10, 2]").unwrap(), "[1.10, 2]");
        assert_eq!(parse_response("end_a_game_session", 204, "").unwrap(), r#"{"success":true}"#);
        assert_eq!(parse_response("end_a_game_session", 200, " \n").unwrap(), r#"{"success":true}"#);
        assert_eq!(parse_response("list_games", 200, r#"{"data": []}"#).unwrap(), r#"{"data": []}"#);
    }

    #[test]
    fn a_response_in_a_content_coding_is_an_error_that_names_the_coding() {
        let encoded = |id: &str, status: u16, coding: &str, body: &str| {
            let content_encoding = Some(coding.to_owned());
            parse(operation(id).unwrap(), Response { content_encoding, ..response(status, body) }, None)
        };
        for (id, coding) in [
            ("start_a_game_session", "gzip"),
            ("list_games", "br"),
            ("get_api_v1_producers", "x-new"),
            ("list_games", "gzip, identity"),
            ("list_games", "GZIP"),
        ] {
            let error = encoded(id, 200, coding, STARTED).unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{error}");
            assert!(error.message().contains(coding), "{error}");
        }
        for plain in ["identity", "", " Identity ", "identity,identity"] {
            assert_eq!(encoded("start_a_game_session", 201, plain, STARTED).unwrap(), STARTED);
        }
        assert!(encoded("end_a_game_session", 204, "gzip", "").is_ok());
        // The status of an error response has a meaning of its own.
        let error = encoded("list_games", 401, "gzip", "\u{1F}").unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::UNAUTHORIZED, Outcome::Rejected));
        assert!(error.message().contains("gzip") && error.body_text().is_none(), "{error:?}");
    }

    #[test]
    fn a_2xx_response_without_a_valid_success_is_an_error() {
        for (body, code) in [
            ("", Code::BAD_RESPONSE),
            ("{", Code::BAD_RESPONSE),
            ("[]", Code::BAD_RESPONSE),
            ("<html>welcome</html>", Code::BAD_RESPONSE),
            (r#"{"success": true}"#, Code::BAD_RESPONSE),
            (r#"{"success": true, "data": {"session_id": null, "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": "true", "data": {"session_id": "s", "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": 1, "data": {"session_id": "s", "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": false, "data": {"session_id": "s", "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": false, "success": false}"#, Code::BAD_RESPONSE),
            (
                r#"{"success": true, "success": true, "data": {"session_id": "s", "game_url": "u"}}"#,
                Code::BAD_RESPONSE,
            ),
            (
                r#"{"success": true, "data": {"session_id": "s", "session_id": "s", "game_url": "u"}}"#,
                Code::BAD_RESPONSE,
            ),
            (r#"{"success": true, "data": {"session_id": "", "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": true, "data": {"session_id": " ", "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": true, "data": {"session_id": "s", "game_url": ""}}"#, Code::BAD_RESPONSE),
            (r#"{"success": true, "data": {"session_id": [], "game_url": "u"}}"#, Code::BAD_RESPONSE),
            (r#"{"success": false, "message": "no"}"#, Code::API),
            (r#"{"success": false, "data": null}"#, Code::API),
        ] {
            let error = parse_response("start_a_game_session", 201, body).unwrap_err();
            assert_eq!(error.code(), code, "{body}");
            let outcome = if code == Code::API { Outcome::Rejected } else { Outcome::Unknown };
            assert_eq!(error.outcome(), outcome, "{body}");
        }
        let utf16: Vec<u8> = STARTED.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(
            parse_response("start_a_game_session", 201, utf16).unwrap_err().code(),
            Code::BAD_RESPONSE
        );
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(parse_response("get_api_v1_producers", 200, deep).unwrap_err().code(), Code::BAD_RESPONSE);
        assert_eq!(
            parse_response("get_api_v1_producers", 200, "<html>").unwrap_err().code(),
            Code::BAD_RESPONSE
        );
    }

    #[test]
    fn control_characters_of_the_servers_message_are_escaped_and_kept_in_the_body() {
        let body = "{\"success\": false, \"message\": \"no\\n\\u001b[2J\\u202e\u{9B}\u{2028}\u{E9}\"}";
        let error = parse_response("list_games", 400, body).unwrap_err();
        let escaped = "no\\n\\u{1b}[2J\\u{202e}\\u{9b}\\u{2028}\u{E9}";
        assert_eq!(error.message(), escaped);
        assert!(error.to_string().starts_with(escaped), "{error}");
        assert_eq!(error.body_json(), Some(body));
    }

    #[test]
    fn every_status_has_its_code_outcome_and_retryability() {
        use Outcome::{Rejected, Unknown};
        for (status, body, code, outcome, retryable) in [
            (302, "", Code::REDIRECT, Unknown, false),
            (400, "{}", Code::BAD_REQUEST, Rejected, false),
            (401, "{}", Code::UNAUTHORIZED, Rejected, false),
            (403, "{}", Code::FORBIDDEN, Rejected, false),
            (404, "<html>", Code::NOT_FOUND, Rejected, false),
            (405, "", Code::API, Rejected, false),
            (408, "", Code::API, Unknown, true),
            (408, r#"{"success":false}"#, Code::API, Rejected, true),
            (409, "{}", Code::CONFLICT, Unknown, false),
            (409, r#"{"success":false}"#, Code::CONFLICT, Rejected, false),
            (409, r#"{"success":true}"#, Code::BAD_RESPONSE, Unknown, false),
            (425, "", Code::API, Rejected, true),
            (499, "", Code::API, Unknown, false),
            (422, "{}", Code::UNPROCESSABLE, Rejected, false),
            (429, "{}", Code::RATE_LIMITED, Rejected, true),
            (500, "<html>", Code::SERVER, Unknown, true),
            (502, "<html>", Code::SERVER, Unknown, true),
            (503, "<html>", Code::UNAVAILABLE, Unknown, true),
            (503, r#"{"success":false}"#, Code::UNAVAILABLE, Rejected, false),
            (500, r#"{"success":false}"#, Code::SERVER, Unknown, true),
            (504, r#"{"message":"x"}"#, Code::SERVER, Unknown, true),
            (600, "", Code::BAD_RESPONSE, Unknown, true),
        ] {
            let error = parse_response("start_a_game_session", status, body).unwrap_err();
            let seen = (error.code(), error.outcome(), error.retryable(), error.http_status());
            assert_eq!(seen, (code, outcome, retryable, Some(status)), "{status} {body}");
        }
    }

    #[test]
    fn the_error_message_is_the_message_of_the_api_if_there_is_one() {
        for (body, message) in [
            (r#"{"success":false,"message":"Session not found"}"#, "Session not found"),
            (r#"{"error":"Unauthorized","message":"Inactive API key","code":401}"#, "Inactive API key"),
            (r#"{"error":"Unauthorized","message":""}"#, "Unauthorized"),
            (r#"{"error":{"a":1},"message":7}"#, "HTTP 404 Not Found"),
            ("<html>", "HTTP 404 Not Found"),
            ("", "HTTP 404 Not Found"),
        ] {
            assert_eq!(
                parse_response("get_session_status", 404, body).unwrap_err().message(),
                message,
                "{body}"
            );
        }
        let errors = r#"{"message":"Bad.","errors":{"game_id":["The game id is required."]}}"#;
        let error = parse_response("start_a_game_session", 422, errors).unwrap_err();
        assert_eq!(error.body_json(), Some(errors));
        let page = "é".repeat(600);
        let error = parse_response("start_a_game_session", 500, &page).unwrap_err();
        assert_eq!(error.body_text().unwrap().chars().count(), 512);
        let document: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(document["error"]["body"], serde_json::Value::Null);
    }

    #[test]
    fn a_downloaded_file_becomes_a_document() {
        let id = "get_api_v1_transaction_exports_export_id_download";
        let mut csv = response(200, "a,b\n1,\"2\"\n");
        csv.content_type = Some("text/csv".into());
        csv.content_disposition = Some(r#"attachment; filename="../x/export.csv""#.into());
        assert_eq!(
            parse(operation(id).unwrap(), csv, None).unwrap(),
            r#"{"success":true,"content_type":"text/csv","filename":"export.csv","text":"a,b\n1,\"2\"\n"}"#
        );
        for (bytes, base64) in [
            (b"\xff".as_slice(), "/w=="),
            (b"\xff\xfe", "//4="),
            (b"\xff\xfe\xfd", "//79"),
            (b"\xff\xfe\xfd\x00", "//79AA=="),
        ] {
            let document: serde_json::Value =
                serde_json::from_str(&parse_response(id, 200, bytes).unwrap()).unwrap();
            assert_eq!(document["base64"], base64);
            assert_eq!(document["filename"], serde_json::Value::Null);
        }
        assert_eq!(parse_response(id, 200, r#"{"rows": []}"#).unwrap(), r#"{"rows": []}"#);
        assert_eq!(
            file_name("attachment; filename=plain.csv; filename*=UTF-8''%E2%82%AC.csv").as_deref(),
            Some("€.csv")
        );
    }

    #[test]
    fn a_session_id_may_be_a_number() {
        let text = r#"{"success": true, "data": {"session_id": 7, "game_url": "u"}}"#;
        assert_eq!(parse_response("start_a_game_session", 201, text).unwrap(), text);
    }

    #[test]
    fn a_response_for_another_id_is_a_bad_response() {
        let read_status = |id: &str| {
            let text = format!(r#"{{"success": true, "data": {{"session_id": {id}, "status": "active"}}}}"#);
            parse(operation("get_session_status").unwrap(), response(200, text), Some("a1"))
        };
        for id in ["\"a1\"", r#""\u00611""#, "null"] {
            assert!(read_status(id).is_ok(), "{id}");
        }
        for id in ["\"a2\"", "\"A1\"", "\"\"", "\"a1 \"", "1", "true", "[\"a1\"]", "{}"] {
            let error = read_status(id).unwrap_err();
            assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{id}");
            assert!(error.message().contains("session_id"), "{error}");
        }
        for row in crate::operations().iter().filter_map(|row| Some((row, row.echo?.pointer))) {
            let (row, pointer) = (row.0, row.1.trim_start_matches("/data/"));
            let text = format!(r#"{{"success": true, "data": {{"status": "s", "{pointer}": 7}}}}"#);
            assert!(parse(row, response(200, &text), Some("7")).is_ok(), "{}", row.id);
            assert_eq!(parse(row, response(200, &text), Some("8")).unwrap_err().code(), Code::BAD_RESPONSE);
        }
    }
}
