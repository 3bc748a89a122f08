//! Tests of the interpretation of responses.

use super::*;
use crate::api::operation::operation;
use crate::codes::Code;
use crate::http_types::Outcome;

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
    assert_eq!(parse_response("start_a_game_session", 201, format!("\u{feff}{STARTED}")).unwrap(), STARTED);
    assert_eq!(parse_response("get_api_v1_producers", 200, "[1.10, 2]").unwrap(), "[1.10, 2]");
    assert_eq!(parse_response("end_a_game_session", 204, "").unwrap(), r#"{"success":true}"#);
    assert_eq!(parse_response("end_a_game_session", 200, " \n").unwrap(), r#"{"success":true}"#);
    assert_eq!(parse_response("list_games", 200, r#"{"data": []}"#).unwrap(), r#"{"data": []}"#);
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
    assert_eq!(parse_response("start_a_game_session", 201, utf16).unwrap_err().code(), Code::BAD_RESPONSE);
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(parse_response("get_api_v1_producers", 200, deep).unwrap_err().code(), Code::BAD_RESPONSE);
    assert_eq!(parse_response("get_api_v1_producers", 200, "<html>").unwrap_err().code(), Code::BAD_RESPONSE);
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
        assert_eq!(parse_response("get_session_status", 404, body).unwrap_err().message(), message, "{body}");
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
    // The file is a JSON document, which must be saved byte for byte.
    for text in [r#"{"rows": []}"#, "[1,  2]", "{\"success\": true}\n", "\u{feff}{}", "", " "] {
        let document: serde_json::Value =
            serde_json::from_str(&parse_response(id, 200, text).unwrap()).unwrap();
        assert_eq!(document["text"], text);
    }
    let refused = parse_response(id, 200, r#"{"success": false, "message": "not yet"}"#).unwrap_err();
    assert!(refused.message().contains("not yet"), "{refused}");
    for status in [202, 203, 204, 205, 206, 226] {
        let error = parse_response(id, status, "a,b").unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::BAD_RESPONSE, Outcome::Unknown), "{status}");
        assert!(error.message().contains(&status.to_string()), "{error}");
    }
    let mut page = response(200, "<p>Log in</p>");
    page.content_type = Some("Text/HTML; charset=utf-8".into());
    let error = parse(operation(id).unwrap(), page, None).unwrap_err();
    assert!(error.message().contains("an HTML page"), "{error}");
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
fn control_characters_of_the_servers_message_are_escaped_and_kept_in_the_body() {
    let body = "{\"success\": false, \"message\": \"no\\n\\u001b[2J\\u202e\u{9B}\u{2028}\u{E9}\"}";
    let error = parse_response("list_games", 400, body).unwrap_err();
    let escaped = "no\\n\\u{1b}[2J\\u{202e}\\u{9b}\\u{2028}\u{E9}";
    assert_eq!(error.message(), escaped);
    assert!(error.to_string().starts_with(escaped), "{error}");
    assert_eq!(error.body_json(), Some(body));
}
